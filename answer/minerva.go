package answer

import (
	"regexp"
	"strings"
	"sync"
	"unicode"

	"olmoeval/eval"
)

// Minerva finds the final answer of a written-out solution, as Minerva's
// evaluation does (Lewkowycz et al. 2022, arXiv 2206.14858, appendix D): what is
// announced as the final answer, then what stands in the last \boxed{}; without
// either, what stands between the last two dollar signs, else the whole text.
// All are normalised.
type Minerva struct{}

var _ eval.Extractor = Minerva{}

// Extract returns the first answer as a string and keeps all of them in the
// output's Answers. There always is one, which may be empty.
func (Minerva) Extract(_ *eval.Instance, out *eval.Output) any {
	out.Answers = MinervaAnswers(out.Text)
	return out.Answers[0]
}

// MinervaAnswers are the answers in a solution, at least one.
func MinervaAnswers(text string) []string {
	var all []string
	if found, ok := announced(text); ok {
		if a := normalizeMath(trim(found)); a != "" && a != "[invalidanswer]" {
			all = append(all, a)
		}
	}
	if found, ok := boxed(text); ok {
		all = append(all, normalizeMath(found))
	}
	if len(all) > 0 {
		return all
	}
	if last := strings.LastIndexByte(text, '$'); last >= 0 {
		if before := strings.LastIndexByte(text[:last], '$'); before >= 0 {
			return []string{normalizeMath(text[before+1 : last])}
		}
	}
	return []string{normalizeMath(text)}
}

// announced is what follows "The final answer is". The end of the phrase may be
// missing at the end of the text.
func announced(text string) (string, bool) {
	m := mathPatterns().announced.FindStringSubmatch(text + "I hope it is correct.")
	if m == nil {
		return "", false
	}
	return m[1], true
}

// boxed is the content of the last \boxed{…}, or of a \boxed with a space.
func boxed(text string) (string, bool) {
	const space, brace = `\boxed `, `\boxed{`
	whole, ok := lastBoxed(text)
	if !ok {
		return "", false
	}
	if strings.Contains(whole, space) {
		return strings.CutPrefix(whole, space)
	}
	inner, ok := strings.CutPrefix(whole, brace)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(inner, "}")
}

// lastBoxed is the last \boxed or \fbox with its braces; ok is false if there is
// none or it is not closed.
func lastBoxed(text string) (string, bool) {
	const space = `\boxed `
	if at := strings.LastIndex(text, space); at >= 0 {
		rest, _, _ := strings.Cut(text[at+len(space):], "$")
		return space + rest, true
	}
	from := strings.LastIndex(text, `\boxed`)
	if from < 0 {
		from = strings.LastIndex(text, `\fbox`)
	}
	if from < 0 {
		return "", false
	}
	open := 0
	for i := from; i < len(text); i++ {
		switch text[i] {
		case '{':
			open++
		case '}':
			if open--; open == 0 {
				return text[from : i+1], true
			}
		}
	}
	return "", false
}

// mathPattern are the patterns of normalizeMath, in its order.
type mathPattern struct {
	announced *regexp.Regexp
	rewrites  []mathRewrite
}

type mathRewrite struct {
	re *regexp.Regexp
	to string
}

var mathPatterns = sync.OnceValue(func() mathPattern {
	p := mathPattern{announced: regexp.MustCompile(`Final Answer: The final answer is(.*?). I hope it is correct.`)}
	for _, r := range [][2]string{
		{`(.*?)(\$)(.*?)(\$)(.*)`, "$$${3}$$"},
		{`(\\text\{)(.*?)(\})`, "${2}"},
		{`(\\textbf\{)(.*?)(\})`, "${2}"},
		{`(\\overline\{)(.*?)(\})`, "${2}"},
		{`(\\boxed\{)(.*)(\})`, "${2}"},
		{`(frac)([^{])(.)`, "frac{${2}}{${3}}"},
		{`(sqrt)([^{])`, "sqrt{${2}}"},
	} {
		p.rewrites = append(p.rewrites, mathRewrite{regexp.MustCompile(r[0]), r[1]})
	}
	return p
})

// mathWords are replaced, in order, and mathNoise removed, in order: articles,
// units and spacing that do not change an answer.
var (
	mathWords = [...][2]string{
		{"an ", ""}, {"a ", ""}, {".$", "$"}, {`\$`, ""}, {`\ `, ""}, {" ", ""},
		{"mbox", "text"}, {`,\text{and}`, ","}, {`\text{and}`, ","}, {`\text{m}`, `\text{}`},
	}
	mathNoise = [...]string{
		"square", "ways", "integers", "dollars", "mph", "inches", "ft", "hours", "km", "units", `\ldots`, "sue",
		"points", "feet", "minutes", "digits", "cents", "degrees", "cm", "gm", "pounds", "meters", "meals", "edges",
		"students", "childrentickets", "multiples", `\text{s}`, `\text{.}`, "\\text{\ns}", `\text{}^2`, `\text{}^3`,
		"\\text{\n}", `\text{}`, `\mathrm{th}`, `^\circ`, `^{\circ}`, `\;`, `,\!`, "{,}", `"`, `\dots`,
	}
)

// normalizeMath brings a final answer into the form in which answers are
// compared: what stands after the last equals sign, without units and markup.
func normalizeMath(s string) string {
	s = s[strings.LastIndexByte(s, '=')+1:]
	for _, w := range mathWords {
		s = strings.ReplaceAll(s, w[0], w[1])
	}
	for _, w := range mathNoise {
		s = strings.ReplaceAll(s, w, "")
	}
	for _, r := range mathPatterns().rewrites {
		s = r.re.ReplaceAllString(s, r.to)
	}
	s = strings.ReplaceAll(s, "$", "")
	if bare := strings.ReplaceAll(s, ",", ""); bare != "" && strings.IndexFunc(bare, notDigit) < 0 {
		return bare
	}
	return s
}

// notDigit is the complement of Python's str.isdigit for the digits in use:
// decimal digits of any script, superscripts and subscripts.
func notDigit(r rune) bool {
	switch {
	case unicode.IsDigit(r), r == '²', r == '³', r == '¹', r == '⁰':
		return false
	case r >= '⁴' && r <= '⁹', r >= '₀' && r <= '₉':
		return false
	}
	return true
}
