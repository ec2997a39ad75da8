package main

import (
	"fmt"
	"slices"
	"strings"

	"olmoeval/eval"
)

func describe(t *eval.Task) row {
	return row{data: dataOf(t), kind: kindOf(t), shots: shotsOf(t), metrics: metricsOf(t), needs: needsOf(t)}
}

// dataOf names the rows that are read.
func dataOf(t *eval.Task) string {
	s := t.Source
	if s.Path == "" {
		return "none: give it one"
	}
	out := code(s.Path)
	if s.Subset != "" {
		out += " " + code(s.Subset)
	}
	if s.DataFiles != "" {
		out += " " + code(strings.ReplaceAll(s.DataFiles, "|", "¦"))
	}
	out += ", " + strings.Join(t.Selection().Splits, " + ")
	if s.Revision != "" {
		out += ", at " + code(s.Revision)
	}
	if t.Limit != nil {
		out += fmt.Sprintf(", %d rows drawn with seed %d", *t.Limit, t.Selection().Seed)
	}
	return out
}

func kindOf(t *eval.Task) string {
	if t.Prompt.RequestType() == eval.Loglikelihood {
		return "log-likelihood"
	}
	kind := string(t.Prompt.RequestType())
	if n := t.Sampling.Samples(); n > 1 {
		kind += fmt.Sprintf(", %d samples", n)
	}
	return kind
}

func shotsOf(t *eval.Task) string {
	f := t.Fewshot
	switch {
	case f.Num == 0:
		return "0"
	case f.Set != "":
		return fmt.Sprintf("%d of %s", f.Num, code(f.Set))
	case f.Draw:
		return fmt.Sprintf("%d drawn from %s, seed %d", f.Num, orElse(f.Split, t.Split), f.Seed)
	}
	return fmt.Sprintf("the first %d of %s", f.Num, orElse(f.Split, t.Split))
}

// metricsOf lists metrics, the primary one first and bold.
func metricsOf(t *eval.Task) string {
	primary := t.Primary
	if primary == "" && len(t.Metrics) > 0 {
		primary = t.Metrics[0].Info().ID
	}
	var out []string
	for _, m := range t.Metrics {
		if id := m.Info().ID; id == primary {
			out = slices.Insert(out, 0, "**"+id+"**")
		} else {
			out = append(out, id)
		}
	}
	if len(out) == 0 {
		return "none: to look at, not to run"
	}
	return strings.Join(out, ", ")
}

func needsOf(t *eval.Task) string {
	n := t.Needs
	var out []string
	for _, s := range n.Sandbox {
		out = append(out, "sandbox "+s)
	}
	for _, s := range n.Tools {
		out = append(out, "tool "+s)
	}
	if n.Judge != "" {
		out = append(out, "judge "+n.Judge)
	}
	out = append(out, n.Secrets...)
	if n.Network {
		out = append(out, "network")
	}
	return strings.Join(out, ", ")
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func code(s string) string { return "`" + s + "`" }

// blur replaces what a text says of the task's own part of a family (the end of
// its name, its subset) by a mark, so that tasks which differ in it alone go
// together.
func blur(text string, t *eval.Task) string {
	parts := []string{t.Source.Subset}
	words := strings.Split(t.Name, "_")
	for i := 1; i < len(words); i++ {
		parts = append(parts, strings.Join(words[i:], "_"))
	}
	for _, p := range parts {
		for _, spelled := range []string{p, strings.ReplaceAll(p, "_", " ")} {
			if out := replaceWord(text, spelled, "…"); spelled != "" && out != text {
				return out
			}
		}
	}
	return text
}

// replaceWord replaces a text where it does not stand inside a longer word.
func replaceWord(text, word, by string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, word)
		if i < 0 || word == "" {
			return b.String() + text
		}
		end := i + len(word)
		if i > 0 && partOfWord(text[i-1]) || end < len(text) && partOfWord(text[end]) {
			b.WriteString(text[:end])
		} else {
			b.WriteString(text[:i] + by)
		}
		text = text[end:]
	}
}

func partOfWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
