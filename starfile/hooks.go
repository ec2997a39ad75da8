package starfile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"go.starlark.net/starlark"

	"olmoeval/eval"
)

// fnExtract is extract=fn(text) or fn(text, instance).
type fnExtract struct{ f *function }

var (
	_ eval.Extractor       = (*fnExtract)(nil)
	_ eval.RecordExtractor = (*fnExtract)(nil)
)

// ExtractRecord calls the function for each output; its failure is a fault.
func (x *fnExtract) ExtractRecord(_ context.Context, rec *eval.Record) error {
	for i := range rec.Outputs {
		o := &rec.Outputs[i]
		v, err := x.f.call(starlark.String(o.Text), instanceValue(rec.Instance))
		if err == nil {
			err = setAnswer(o, v)
		}
		if err != nil {
			return &eval.Fault{Status: eval.ScoringError, Err: fmt.Errorf("%s: extract: %w", x.f.where(), err)}
		}
	}
	return nil
}

// Extract is for callers without a record. It panics where ExtractRecord has an
// error, as nil would be taken for a model that gave no answer.
func (x *fnExtract) Extract(in *eval.Instance, out *eval.Output) any {
	rec := &eval.Record{Instance: in, Outputs: []eval.Output{*out}}
	if err := x.ExtractRecord(context.Background(), rec); err != nil {
		panic(err)
	}
	return rec.Outputs[0].Answer
}

// MarshalJSON names the function; its code is in the task's CodeDigest.
func (x *fnExtract) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"function": x.f.fn.Name()})
}

// UnmarshalJSON refuses: code is changed in the file.
func (x *fnExtract) UnmarshalJSON([]byte) error {
	return errors.New("extract is a function of a .star file; change it there or in a variant")
}

// setAnswer takes what an extractor returned: None, text, a number, or a list
// of candidates.
func setAnswer(o *eval.Output, v starlark.Value) error {
	switch x := v.(type) {
	case starlark.NoneType:
		o.Answer = nil
		return nil
	case *starlark.List, starlark.Tuple:
		texts, err := asTexts("what it returned", x)
		if err != nil {
			return err
		}
		o.Answer, o.Answers = nil, texts
		if len(texts) > 0 {
			o.Answer = texts[0]
		}
		return nil
	}
	s, err := asText("what it returned", v)
	if err != nil {
		return fmt.Errorf("returned %s, want text, None or a list of text", describe(v))
	}
	o.Answer = s
	return nil
}

// fnScorer is score.fn(name, fn(instance, output) -> number).
type fnScorer struct {
	name string
	f    *function
}

var _ eval.Scorer = (*fnScorer)(nil)

func (s *fnScorer) Name() string   { return s.name }
func (s *fnScorer) String() string { return "score.fn " + s.name + " at " + s.f.where() }

// MarshalJSON names the function; its code is in the task's CodeDigest.
func (s *fnScorer) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"name": s.name, "function": s.f.fn.Name()})
}

// Score calls the function for each output.
func (s *fnScorer) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	in := instanceValue(rec.Instance)
	out := make([]eval.Score, len(rec.Outputs))
	for i := range rec.Outputs {
		v, err := s.f.call(in, outputValue(&rec.Outputs[i]))
		if err == nil {
			out[i].Value, err = scoreOf(v)
		}
		if err != nil {
			return nil, &eval.Fault{Status: eval.ScoringError, Err: fmt.Errorf("%s: score.fn %q: %w", s.f.where(), s.name, err)}
		}
	}
	return out, nil
}

func scoreOf(v starlark.Value) (float64, error) {
	switch x := v.(type) {
	case starlark.Bool:
		if x {
			return 1, nil
		}
		return 0, nil
	case starlark.Int, starlark.Float:
		f, _ := starlark.AsFloat(x)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return 0, fmt.Errorf("returned %v, which is no number", x)
		}
		return f, nil
	}
	return 0, fmt.Errorf("returned %s, want a number, True or False", describe(v))
}

func (l *loader) scoreFn(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := l.loading("score.fn"); err != nil {
		return nil, err
	}
	s := &fnScorer{}
	err := eachArg("score.fn", []string{"name", "fn"}, args, kwargs, func(key string, v starlark.Value) (err error) {
		if key == "name" {
			s.name, err = textArg(key, v)
			return err
		}
		s.f, err = l.function(key, v, 1, 2)
		if err == nil && s.f.nargs < 2 {
			err = fmt.Errorf("fn: function %s takes %d argument, want 2: instance, output", s.f.fn.Name(), s.f.nargs)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case s.name == "":
		return nil, errors.New("score.fn: name is missing")
	case s.f == nil:
		return nil, errors.New("score.fn: fn is missing")
	}
	return &made{"score.fn", s}, nil
}
