package score

import (
	"context"
	"errors"
	"fmt"

	"olmoeval/eval"
)

// RecallAtK (recall@K) is the share of the relevant items, metadata Gold, among
// the first K of the answer, a list of ids, best first.
type RecallAtK struct {
	K int `json:"k"`
	// Gold is the metadata key of the relevant items' ids.
	Gold string `json:"gold"`
}

var _ eval.Scorer = RecallAtK{}

// Name is recall@K.
func (s RecallAtK) Name() string { return fmt.Sprintf("recall@%d", s.K) }

// Score gives a share from 0 to 1 an output. A question without relevant items
// is an error.
func (s RecallAtK) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	if rec.Instance == nil {
		return nil, errors.New("no instance")
	}
	gold := map[string]bool{}
	for _, id := range rec.Instance.Texts(s.Gold) {
		gold[id] = true
	}
	if len(gold) == 0 {
		return nil, fmt.Errorf("metadata %s lists no relevant items", s.Gold)
	}
	return each(rec, func(o *eval.Output) float64 {
		ranked := listOf(o.Answer)
		found := map[string]bool{}
		for _, id := range ranked[:min(s.K, len(ranked))] {
			if gold[id] {
				found[id] = true
			}
		}
		return float64(len(found)) / float64(len(gold))
	}), nil
}

// listOf is an answer that is a list, as texts.
func listOf(answer any) []string {
	switch list := answer.(type) {
	case []string:
		return list
	case []any:
		out := make([]string, 0, len(list))
		for _, v := range list {
			if s, ok := textOf(v); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}
