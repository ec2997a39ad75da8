package hubset

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"olmoeval/internal/fetch/hub"
	"olmoeval/internal/fetch/web"
)

var ctx = context.Background()

// fetchAll selects and downloads, and returns the contents by name.
func fetchAll(c *hub.Client, w Want) (commit string, contents []string, err error) {
	s, files, err := Select(ctx, c, w)
	if err != nil {
		return "", nil, err
	}
	for _, name := range files {
		path, err := c.File(ctx, s, name)
		if err != nil {
			return "", nil, err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return "", nil, err
		}
		contents = append(contents, name+"="+string(raw))
	}
	return s.Commit, contents, nil
}

const cardText = "---\nlicense: mit\nconfigs:\n- config_name: main\n  default: true\n  data_files:\n  - split: train\n    path: m/learn-*\n  - split: test\n    path: [m/exam.jsonl]\n- config_name: other\n  data_dir: o\n---\n# text\n"

func TestSelect(t *testing.T) {
	f := newFake(t)
	f.add("org/conv", map[string]string{
		"train.jsonl": "source", "convert:default/train/0000.parquet": "A", "convert:default/train/0001.parquet": "B",
		"convert:default/test/0000.parquet": "T", "convert:other/test/0000.parquet": "O",
	})
	f.add("org/cut", map[string]string{"train.jsonl": "source", "convert:default/partial-train/0000.parquet": "A"})
	f.add("org/gap", map[string]string{"convert:default/train/0000.parquet": "A", "convert:default/train/0002.parquet": "C"})
	f.add("org/many", map[string]string{"convert:a/test/0000.parquet": "A", "convert:b/test/0000.parquet": "B"})
	f.add("org/card", map[string]string{"README.md": cardText, "m/learn-1.jsonl": "1", "m/learn-2.jsonl": "2", "m/exam.jsonl": "X", "o/dev.jsonl": "D", "extra/train.jsonl": "E"})
	f.add("org/names", map[string]string{"README.md": "no header", "easy/test.jsonl": "E", "hard/test.jsonl": "H", "easy/train.jsonl": "L", "script.py": ""})
	f.add("org/one", map[string]string{"rows.jsonl": "R"})
	f.add("org/two", map[string]string{"a.jsonl": "A", "b.jsonl": "B"})
	f.add("org/odd", map[string]string{"some dir/ü+1.jsonl": "U"})
	f.add("org/word", map[string]string{"convert:default/test/0000.parquet": "W"})
	f.moved["word"] = "org/word"
	for _, c := range []struct {
		want  Want
		files string
		err   string
	}{
		{Want{ID: "org/conv", Split: "train"}, "default/train/0000.parquet=A default/train/0001.parquet=B", ""},
		{Want{ID: "org/conv", Split: "test", Subset: "other"}, "other/test/0000.parquet=O", ""},
		{Want{ID: "org/conv", Split: "test", Subset: "othr"}, "", `no subset "othr"; did you mean "other"?; there are default, other`},
		{Want{ID: "org/conv", Split: "tets"}, "", `no split "tets"; did you mean "test"?; there are test, train`},
		{Want{ID: "org/conv", Split: "train", Revision: "main"}, "train.jsonl=source", ""},
		{Want{ID: "org/conv", Split: "train", Revision: convertBranch}, "default/train/0000.parquet=A default/train/0001.parquet=B", ""},
		{Want{ID: "org/conv", Split: "test", Revision: convertCommit}, "default/test/0000.parquet=T", ""},
		{Want{ID: "org/conv", Split: "test", Revision: "nope"}, "", `no such revision "nope" of ` + f.hub.URL + "/datasets/org/conv"},
		{Want{ID: "org/cut", Split: "train"}, "train.jsonl=source", ""},
		{Want{ID: "org/gap", Split: "train"}, "", "the conversion lacks a file before default/train/0002.parquet"},
		{Want{ID: "org/many", Split: "test"}, "", "several subsets, choose one: a, b"},
		{Want{ID: "org/card", Split: "train"}, "m/learn-1.jsonl=1 m/learn-2.jsonl=2", ""},
		{Want{ID: "org/card", Split: "test"}, "m/exam.jsonl=X", ""},
		{Want{ID: "org/card", Split: "validation"}, "", `no split "validation"; there are train, test`},
		{Want{ID: "org/card", Split: "validation", Subset: "other"}, "o/dev.jsonl=D", ""},
		{Want{ID: "org/names", Split: "test"}, "", `split "test" could be any of easy/test.jsonl, hard/test.jsonl`},
		{Want{ID: "org/names", Split: "test", Subset: "easy"}, "easy/test.jsonl=E", ""},
		{Want{ID: "org/names", Split: "validation", Subset: "easy"}, "", `no file is of split "validation"; there are easy/test.jsonl, easy/train.jsonl`},
		{Want{ID: "org/names", Split: "train", DataFiles: "hard/test.jsonl"}, "hard/test.jsonl=H", ""},
		{Want{ID: "org/names", Split: "test", DataFiles: "easy/*.jsonl"}, "easy/test.jsonl=E", ""},
		{Want{ID: "org/names", Split: "train", DataFiles: "hard/tset.jsonl"}, "", `no file "hard/tset.jsonl"; did you mean "hard/test.jsonl"?`},
		{Want{ID: "org/names", Split: "train", DataFiles: "script.py"}, "", "script.py is not a file of rows"},
		{Want{ID: "org/one", Split: "train"}, "rows.jsonl=R", ""},
		{Want{ID: "org/one", Split: "test"}, "", `no split "test": the files tell no splits`},
		{Want{ID: "org/two", Split: "train"}, "", `split "train" could be any of a.jsonl, b.jsonl`},
		{Want{ID: "org/odd", Split: "train"}, "some dir/ü+1.jsonl=U", ""},
		{Want{ID: "word", Split: "test"}, "default/test/0000.parquet=W", ""},
		{Want{ID: "org/none", Split: "test"}, "", "no such data set, or it is private: check the name at"},
	} {
		_, got, err := fetchAll(f.client(t), c.want)
		if c.err != "" {
			if err == nil || !strings.HasPrefix(err.Error(), c.err) {
				t.Errorf("%+v: error %v, want %s", c.want, err, c.err)
			}
		} else if err != nil || strings.Join(got, " ") != c.files {
			t.Errorf("%+v: got %q, %v, want %s", c.want, got, err, c.files)
		}
	}
	if f.leaked {
		t.Error("a token went to another server")
	}
}

