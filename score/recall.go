package score

import (
	"context"
	"strings"

	"olmoeval/eval"
)

// SubstringRecall (substring_recall) is the share of the gold answers that
// occur in the text of the output, whatever their case unless CaseSensitive.
// It reads the text, not the extracted answer.
type SubstringRecall struct {
	CaseSensitive bool `json:"case_sensitive"`
}

var _ eval.Scorer = SubstringRecall{}

// Name is substring_recall.
func (SubstringRecall) Name() string { return "substring_recall" }

// Score gives a share from 0 to 1 an output.
func (s SubstringRecall) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	list := golds(rec.Instance, "")
	return each(rec, func(o *eval.Output) float64 {
		if len(list) == 0 {
			return 0
		}
		text := s.normal(o.Text)
		found := 0
		for _, g := range list {
			if strings.Contains(text, s.normal(g)) {
				found++
			}
		}
		return float64(found) / float64(len(list))
	}), nil
}

func (s SubstringRecall) normal(t string) string {
	if s.CaseSensitive {
		return t
	}
	return lower(t)
}
