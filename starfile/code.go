package starfile

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"

	"olmoeval/answer"
	"olmoeval/eval"
)

// codeSetter sets what a task does with code: functions of the file, or the
// extractors of the vocabulary.
func (l *loader) codeSetter(key string, v starlark.Value) (setter, error) {
	switch key {
	case "read", "read_shot":
		f, err := l.function(key, v, 1, 2)
		read := func(t *eval.Task, d eval.Doc, i int) (*eval.Instance, error) { return f.read(t, d, i) }
		return func(t *eval.Task) error {
			if key == "read" {
				t.Read = read
			} else {
				t.ReadShot = read
			}
			return nil
		}, err
	case "cluster":
		name, err := textArg(key, v)
		return func(t *eval.Task) error { clusterBy(t, name); return nil }, err
	case "oracle":
		f, err := l.function(key, v, 1, 1)
		return func(t *eval.Task) error { t.Oracle = f.oracle; return nil }, err
	}
	if _, ok := v.(starlark.Callable); ok {
		f, err := l.function("extract", v, 1, 2)
		if err != nil {
			return nil, err
		}
		return func(t *eval.Task) error { t.Extract = &fnExtract{f}; return nil }, nil
	}
	x, err := unwrap[eval.Extractor](key, v)
	return func(t *eval.Task) error {
		t.Extract = copyOf(x)
		if _, ok := x.(answer.Letter); ok {
			t.Oracle = letterOracle // oracle= is applied later and wins
		}
		return nil
	}, err
}

// read calls read(doc) or read(doc, i).
func (f *function) read(t *eval.Task, d eval.Doc, i int) (*eval.Instance, error) {
	v, err := f.call(&rowValue{doc: d}, starlark.MakeInt(i))
	if err != nil {
		return nil, err
	}
	if v == starlark.None {
		return nil, nil
	}
	if a, ok := v.(*attrs); ok {
		if in, ok := a.value.(*eval.Instance); ok {
			if err := asLabel(t.Prompt, in); err != nil {
				return nil, fmt.Errorf("%s: read: %w", f.where(), err)
			}
			return in, nil
		}
	}
	return nil, fmt.Errorf("%s: read returned %s, want instance(…), or None to drop the row", f.where(), describe(v))
}

// oracle calls oracle(instance). A function that fails has no answer, and says
// why through print, as a task's oracle has no error.
func (f *function) oracle(in *eval.Instance) (string, bool) {
	v, err := f.call(instanceValue(in))
	if err == nil && v == starlark.None {
		return "", false
	}
	var s string
	if err == nil {
		s, err = asText("what it returned", v)
	}
	if err != nil && f.prog.print != nil {
		f.prog.print(fmt.Sprintf("%s: oracle: %v", f.where(), err))
	}
	return s, err == nil
}

// letterOracle is a right answer in a form that answer.letter() reads.
func letterOracle(in *eval.Instance) (string, bool) {
	gold, ok := in.GoldText()
	return "Answer: " + gold, ok
}

// clusterBy sets the cluster of instances that have none to the text of a field
// of their row.
func clusterBy(t *eval.Task, field string) {
	read := t.Read
	if read == nil {
		read = readStandard
	}
	t.Read = func(t *eval.Task, d eval.Doc, i int) (*eval.Instance, error) {
		in, err := read(t, d, i)
		if err != nil || in == nil || in.Cluster != "" {
			return in, err
		}
		if _, ok := d[field]; !ok {
			return nil, fmt.Errorf("cluster: %w", (&rowValue{doc: d}).missing(field))
		}
		in.Cluster = d.Text(field)
		return in, nil
	}
}

// brokenPrompt stands for a change that did not fit the task it met: a variant
// has no way to refuse, but nothing may run with it.
type brokenPrompt struct {
	Problem string `json:"problem"`
	kind    eval.RequestType
}

var _ eval.Formatter = (*brokenPrompt)(nil)

func (p *brokenPrompt) RequestType() eval.RequestType { return p.kind }

// Prepare says what did not fit.
func (p *brokenPrompt) Prepare([]*eval.Instance) (eval.Renderer, error) {
	return nil, errors.New(p.Problem)
}
