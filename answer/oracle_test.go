package answer

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"olmoeval/eval"
)

// The hand-written scanners are held against the patterns they stand for, on
// texts made of the pieces that matter.

const (
	anySpace  = `[` + spaceClass + `]`
	lineSpace = `[\t\x0b-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]`
)

var (
	commaPattern   = regexp.MustCompile(`(\p{Nd}),(\p{Nd})`)
	numberPattern  = regexp.MustCompile(`[-+]?\p{Nd}*\.\p{Nd}+|[-+]?\p{Nd}+`)
	letterPatterns = []*regexp.Regexp{
		regexp.MustCompile(`[Aa][Nn][Ss][Ww][Ee][Rr]` + lineSpace + `*:` + lineSpace + `*\(?([A-Za-z])\)?`),
		regexp.MustCompile(`\\boxed\{(?:\\text\{)?([A-Z])`),
		regexp.MustCompile(`\(([A-Z])\)`),
		regexp.MustCompile(`\*\*([A-Z])[.)]` + anySpace),
	}
	thinkPattern  = regexp.MustCompile(`(?is)<think>.*?</think>` + anySpace + `*`)
	pythonPattern = regexp.MustCompile("(?s)```python\n(.*?)```")
	fencePattern  = regexp.MustCompile("(?s)```\n?(.*?)```")
	tailPattern   = regexp.MustCompile("\n?```" + anySpace + `*$`)
)

func numberByPattern(s string) any {
	all := numberPattern.FindAllString(commaPattern.ReplaceAllString(s, "$1$2"), -1)
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

func letterByPattern(s string) any {
	for _, re := range letterPatterns {
		if all := re.FindAllStringSubmatch(s, -1); len(all) > 0 {
			return strings.ToUpper(all[len(all)-1][1])
		}
	}
	return nil
}

func codeByPattern(s string) any {
	if cut := thinkPattern.ReplaceAllLiteralString(s, ""); cut != s {
		s = trim(cut)
	}
	for _, re := range []*regexp.Regexp{pythonPattern, fencePattern} {
		if m := re.FindStringSubmatch(s); m != nil {
			return m[1]
		}
	}
	return tailPattern.ReplaceAllLiteralString(s, "")
}

func check(t *testing.T, text string) {
	t.Helper()
	in, out := &eval.Instance{}, &eval.Output{Text: text}
	for _, c := range []struct {
		e    eval.Extractor
		want any
	}{
		{LastNumber{}, numberByPattern(text)},
		{Letter{}, letterByPattern(text)},
		{Code{}, codeByPattern(text)},
	} {
		if got := c.e.Extract(in, out); got != c.want {
			t.Errorf("%T of %q = %q, the pattern gives %q", c.e, text, got, c.want)
		}
	}
}

func TestScannersEqualPatterns(t *testing.T) {
	alphabets := [][]string{
		{"0", "1", "7", ",", ".", "-", "+", " ", "x", "٣", "é", "\xff"},
		{"answer", "ANSWER", "Answer", ":", " ", "\n", "(", ")", "A", "b", "Z", "\u00a0", "\x1f", "é"},
		{`\boxed{`, `\text{`, "A", "B", "b", "}", "(", ")", "*", "**", ".", " ", "\n", "\u3000", "é"},
		{"```", "```python\n", "`", "\n", " ", "<think>", "</think>", "<THINK>", "</Think>", "x", "\u00a0", "<"},
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 60_000 {
		alphabet := alphabets[rnd.IntN(len(alphabets))]
		var b strings.Builder
		for range rnd.IntN(14) {
			b.WriteString(alphabet[rnd.IntN(len(alphabet))])
		}
		if check(t, b.String()); t.Failed() {
			return
		}
	}
}

func FuzzScannersEqualPatterns(f *testing.F) {
	for _, s := range []string{"", "1,234.5 or -.5", "ANSWER: ANSWER: B", "***A. x", `\boxed{\text{C}}`,
		"a ```python\nx``` b", "<think>1</think> 2", "x\n```  ", "1,2,3", "٣,٤", "+-1", "1.2.3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { check(t, text) })
}

func BenchmarkLastNumber(b *testing.B) {
	text := strings.Repeat("She has 3 boxes of 12 eggs, so 3 * 12 = 36 eggs in all. ", 8) + "The answer is $1,234."
	out := &eval.Output{Text: text}
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if (LastNumber{}).Extract(nil, out) != "1234" {
			b.Fatal("wrong")
		}
	}
}

func BenchmarkLastNumberNone(b *testing.B) {
	out := &eval.Output{Text: strings.Repeat("no number at all, only words and words. ", 13)}
	b.ReportAllocs()
	for b.Loop() {
		if (LastNumber{}).Extract(nil, out) != nil {
			b.Fatal("wrong")
		}
	}
}
