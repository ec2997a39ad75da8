package jinja

import (
	"errors"
	"fmt"
	"strings"
)

// Budgets of one rendering: steps of work, and bytes that are made on the way.
// A template in earnest takes some hundred steps a message.
const (
	maxWork  = 2_000_000
	maxBytes = 128 << 20
)

// ErrBudget says that a template did too much.
var ErrBudget = errors.New("the template does more work than a template may: it loops, recurses or grows without end")

// Func is a function that templates may call.
type Func func(positional []any, named map[string]any) (any, error)

// Environment is what templates have besides their variables.
type Environment struct {
	Globals map[string]Func
}

// run is one rendering.
type run struct {
	env         *Environment
	out         *strings.Builder
	steps, made int
	depth       int
}

// work spends n steps.
func (r *run) work(n int) error {
	if r.steps += n; r.steps > maxWork {
		return ErrBudget
	}
	return nil
}

// grow spends n bytes of memory.
func (r *run) grow(n int) error {
	if r.made += n; r.made > maxBytes {
		return ErrBudget
	}
	return nil
}

// enter goes one call deeper.
func (r *run) enter() error {
	if r.depth++; r.depth > maxDepth {
		return ErrBudget
	}
	return r.work(1)
}

// scope holds the variables that were set in a part of a template.
type scope struct {
	vars   map[string]any
	parent *scope
}

func (s *scope) inner() *scope { return &scope{parent: s} }

func (s *scope) set(name string, v any) {
	if s.vars == nil {
		s.vars = map[string]any{}
	}
	s.vars[name] = v
}

func (s *scope) get(name string) (any, bool) {
	for ; s != nil; s = s.parent {
		if v, ok := s.vars[name]; ok {
			return v, true
		}
	}
	return nil, false
}

// Render writes the template with variables. Values in it are those that this
// package knows; others are an error where they are used.
func (t *Template) Render(env *Environment, vars map[string]any) (string, error) {
	var out strings.Builder
	r := &run{env: env, out: &out}
	base := &scope{}
	for name, v := range vars {
		base.set(name, v)
	}
	if err := t.body.exec(r, base.inner()); err != nil {
		return "", err
	}
	return out.String(), nil
}

// write appends to the output.
func (r *run) write(text string) error {
	r.out.WriteString(text)
	return r.grow(len(text))
}

// capture is what body writes.
func (r *run) capture(body blockStmts, s *scope) (string, error) {
	old := r.out
	r.out = &strings.Builder{}
	err := body.exec(r, s)
	text := r.out.String()
	r.out = old
	return text, err
}

// locate gives an error its line, unless it has one.
func (a at) locate(err error) error {
	var e *Error
	var l *located
	if err == nil || errors.As(err, &e) || errors.As(err, &l) || errors.Is(err, ErrBudget) || errors.Is(err, errBreak) || errors.Is(err, errContinue) {
		return err
	}
	return &located{a.line, err}
}

// located is an error of a function with the line of its call.
type located struct {
	line int
	err  error
}

func (l *located) Error() string { return fmt.Sprintf("line %d: %v", l.line, l.err) }
func (l *located) Unwrap() error { return l.err }
