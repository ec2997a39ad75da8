package answer

import (
	"context"
	"fmt"
	"regexp"
	"sync/atomic"

	"olmoeval/eval"
)

// Regexp takes what a pattern matches; nil where it matches nothing. Use a
// pointer; call Validate once before the first Extract.
type Regexp struct {
	// Pattern is in the syntax of Go's package regexp (RE2).
	Pattern string `json:"pattern"`
	// Group is the group to take, 0 for the whole match.
	Group int `json:"group"`
	// Last takes the last match, not the first.
	Last bool `json:"last"`
	// Trim removes white space round the answer.
	Trim bool `json:"trim"`

	cache atomic.Pointer[compiled]
}

type compiled struct {
	pattern string
	re      *regexp.Regexp
}

var (
	_ eval.Extractor       = (*Regexp)(nil)
	_ eval.RecordExtractor = (*Regexp)(nil)
)

// Validate says what is wrong with the settings.
func (e *Regexp) Validate() error {
	_, err := e.compile()
	return err
}

// Extract returns the group as a string, or nil; "" is an answer where the
// group matched nothing. It panics if Validate would fail.
func (e *Regexp) Extract(_ *eval.Instance, out *eval.Output) any {
	re, err := e.compile()
	if err != nil {
		panic("answer.Regexp used without Validate: " + err.Error())
	}
	return e.find(re, out.Text)
}

// ExtractRecord fills the answers; its error is that of Validate.
func (e *Regexp) ExtractRecord(_ context.Context, rec *eval.Record) error {
	re, err := e.compile()
	if err != nil {
		return err
	}
	for i := range rec.Outputs {
		rec.Outputs[i].Answer = e.find(re, rec.Outputs[i].Text)
	}
	return nil
}

func (e *Regexp) find(re *regexp.Regexp, text string) any {
	var at []int
	if e.Last {
		if all := re.FindAllStringSubmatchIndex(text, -1); len(all) > 0 {
			at = all[len(all)-1]
		}
	} else {
		at = re.FindStringSubmatchIndex(text)
	}
	if at == nil {
		return nil
	}
	found := ""
	if from, to := at[2*e.Group], at[2*e.Group+1]; from >= 0 {
		found = text[from:to]
	}
	if e.Trim {
		found = trim(found)
	}
	return found
}

// compile compiles once a pattern; a copy with another pattern compiles anew.
func (e *Regexp) compile() (*regexp.Regexp, error) {
	c := e.cache.Load()
	if c == nil || c.pattern != e.Pattern {
		re, err := regexp.Compile(e.Pattern)
		if err != nil {
			return nil, fmt.Errorf("extract.pattern: %w", err)
		}
		c = &compiled{e.Pattern, re}
		e.cache.Store(c)
	}
	if e.Group < 0 || e.Group > c.re.NumSubexp() {
		return nil, fmt.Errorf("extract.group: %q has groups 0 to %d, not %d", e.Pattern, c.re.NumSubexp(), e.Group)
	}
	return c.re, nil
}
