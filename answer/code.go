package answer

import (
	"strings"

	"olmoeval/eval"
)

// Code takes a program out of a chat answer: reasoning in <think> tags is
// dropped, then the first fenced block of the language counts, else the first
// fenced block of any kind, else the whole text without a closing fence.
type Code struct {
	// Language is the word after the opening fence, "python" if empty.
	Language string `json:"language"`
}

var _ eval.Extractor = Code{}

// Extract returns the program as a string, which may be empty.
func (e Code) Extract(_ *eval.Instance, out *eval.Output) any {
	language := e.Language
	if language == "" {
		language = "python"
	}
	text := StripThinking(out.Text)
	if code, ok := fenced(text, fence+language+"\n"); ok {
		return code
	}
	if code, ok := fenced(text, fence); ok {
		return strings.TrimPrefix(code, "\n")
	}
	if rest, ok := strings.CutSuffix(trimRight(text), fence); ok {
		return strings.TrimSuffix(rest, "\n")
	}
	return text
}

// BeforeFence takes the text before the first fence: the answer to a prompt
// that ends within a fenced block.
type BeforeFence struct{}

var _ eval.Extractor = BeforeFence{}

// Extract returns the program as a string, which may be empty.
func (BeforeFence) Extract(_ *eval.Instance, out *eval.Output) any {
	text, _, _ := strings.Cut(out.Text, fence)
	return text
}

const fence = "```"

// fenced is what stands between an opening and the next fence.
func fenced(text, open string) (string, bool) {
	_, rest, ok := strings.Cut(text, open)
	if !ok {
		return "", false
	}
	code, _, ok := strings.Cut(rest, fence)
	return code, ok
}

// StripThinking removes <think>…</think> blocks in any case with the white
// space behind them; if there was one, the rest is trimmed.
func StripThinking(text string) string {
	const open, end = "<think>", "</think>"
	var b strings.Builder
	rest, found := text, false
	for {
		start := indexFold(rest, open)
		if start < 0 {
			break
		}
		stop := indexFold(rest[start:], end)
		if stop < 0 {
			break
		}
		found = true
		b.WriteString(rest[:start])
		rest = trimLeft(rest[start+stop+len(end):])
	}
	if !found {
		return text
	}
	b.WriteString(rest)
	return trim(b.String())
}

// Indent puts four spaces before every line that is not blank if the first
// such line does not start with a space or a tab: the body of a function that
// was written without its signature.
func Indent(code string) string {
	lines := strings.Split(code, "\n")
	for _, line := range lines {
		if trim(line) == "" {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			return code
		}
		break
	}
	for i, line := range lines {
		if trim(line) != "" {
			lines[i] = "    " + line
		}
	}
	return strings.Join(lines, "\n")
}
