package prompt

import (
	"errors"
	"strings"
)

// block renders a question with or without its choices.
type block struct {
	question  template
	line      template
	intro     string
	separator string
	suffix    string
	labels    []string
}

func parseBlock(questionText, intro, line, separator, suffix string, labels []string) (block, error) {
	b := block{intro: intro, separator: separator, suffix: suffix, labels: labels}
	var err error
	if b.question, err = question("question_template", questionText); err != nil {
		return b, err
	}
	if b.line, err = parse("choice_template", line, "label", "choice"); err != nil {
		return b, err
	}
	if !b.line.has(1) {
		err = errors.New("choice_template lacks {choice}, so the choices would not be shown")
	}
	return b, err
}

// size is the length of what write adds, choices shown.
func (b *block) size(question string, choices []string) int {
	n := b.question.size(question) + len(b.intro) + len(b.suffix) + len(b.separator)*len(choices)
	for _, c := range choices {
		n += b.line.size("?", c) + 8 // a label may be longer than one byte
	}
	return n
}

// write renders the question, the choices if shown, and the suffix.
func (b *block) write(to *strings.Builder, question string, choices []string, shown bool) error {
	b.question.write(to, question)
	if shown {
		to.WriteString(b.intro)
		for i, c := range choices {
			if i > 0 {
				to.WriteString(b.separator)
			}
			l, err := label(b.labels, i)
			if err != nil {
				return err
			}
			b.line.write(to, l, c)
		}
	}
	to.WriteString(b.suffix)
	return nil
}
