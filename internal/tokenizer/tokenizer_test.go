package tokenizer

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

var update = flag.Bool("update", false, "write testdata/golden.json anew from the oracle")

// golden are the oracle's answers to a few texts a fixture.
type golden struct {
	Fixture string     `json:"fixture"`
	Texts   []string   `json:"texts"`
	Want    []expected `json:"want"`
}

// TestGolden holds the recorded answers, for machines without node.
func TestGolden(t *testing.T) {
	file := filepath.Join("testdata", "golden.json")
	all := fixtures(t)
	if *update {
		dir := npmDir(t, "@huggingface/tokenizers")
		var out []golden
		for i, f := range all {
			var few []string
			for _, s := range oracleTexts(t, &f, uint64(i)+100, 120) {
				if len(s) < 120 && utf8.ValidString(s) && len(few) < 40 {
					few = append(few, s)
				}
			}
			out = append(out, golden{f.name, few, ask(t, dir, &f, few)})
		}
		b, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var saved []golden
	if err := json.Unmarshal(b, &saved); err != nil {
		t.Fatal(err)
	}
	if len(saved) != len(all) {
		t.Fatalf("%d fixtures recorded, want %d: run with -update", len(saved), len(all))
	}
	for i, g := range saved {
		tok := all[i].open(t)
		for k := range g.Texts {
			if msg := differ(tok, g.Texts[k], &g.Want[k]); msg != "" {
				t.Errorf("%s: %q: %.1000s", g.Fixture, g.Texts[k], msg)
			}
		}
	}
}

// TestScanners holds the scanning by hand to the regular expressions.
func TestScanners(t *testing.T) {
	for source, scan := range scanners {
		slow, err := newSlowRegexp(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range append(texts(5, 1000, []string{"ſ", "'ſ", "'Re", "\r\n \r"}), "'ſa", "'") {
			s = lossy([]byte(s))
			var want, got []string
			if err := slow.each(newJob(len(s)), s, func(i, j int) { want = append(want, s[i:j]) }); err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(s); {
				j := scan(s, i)
				got = append(got, s[i:j])
				i = j
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%q by %.20q…:\n%q\nwant\n%q", s, source, got, want)
			}
		}
	}
}

// TestOffsets checks that tokens cover the text in order, and each its own
// bytes.
func TestOffsets(t *testing.T) {
	for i, f := range fixtures(t) {
		tok := f.open(t)
		for _, s := range texts(uint64(i), 300, f.specials) {
			ids, err := tok.Encode(s, true)
			if err != nil {
				t.Fatal(err)
			}
			tokens, err := tok.Offsets(s, true)
			if err != nil {
				t.Fatal(err)
			}
			if len(tokens) != len(ids) {
				t.Fatalf("%s: %q: %d tokens with offsets, %d without", f.name, s, len(tokens), len(ids))
			}
			last := 0
			for k, tk := range tokens {
				if tk.ID != ids[k] || tk.From > tk.To || tk.From < 0 || tk.To > len(s) || tk.To < last {
					t.Fatalf("%s: %q: token %d is %+v, want id %d after byte %d", f.name, s, k, tk, ids[k], last)
				}
				last = tk.To
				// Byte-level models without a normalizer keep every byte.
				text := tok.Token(tk.ID)
				if f.name == "llama3" && utf8.ValidString(s) && tk.To > tk.From && s[tk.From:tk.To] != text {
					t.Fatalf("%s: %q: token %d %+v covers %q, want %q", f.name, s, k, tk, s[tk.From:tk.To], text)
				}
			}
			if f.name != "gpt2-prefix" && strings.TrimSpace(s) != "" && last != len(s) {
				t.Fatalf("%s: %q: tokens end at byte %d of %d", f.name, s, last, len(s))
			}
		}
	}
}

func TestSpecials(t *testing.T) {
	all := fixtures(t)
	llama3 := all[2].open(t)
	bos, ok := llama3.BOS()
	if before, after := llama3.Around(); !ok || bos.Text != "<|begin_of_text|>" || !slices.Equal(before, []int{bos.ID}) || after != nil {
		t.Errorf("BOS %+v %v, around %v %v", bos, ok, before, after)
	}
	if _, ok := llama3.EOS(); ok || llama3.AddBOSToken() {
		t.Error("llama3 has no EOS here and no add_bos_token")
	}
	b := all[7].json(t) // llama2
	for config, want := range map[string][2][]int{
		`{"tokenizer_class":"LlamaTokenizer","bos_token":"<s>","eos_token":{"content":"</s>"},"add_bos_token":false,"add_eos_token":true}`: {nil, {2}},
		`{"tokenizer_class":"LlamaTokenizer","bos_token":"<s>"}`:                                                                           {{1}, nil},
		`{"bos_token":"<s>","add_bos_token":false}`:                                                                                        {{1}, nil}, // the class does not heed it
	} {
		tok, err := Parse(b, []byte(config))
		if err != nil {
			t.Fatal(err)
		}
		if before, after := tok.Around(); !slices.Equal(before, want[0]) || !slices.Equal(after, want[1]) {
			t.Errorf("%s: around %v %v, want %v", config, before, after, want)
		}
	}
	if s := llama3.Token(-1) + llama3.Token(1<<30); s != "" {
		t.Errorf("no such id: %q", s)
	}
	if _, err := llama3.Decode([]int{1 << 30}, false); err == nil {
		t.Error("decoded an id that is not there")
	}
}

// TestLongS: without regard to case, s is also ſ, as in the expressions' own
// engine; the oracle folds ASCII only.
func TestLongS(t *testing.T) {
	if n := contraction("ſx", true); n != len("ſ") {
		t.Errorf("'ſ: %d bytes", n)
	}
	if n := contraction("ſx", false); n != 0 {
		t.Errorf("'ſ with regard to case: %d bytes", n)
	}
}

func TestBoundary(t *testing.T) {
	llama3 := fixtures(t)[2].open(t)
	text := func(ids []int) string {
		s, err := llama3.Decode(ids, false)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, c := range []struct{ context, continuation, want, tail string }{
		{"The answer is", " Paris", "The answer is", " Paris"},
		{"The answer is \n", "Paris", "The answer is", " \nParis"},
		{"", "Paris", "<|begin_of_text|>", "Paris"},
		{"   ", "Paris", "", "   Paris"},
		{"The answer is", "", "The answer is", ""},
	} {
		got, err := llama3.Boundary(c.context, c.continuation)
		if err != nil {
			t.Fatal(err)
		}
		if text(got.Context) != c.want || text(got.Continuation) != c.tail {
			t.Errorf("%q + %q: %q and %q, want %q and %q", c.context, c.continuation, text(got.Context), text(got.Continuation), c.want, c.tail)
		}
	}
}

func TestLint(t *testing.T) {
	all := fixtures(t)
	llama3, qwen := all[2].open(t), all[3].open(t)
	for _, c := range []struct {
		tok  *Tokenizer
		text string
		want string
	}{
		{llama3, "<|begin_of_text|>hi", "adds another"},
		{llama3, "<|begin_of_text|><|begin_of_text|>hi", "twice"},
		{llama3, "hi", "no BOS"},
		{qwen, "<|im_start|>hi", ""},
	} {
		got := strings.Join(Lint(c.tok, c.text), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestOpen(t *testing.T) {
	f := fixtures(t)[2]
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "has no tokenizer.json") {
		t.Errorf("empty folder: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "nope")); err == nil {
		t.Error("no folder: no error")
	}
	write("tokenizer.json", string(f.json(t)))
	write("tokenizer_config.json", `{"chat_template":[{"name":"default","template":"D"},{"name":"tool_use","template":"T"}],
		"model_max_length":1000000000000000019884624838656,"added_tokens_decoder":{"5000":{"content":"<extra>","special":true}}}`)
	write("special_tokens_map.json", `{"bos_token":{"content":"<|begin_of_text|>"},"eos_token":null}`)
	tok, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"default": "D", "tool_use": "T"}, tok.ChatTemplates()); diff != "" {
		t.Error(diff)
	}
	if ids, err := tok.Encode("a<extra>", false); err != nil || !slices.Contains(ids, 5000) {
		t.Errorf("added_tokens_decoder: %v, %v", ids, err)
	}
	if bos, ok := tok.BOS(); !ok || bos.Text != "<|begin_of_text|>" {
		t.Errorf("special_tokens_map.json: %+v %v", bos, ok)
	}
	write("chat_template.jinja", "J")
	write("additional_chat_templates/rag.jinja", "R")
	if tok, err = Open(filepath.Join(dir, "tokenizer.json")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"default": "J", "tool_use": "T", "rag": "R"}, tok.ChatTemplates()); diff != "" {
		t.Error(diff)
	}
	write("tokenizer_config.json", `{"bos_token": 3}`)
	if _, err = Open(dir); err == nil || !strings.Contains(err.Error(), "tokenizer_config.json") {
		t.Errorf("broken configuration: %v", err)
	}
}

// TestRefusals: what is not supported is named.
func TestRefusals(t *testing.T) {
	model := `"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]}`
	for text, want := range map[string]string{
		`{}`: "has no model",
		`{"model":{"type":"Magic","vocab":{"a":0}}}`:                                                              `model "Magic"`,
		`{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}`:                                               "merge 0",
		`{"model":{"type":"BPE","vocab":{"a":0},"merges":["ab"]}}`:                                                "is not two tokens",
		`{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}}`:                                                   "id -1",
		`{"model":{"type":"BPE","vocab":{"a":99999999},"merges":[]}}`:                                             "id 99999999",
		`{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}}`:                                      "dropout 0.1",
		`{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"u"}}`:                                    `unk_token "u"`,
		`{"model":{"type":"Unigram","vocab":[["a",-1]],"unk_id":1}}`:                                              "unk_id 1",
		`{"normalizer":{"type":"Precompiled","precompiled_charsmap":""},` + model + `}`:                           `normalizer "Precompiled"`,
		`{"pre_tokenizer":{"type":"UnicodeScripts"},` + model + `}`:                                               `pre-tokenizer "UnicodeScripts"`,
		`{"pre_tokenizer":{"type":"Split","pattern":{},"behavior":"Isolated"},` + model + `}`:                     "either String or Regex",
		`{"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(a"},"behavior":"Removed"},` + model + `}`:          "without an end",
		`{"pre_tokenizer":{"type":"Split","pattern":{"Regex":"[a&&b]"},"behavior":"Removed"},` + model + `}`:      "&&",
		`{"pre_tokenizer":{"type":"Split","pattern":{"String":"a"},"behavior":"Odd"},` + model + `}`:              `behavior "Odd"`,
		`{"post_processor":{"type":"Odd"},` + model + `}`:                                                         `post-processor "Odd"`,
		`{"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}}]},` + model + `}`: `lacks "<s>"`,
		`{"decoder":{"type":"CTC"},` + model + `}`:                                                                `decoder "CTC"`,
		`{"added_tokens":[{"id":-4,"content":"x"}],` + model + `}`:                                                "id -4",
	} {
		if _, err := Parse([]byte(text), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestAddedTokens covers stripping, single words and normalized tokens.
func TestAddedTokens(t *testing.T) {
	tok, err := Parse([]byte(`{"added_tokens":[
		{"id":10,"content":"<l>","lstrip":true},{"id":11,"content":"<r>","rstrip":true},{"id":12,"content":"w","single_word":true},
		{"id":13,"content":"<NORM>","normalized":true},{"id":14,"content":"<l><r>"}],
		"normalizer":{"type":"Lowercase"},
		"model":{"type":"BPE","vocab":{"a":0,"b":1," ":2,"w":3,"?":4},"merges":[],"unk_token":"?"}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]int{
		"a  <l> b": {0, 10, 2, 1}, "a <r>  b": {0, 2, 11, 1}, "<l><r>": {14}, "<r> <l>": {11, 10},
		"w a": {12, 2, 0}, "aw wa": {0, 3, 2, 3, 0}, "a<norm>b<Norm>": {0, 13, 1, 13}, "A\u00e9": {0, 4},
	} {
		if got, err := tok.Encode(text, true); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
	}
	if got, err := tok.Offsets("a  <l> b", false); err != nil || got[1] != (Token{10, 1, 6}) {
		t.Errorf("offsets: %+v, %v", got, err)
	}
}

// TestModels covers the two models beside BPE.
func TestModels(t *testing.T) {
	unigram := `{"pre_tokenizer":{"type":"Metaspace"},"decoder":{"type":"Metaspace"},"model":{"type":"Unigram","unk_id":0,
		"vocab":[["<unk>",0],["▁",-2],["▁he",-3],["l",-4],["ll",-4.5],["o",-4],["▁hello",-20],["hel",-1]]}}`
	wordPiece := `{"normalizer":{"type":"BertNormalizer"},"pre_tokenizer":{"type":"BertPreTokenizer"},"decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
		"post_processor":{"type":"BertProcessing","sep":["[SEP]",8],"cls":["[CLS]",7]},
		"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","vocab":{"[UNK]":0,"un":1,"##aff":2,"##able":3,"!":4,"東":5,"cafe":6,"[CLS]":7,"[SEP]":8}}}`
	for _, c := range []struct {
		file, text string
		want       []int
	}{
		{unigram, "hello", []int{1, 7, 3, 5}}, {unigram, "hexyo", []int{2, 0, 5}},
		{wordPiece, "unaffable!", []int{7, 1, 2, 3, 4, 8}}, {wordPiece, "Unx 東東", []int{7, 0, 5, 5, 8}}, {wordPiece, "Café", []int{7, 6, 8}},
	} {
		tok, err := Parse([]byte(c.file), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tok.Encode(c.text, true); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %v, %v, want %v", c.text, got, err, c.want)
		}
	}
}

// TestHostilePattern: a pattern that explodes ends with an error.
func TestHostilePattern(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the time limit of a pattern")
	}
	p, err := newSlowRegexp(`(a+)+$`)
	if err != nil {
		t.Fatal(err)
	}
	p.re.MatchTimeout = 1 // the shortest: the clock of the library is coarse
	err = p.each(newJob(0), strings.Repeat("a", 40)+"!", func(int, int) {})
	if err == nil || !strings.Contains(err.Error(), "took longer") {
		t.Errorf("%v", err)
	}
}

// TestConcurrent: many goroutines share one tokenizer.
func TestConcurrent(t *testing.T) {
	f := fixtures(t)[4]
	tok := f.open(t)
	want, err := tok.Encode(corpusText, true)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if got, err := tok.Encode(corpusText, true); err != nil || !slices.Equal(got, want) {
					t.Errorf("%d ids, %v, want %d", len(got), err, len(want))
				}
			}
		})
	}
	wg.Wait()
}

// TestCacheIsBounded fills the memory of words with many different ones.
func TestCacheIsBounded(t *testing.T) {
	tok, err := Parse([]byte(`{"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	word := make([]byte, 18)
	for i := range 1 << 18 {
		for b := range word {
			word[b] = "ab"[i>>b&1]
		}
		tok.words.tokens(string(word))
	}
	for i := range tok.words.shards {
		if n := len(tok.words.shards[i].seen); n > shardWords {
			t.Errorf("shard %d keeps %d words", i, n)
		}
	}
}

// TestGrowth: files whose steps make text longer and longer end with an error.
func TestGrowth(t *testing.T) {
	double := `{"type":"Replace","pattern":{"String":"a"},"content":"aa"}`
	many := strings.Repeat(double+",", 60) + double
	tok, err := Parse([]byte(`{"normalizer":{"type":"Sequence","normalizers":[`+many+`]},"decoder":{"type":"Sequence","decoders":[`+many+`]},
		"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tok.Encode("a", false); err == nil || !strings.Contains(err.Error(), "many times as long") {
		t.Errorf("encode: %v", err)
	}
	if _, err := tok.Decode([]int{0}, false); err == nil || !strings.Contains(err.Error(), "many times as long") {
		t.Errorf("decode: %v", err)
	}
}

// TestForms holds the normalization of single segments to the library's, where
// that is right.
func TestForms(t *testing.T) {
	for _, f := range []norm.Form{norm.NFC, norm.NFD, norm.NFKC, norm.NFKD} {
		for _, s := range texts(9, 600, nil) {
			s = lossy([]byte(s)) + "e\u0301\u0323\u0327\u0301\u0308\u0304\u0331\u0302x"
			want := f.String(s)
			if strings.Contains(want, joiner) {
				continue
			}
			tracked, err := toForm(f)(piece{text: s, job: &job{track: true, bytes: 1 << 20}})
			if err != nil || tracked.text != want {
				t.Fatalf("form %d of %q: %q, %v, want %q", f, s, tracked.text, err, want)
			}
		}
	}
}
