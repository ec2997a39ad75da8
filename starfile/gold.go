package starfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"olmoeval/eval"
	"olmoeval/prompt"
)

// setGold takes the gold of an instance whose choices are known: None, text, a
// number, a list of accepted answers; with choices also the index or letter of
// the right one.
func setGold(in *eval.Instance, v starlark.Value) error {
	switch x := v.(type) {
	case starlark.NoneType:
		return nil
	case *starlark.List, starlark.Tuple:
		texts, err := asTexts("gold", v)
		if err != nil {
			return err
		}
		in.Gold = texts
		return nil
	case starlark.Bool:
		in.Gold = x.String()
		return nil
	}
	s, err := asText("gold", v)
	if err != nil {
		return err
	}
	_, isText := v.(starlark.String)
	return goldText(in, s, !isText)
}

// goldText takes a gold written as text or as a number.
func goldText(in *eval.Instance, s string, isNumber bool) error {
	in.Gold = s
	if in.Choices == nil {
		return nil
	}
	i, err := choiceOf(in.Choices, s, isNumber)
	if err != nil || i < 0 {
		return err // a text that is no choice is left alone: the prompt may not show any
	}
	if isNumber {
		in.Gold = in.Choices[i]
	}
	if _, set := in.Metadata["gold_idx"]; !set {
		in.Metadata["gold_idx"] = i
	}
	if _, set := in.Metadata["gold_text"]; !set {
		in.Metadata["gold_text"] = in.Choices[i]
	}
	return nil
}

// choiceOf is the index of the choice that a gold names, -1 if none. A text is
// a choice's text, else its letter, else its index from 0; a number is an index,
// and also a choice's text where only that fits. A number that fits two choices
// is an error.
func choiceOf(choices []string, gold string, isNumber bool) (int, error) {
	g := strings.TrimSpace(gold)
	byText := slices.Index(choices, gold)
	if byText < 0 {
		byText = slices.IndexFunc(choices, func(c string) bool { return strings.EqualFold(strings.TrimSpace(c), g) })
	}
	byIndex := -1
	if n, err := strconv.Atoi(g); err == nil && n >= 0 && n < len(choices) {
		byIndex = n
	}
	if isNumber {
		switch {
		case byText >= 0 && byIndex >= 0 && byText != byIndex:
			return 0, fmt.Errorf("gold %s may be choice number %s (from 0) or the choice %q; write it as text", g, g, choices[byText])
		case byText < 0 && byIndex < 0:
			return 0, fmt.Errorf("gold is %s, but there are %d choices (0 is the first)", g, len(choices))
		}
	}
	if byText >= 0 {
		return byText, nil
	}
	if len(g) == 1 {
		if i := int(strings.ToUpper(g)[0]) - 'A'; i >= 0 && i < len(choices) {
			return i, nil
		}
	}
	return byIndex, nil
}

// asLabel writes the gold of a question that is asked by labels as the label
// that extractors and scorers of such answers expect. A gold that is no choice
// is an error: it could never be answered right.
func asLabel(f eval.Formatter, in *eval.Instance) error {
	var labels []string
	switch p := f.(type) {
	case *prompt.Choice:
		if p.Style != prompt.Letters || p.ChoicesInQuestion {
			return nil
		}
	case *prompt.MCQAChat:
		labels = p.Labels
	default:
		return nil
	}
	if in.Choices == nil || in.Gold == nil {
		return nil // asked as it is; the prompt says what it lacks
	}
	i, ok := in.GoldIndex()
	if !ok || i < 0 || i >= len(in.Choices) {
		return fmt.Errorf("gold %q is none of the %d choices: %s", fmt.Sprint(in.Gold), len(in.Choices), strings.Join(in.Choices, " | "))
	}
	switch {
	case i < len(labels):
		in.Gold = labels[i]
	case labels == nil && i < 26:
		in.Gold = string(rune('A' + i))
	default:
		return fmt.Errorf("choice %d has no label", i+1)
	}
	return nil
}
