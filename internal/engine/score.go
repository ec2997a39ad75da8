package engine

import (
	"context"
	"errors"
	"fmt"

	"olmoeval/eval"
)

// Scorers are a task's scorers, each once, in the order of its metrics.
func Scorers(t *eval.Task) []eval.Scorer {
	var out []eval.Scorer
	names := map[string]bool{}
	for _, m := range t.Metrics {
		if s := m.Scorer(); s != nil && !names[s.Name()] {
			names[s.Name()] = true
			out = append(out, s)
		}
	}
	return out
}

// Score extracts answers, runs the scorers and fills in status and values of a
// record whose Instance, Request and Outputs are there. What goes wrong in an
// extractor or scorer is a scoring_error of ours, never the model's 0.
func Score(ctx context.Context, t *eval.Task, scorers []eval.Scorer, rec *eval.Record) {
	rec.Error = ""
	rec.Status = outcome(rec)
	err := scoreAll(ctx, t, scorers, rec)
	rec.Values = make(map[string]*eval.Observation, len(t.Metrics))
	if err != nil {
		rec.Status = eval.ScoringError
		var f *eval.Fault
		if errors.As(err, &f) {
			rec.Status = f.Status
		}
		rec.Error = err.Error()
		for _, m := range t.Metrics {
			rec.Values[m.Info().ID] = nil
		}
		return
	}
	for _, m := range t.Metrics {
		rec.Values[m.Info().ID] = nil
		if o, ok := m.Observe(rec); ok {
			rec.Values[m.Info().ID] = &o
		}
	}
}

// outcome is the status that the outputs alone give.
func outcome(rec *eval.Record) eval.Status {
	st := eval.OK
	for i := range rec.Outputs {
		switch rec.Outputs[i].FinishReason {
		case "content_filter":
			return eval.ContentFiltered
		case "length":
			if rec.Request == nil || rec.Request.Type != eval.Loglikelihood {
				st = eval.Truncated
			}
		}
	}
	return st
}

func scoreAll(ctx context.Context, t *eval.Task, scorers []eval.Scorer, rec *eval.Record) (err error) {
	defer func() {
		// User-written hooks run here; what they break is theirs, not the run's.
		if r := recover(); r != nil {
			err = fmt.Errorf("scoring panicked: %v", r)
		}
	}()
	if err := extract(ctx, t, rec); err != nil {
		return fmt.Errorf("extract: %w", err)
	}
	for _, s := range scorers {
		scores, err := s.Score(ctx, rec)
		if err != nil {
			return fmt.Errorf("scorer %s: %w", s.Name(), err)
		}
		if len(scores) != len(rec.Outputs) {
			return fmt.Errorf("scorer %s: %d scores for %d outputs", s.Name(), len(scores), len(rec.Outputs))
		}
		for i := range rec.Outputs {
			o := &rec.Outputs[i]
			if o.Scores == nil {
				o.Scores = make(map[string]eval.Score, len(scorers))
			}
			o.Scores[s.Name()] = scores[i]
			if scores[i].Status != "" && rec.Status == eval.OK {
				rec.Status = scores[i].Status
			}
		}
	}
	return nil
}

func extract(ctx context.Context, t *eval.Task, rec *eval.Record) error {
	for i := range rec.Outputs {
		rec.Outputs[i].Answer, rec.Outputs[i].Answers, rec.Outputs[i].Scores = nil, nil, nil
	}
	if x, ok := t.Extract.(eval.RecordExtractor); ok {
		return x.ExtractRecord(ctx, rec)
	}
	for i := range rec.Outputs {
		o := &rec.Outputs[i]
		if t.Extract == nil {
			o.Answer = o.Text
			continue
		}
		o.Answer = t.Extract.Extract(rec.Instance, o)
	}
	return nil
}
