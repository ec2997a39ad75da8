package answer

import (
	"regexp"
	"strings"

	"olmoeval/eval"
)

// Think takes what follows a model's reasoning: the text after the last
// </think>, without <answer> at the start of a line and </answer> at the end
// of one.
type Think struct {
	// Closed gives "" for a text whose reasoning never ends, in place of the
	// whole text.
	Closed bool `json:"closed"`
}

var _ eval.Extractor = Think{}

// Extract returns the answer as a string, which may be empty.
func (e Think) Extract(_ *eval.Instance, out *eval.Output) any {
	const end = "</think>"
	text := out.Text
	switch i := strings.LastIndex(text, end); {
	case i >= 0:
		text = text[i+len(end):]
	case e.Closed:
		return ""
	}
	text = openAnswer.ReplaceAllLiteralString(text, "")
	return closeAnswer.ReplaceAllLiteralString(text, "")
}

// spaceClass is isSpace for use within brackets.
const spaceClass = `\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`

var (
	openAnswer  = regexp.MustCompile(`(?m)^[` + spaceClass + `]*<answer>[` + spaceClass + `]*`)
	closeAnswer = regexp.MustCompile(`(?m)</answer>[` + spaceClass + `]*$`)
)
