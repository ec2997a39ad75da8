package tokenizer

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// npmDir is the folder where npm put the packages that tests compare with. It
// skips where node or the package is missing.
func npmDir(t testing.TB, pkg string) string {
	t.Helper()
	dir := os.Getenv("OLMO_EVAL_NPM")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Skip("no cache folder: ", err)
		}
		dir = filepath.Join(cache, "olmo-eval-ci", "npm")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", pkg)); err != nil {
		t.Skipf("npm package %s is not installed in %s ($OLMO_EVAL_NPM); .ci/run does it", pkg, dir)
	}
	return dir
}

// expected is what the oracle says of one text.
type expected struct {
	Plain   []int  `json:"plain"`
	Special []int  `json:"special"`
	Text    string `json:"text"`
	Visible string `json:"visible"`
}

func ask(t testing.TB, dir string, f *fixture, texts []string) []expected {
	t.Helper()
	coded := make([]string, len(texts))
	for i, s := range texts {
		coded[i] = base64.StdEncoding.EncodeToString([]byte(s))
	}
	in, err := json.Marshal(object{"tokenizer": f.tokenizer, "config": f.config, "texts": coded})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", filepath.Join("testdata", "encode.mjs"))
	cmd.Env = append(os.Environ(), "OLMO_EVAL_NPM="+dir)
	cmd.Stdin = bytes.NewReader(in)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	b, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", f.name, err, errs.String())
	}
	var out struct{ Results []expected }
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Results) != len(texts) {
		t.Fatalf("%s: %d answers to %d texts", f.name, len(out.Results), len(texts))
	}
	return out.Results
}

// fragments are what texts are made of. An apostrophe before a long s is not
// among them: see TestLongS.
var fragments = []string{
	" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", "\r", " \n", "\n ", "\u00a0", "\u3000", "\u2003", "\u0085", "\u2028", "\v", "\f", "\ufeff", "\u200b", "\u200d",
	"a", "the", "The", " quick", "HELLO", "don't", "I'M", "they'LL", "we'Ve", "'s", "'S", "''", "' s", "it's", "o'clock", "naïve", "Straße", "façade", "fac\u0327ade", "e\u0301", "o\u0302\u0323", "ﬁ", "Å", "Å", "İ", "ǅ",
	"1", "12", "123", "1234", "12345678", "3.14", "1,000", "½", "²", "Ⅷ", "٣٤", "१२", "①", "0x1F",
	"今日は", "東京", "。", "快速", "오늘", "가", "가", "مرحبا", "שלום", "नमस्ते", "สวัสดี", "Привет", "ёж", "𝒳", "𐍈", "ꯍ",
	"😀", "👍🏽", "👩‍👩‍👧", "🇩🇪", "✨", "❤️", "\U000E0041",
	"!", "?!", "...", "…", "—", "“x”", "_", "__init__", "$", "€5", "#1", "@", "&", "*", "**b**", "(", ")", "[x]", "{y}", "<", ">", "</", "<|", "|>", "\\", "/", "//", "`", "~", "^", "=", "==", "+", "-", "--", ";", ":", "%d",
	"def f(x):\n\treturn x", "if (a&&b){", "});\n", "\\n", "\"key\": null", "http://a.b/c?d=e", "▁", "▁▁", "Ġ", "<0x0A>", "\x00", "\x01", "\x7f", "\ufffd", "\U0010FFFF", "\uE000",
}

// broken are bytes that are no UTF-8.
var broken = []string{"\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xed\xa0\x80", "\xc0\xaf", "\x80\x80", "\xf4\x90\x80\x80"}

// texts are n texts from a seed, with specials in their midst.
func texts(seed uint64, n int, specials []string) []string {
	r := rand.New(rand.NewPCG(seed, 7))
	words := strings.Fields(corpusText)
	marks := strings.Repeat("\u0300\u0323", 20)
	out := []string{"", " ", "a", "a" + marks + "b", marks, "x\u1e69" + strings.Repeat("\u0327\u0345\u0344", 15) + "각\u11a8" + marks, "\n", "  \n  ", strings.Repeat(" ", 300), strings.Repeat("ab", 400), strings.Repeat("x", 1000) + " " + strings.Repeat("今", 70), corpusText}
	for _, s := range specials {
		out = append(out, s, " "+s+" ", s+s, "a"+s+"b", s[:len(s)-1], "x  "+s+"  y")
	}
	for len(out) < n {
		var b strings.Builder
		for range 1 + r.IntN(14) {
			switch k := r.IntN(40); {
			case k < 12:
				b.WriteString(" " + words[r.IntN(len(words))])
			case k < 38 || len(specials) == 0 && k == 38:
				b.WriteString(fragments[r.IntN(len(fragments))])
			case k == 38:
				b.WriteString(specials[r.IntN(len(specials))])
			default:
				b.WriteString(broken[r.IntN(len(broken))])
			}
		}
		out = append(out, b.String())
	}
	return out
}

// TestOracle compares ids and texts with the package of Hugging Face.
func TestOracle(t *testing.T) {
	dir := npmDir(t, "@huggingface/tokenizers")
	for i, f := range fixtures(t) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			tok := f.open(t)
			texts := oracleTexts(t, &f, uint64(i), 900)
			bad := 0
			for k, want := range ask(t, dir, &f, texts) {
				if msg := differ(tok, texts[k], &want); msg != "" {
					t.Errorf("%.200q:\n%.2000s", texts[k], msg)
					if bad++; bad > 5 {
						t.FailNow()
					}
				}
			}
		})
	}
}

// oracleTexts are texts that the oracle can be asked about: of n at least 500.
func oracleTexts(t testing.TB, f *fixture, seed uint64, n int) []string {
	t.Helper()
	all := slices.DeleteFunc(texts(seed, n, f.specials), func(s string) bool { return f.apart(s) != "" })
	if len(all) < 500 && n >= 900 {
		t.Errorf("%s: only %d texts to compare", f.name, len(all))
	}
	return all
}

// differ says how a tokenizer's answers differ from what is expected.
func differ(tok *Tokenizer, text string, want *expected) string {
	plain, err1 := tok.Encode(text, false)
	special, err2 := tok.Encode(text, true)
	decoded, err3 := tok.Decode(plain, false)
	visible, err4 := tok.Decode(special, true)
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			return err.Error()
		}
	}
	switch {
	case !slices.Equal(plain, want.Plain):
		return fmt.Sprintf("ids  %v %q\nwant %v %q", plain, pieces(tok, plain), want.Plain, pieces(tok, want.Plain))
	case !slices.Equal(special, want.Special):
		return fmt.Sprintf("with specials %v\nwant %v", special, want.Special)
	case decoded != want.Text:
		return fmt.Sprintf("decoded %q\nwant %q", decoded, want.Text)
	case visible != want.Visible:
		return fmt.Sprintf("decoded without specials %q\nwant %q", visible, want.Visible)
	}
	return ""
}

func pieces(tok *Tokenizer, ids []int) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = tok.Token(id)
	}
	return out
}