func TestGated(t *testing.T) {
	f := newFake(t)
	f.add("org/gated", map[string]string{"test.jsonl": "G"}).gated = true
	for token, want := range map[string]string{
		"":     "access refused (401): ask for access at " + f.hub.URL + "/datasets/org/gated, then set HF_TOKEN",
		"bad":  "access refused to the token of HF_TOKEN (403): ask for access at",
		"good": "",
	} {
		c := f.client(t)
		c.Token = token
		_, got, err := fetchAll(c, Want{ID: "org/gated", Split: "test"})
		switch {
		case want == "" && (err != nil || strings.Join(got, "") != "test.jsonl=G"):
			t.Errorf("with a token: %v, %v", got, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("token %q: %v", token, err)
		case err != nil && token != "" && strings.Contains(err.Error(), "Bearer"):
			t.Errorf("the token is in %v", err)
		}
	}
	if f.leaked {
		t.Error("the token went to another server")
	}
}

// The cache is Hugging Face's: blobs by digest, links named as the files,
// revisions by name; and it serves without the hub.
func TestCacheAndOffline(t *testing.T) {
	f := newFake(t)
	f.add("org/name", map[string]string{"README.md": cardText, "m/learn-1.jsonl": "one", "m/exam.jsonl": "exam"})
	f.moved["old"] = "org/name"
	c := f.client(t)
	commit, first, err := fetchAll(c, Want{ID: "old", Split: "train"})
	if err != nil {
		t.Fatal(err)
	}
	f.asked()
	root := filepath.Join(c.Dir, "datasets--org--name")
	link := filepath.Join(root, "snapshots", commit, "m", "learn-1.jsonl")
	if to, err := os.Readlink(link); err != nil || !strings.HasPrefix(to, "../../../blobs/") {
		t.Errorf("link %q, %v", to, err)
	}
	if ref, err := os.ReadFile(filepath.Join(root, "refs", "main")); err != nil || string(ref) != mainCommit {
		t.Errorf("ref %q, %v", ref, err)
	}
	again := func(name string, change func(*hub.Client), want Want, wantErr string) {
		t.Helper()
		o := *c
		change(&o)
		_, got, err := fetchAll(&o, want)
		if wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), wantErr) {
				t.Errorf("%s: error %v", name, err)
			}
		} else if err != nil || strings.Join(got, " ") != strings.Join(first, " ") {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	offline := func(o *hub.Client) { o.Offline = true }
	again("offline", offline, Want{ID: "org/name", Split: "train"}, "")
	again("offline, old name", offline, Want{ID: "old", Split: "train"}, "")
	again("offline, commit", offline, Want{ID: "org/name", Split: "train", Revision: mainCommit}, "")
	again("offline, not there", offline, Want{ID: "org/name", Split: "test"}, "m/exam.jsonl is not in the Hugging Face cache")
	again("offline, unknown", offline, Want{ID: "org/else", Split: "test"}, "not in the Hugging Face cache")
	again("offline, other tool's cache", func(o *hub.Client) { o.Offline, o.Listings = true, "" }, Want{ID: "org/name", Split: "train", DataFiles: "m/learn-1.jsonl"}, "")
	again("pinned", func(*hub.Client) {}, Want{ID: "org/name", Split: "train", Revision: mainCommit}, "")
	if asked := f.asked(); len(asked) > 0 {
		t.Errorf("asked %v", asked)
	}
	f.hub.Close()
	again("hub away", func(*hub.Client) {}, Want{ID: "org/name", Split: "train"}, "")
	again("hub away, unknown", func(*hub.Client) {}, Want{ID: "org/else", Split: "train"}, "connection refused")
}

