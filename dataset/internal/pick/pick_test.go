package pick

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name  string
		files string
		want  string
		got   string // files, or ! and the beginning of an error
	}{
		{"own name", "test.jsonl train.jsonl README.md", "test", "test.jsonl"},
		{"shards", "data/train-00001-of-00002.parquet data/train-00000-of-00002.parquet data/test-00000-of-00001.parquet", "train", "data/train-00000-of-00002.parquet data/train-00001-of-00002.parquet"},
		{"a shard is missing", "train-00000-of-00003.parquet train-00002-of-00003.parquet", "train", "!train*-of-00003: 2 of 3 shards"},
		{"numbered", "train_1.jsonl train_2.jsonl test_1.jsonl", "train", "train_1.jsonl train_2.jsonl"},
		{"directory", "train/a.jsonl train/b.jsonl test/a.jsonl", "train", "train/a.jsonl train/b.jsonl"},
		{"name before directory", "test/train.jsonl test/test.jsonl", "test", "test/test.jsonl"},
		{"another word", "dev.jsonl train.jsonl", "validation", "dev.jsonl"},
		{"own word first", "dev.jsonl val.jsonl validation.jsonl", "validation", "validation.jsonl"},
		{"two other words", "dev.jsonl val.jsonl", "validation", "!split \"validation\" could be any of dev.jsonl, val.jsonl"},
		{"part of a word", "contest.jsonl train.jsonl", "test", "!no file is of split \"test\"; there are contest.jsonl, train.jsonl"},
		{"longer name loses", "auxiliary_train.csv train.csv", "train", "train.csv"},
		{"longer name", "auxiliary_train.csv train.csv", "auxiliary_train", "auxiliary_train.csv"},
		{"two longer names", "easy_test.csv hard_test.csv", "test", "!split \"test\" could be any of easy_test.csv, hard_test.csv"},
		{"two formats", "test.csv test.parquet", "test", "!split \"test\" could be any of"},
		{"two subsets", "en/test.jsonl fr/test.jsonl", "test", "!split \"test\" could be any of en/test.jsonl, fr/test.jsonl"},
		{"both in one", "train_test.jsonl", "test", "!split \"test\" could be any of train_test.jsonl"},
		{"none for it", "train.jsonl test.jsonl", "validation", "!no file is of split"},
		{"only another", "train.jsonl", "test", "!no file is of split"},
		{"untold", "b.jsonl a.jsonl", "test", "a.jsonl b.jsonl"},
		{"untold formats", "b.csv a.jsonl", "test", "!files of several formats"},
		{"version", "v0.1.2.jsonl v0.1.3.jsonl", "v0.1.2", "v0.1.2.jsonl"},
		{"hidden", ".git/test.jsonl .test.jsonl a.jsonl.gz dataset_infos.json", "test", "a.jsonl.gz"},
		{"nothing", "README.md a.txt", "test", "!no files of rows for split"},
		{"capitals", "MyData_Train.jsonl MyData_Test.jsonl", "test", "MyData_Test.jsonl"},
	} {
		got, err := Split(strings.Fields(c.files), c.want, OneFormat)
		text := strings.Join(got, " ")
		if err != nil {
			text = "!" + err.Error()
		}
		if err == nil && text != c.got || err != nil && (c.got[0] != '!' || !strings.HasPrefix(text, c.got)) {
			t.Errorf("%s: got %s, want %s", c.name, text, c.got)
		}
	}
	_, err := Split([]string{"a/test.csv", "b/test.csv"}, "test", OneFormat)
	var ambiguous *Ambiguous
	if !errors.As(err, &ambiguous) || !slices.Equal(ambiguous.Candidates, []string{"a/test.csv", "b/test.csv"}) {
		t.Errorf("got %v", err)
	}
}

func TestMatching(t *testing.T) {
	files := strings.Fields("d/train.jsonl d/test.jsonl d/deep/val_1.jsonl d/deep/val_2.jsonl d/x.txt")
	for pattern, want := range map[string]string{
		"d/*.jsonl":         "d/test.jsonl",
		"d/t*n.jsonl":       "d/train.jsonl", // names one split: the pattern decides
		"d/**/val_?.jsonl":  "d/deep/val_1.jsonl d/deep/val_2.jsonl",
		"d/deep/val_[12].*": "d/deep/val_1.jsonl d/deep/val_2.jsonl",
		"**":                "d/test.jsonl",
		"e/*":               "!no file matches e/*; there are d/deep/val_1.jsonl",
		"d/[a":              "!pattern \"d/[a\": [ without ]",
	} {
		got, err := Matching(files, pattern, "test")
		text := strings.Join(got, " ")
		if err != nil {
			text = "!" + err.Error()
		}
		if !strings.HasPrefix(text, want) {
			t.Errorf("%s: got %s, want %s", pattern, text, want)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, yes, no string
	}{
		{"a*c", "ac abc", "abcd a/c"},
		{"**/x", "x a/x a/b/x", "ax a/xb"},
		{"a/**", "a/b a/b/c", "b/a"},
		{"a?c", "abc a.c", "ac a/c"},
		{"[!a]b", "bb", "ab"},
		{"a.b+(c)", "a.b+(c)", "aab+(c)"},
	} {
		match, err := Glob(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range strings.Fields(c.yes) {
			if !match(s) {
				t.Errorf("%s does not match %s", c.pattern, s)
			}
		}
		for _, s := range strings.Fields(c.no) {
			if match(s) {
				t.Errorf("%s matches %s", c.pattern, s)
			}
		}
	}
	if got := Root("a/b*/c"); got != "a/" {
		t.Errorf("root %q", got)
	}
}

func FuzzGlob(f *testing.F) {
	f.Add("a/**/[b-c]?*", "a/x/b1")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if match, err := Glob(pattern); err == nil {
			match(name)
		}
	})
}