func TestResumeAndChecksum(t *testing.T) {
	f := newFake(t)
	content := strings.Repeat("rows and rows\n", 1000)
	f.add("org/big", map[string]string{"train.jsonl": content})
	f.cuts = []int{5000, 5000}
	c := f.client(t)
	_, got, err := fetchAll(c, Want{ID: "org/big", Split: "train"})
	if err != nil || got[0] != "train.jsonl="+content {
		t.Fatalf("%d bytes, %v", len(strings.Join(got, "")), err)
	}
	var ranges []string
	for _, a := range f.asked() {
		if rest, ok := strings.CutPrefix(a, "CONTENT train.jsonl "); ok {
			ranges = append(ranges, rest)
		}
	}
	if strings.Join(ranges, ",") != ",bytes=5000-,bytes=5000-" && strings.Join(ranges, ",") != ",bytes=5000-,bytes=10000-" {
		t.Errorf("ranges %v", ranges)
	}
	f.spoil = true
	c = f.client(t)
	_, _, err = fetchAll(c, Want{ID: "org/big", Split: "train"})
	if err == nil || !strings.HasPrefix(err.Error(), "train.jsonl: download broken: sha256 is ") {
		t.Errorf("spoiled: %v", err)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("a signed address is in %v", err)
	}
	if files, _ := filepath.Glob(filepath.Join(c.Dir, "*", "snapshots", "*", "*")); len(files) > 0 {
		t.Errorf("a spoiled file is in place: %v", files)
	}
}

func TestRetries(t *testing.T) {
	f := newFake(t)
	f.add("org/x", map[string]string{"train.jsonl": "x"})
	f.hub.Close()
	_, err := f.client(t).Snapshot(ctx, "org/x", "")
	if !web.Unreachable(err) || errors.Is(err, hub.ErrNoRevision) {
		t.Errorf("got %v", err)
	}
}

func FuzzCard(f *testing.F) {
	f.Add([]byte(cardText))
	f.Add([]byte("---\nconfigs:\n- data_files: {train: [a, b], test: c}\n---"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if configs, err := parseCard(raw); err == nil && len(configs) > 0 {
			_, _ = fromCard(configs, []string{"a.jsonl", "m/exam.jsonl"}, Want{Split: "test"})
		}
	})
}
