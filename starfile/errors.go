package starfile

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"olmoeval/internal/nearest"
)

// explain turns an error of the interpreter into one line that begins with
// file:line:col of where it happened, and ends with the frames that led there.
func (l *loader) explain(err error) error {
	var list resolve.ErrorList
	if !errors.As(err, &list) || len(list) == 0 {
		return explain(err)
	}
	msg := list[0].Msg
	if name, ok := strings.CutPrefix(msg, "undefined: "); ok {
		name, _, _ = strings.Cut(name, " ")
		if n, ok := nearest.Name(name, append(sortedKeys(l.names), sortedKeys(starlark.Universe)...)); ok {
			msg = fmt.Sprintf("undefined: %s; did you mean %q?", name, n)
		}
	}
	more := ""
	if len(list) > 1 {
		more = fmt.Sprintf(" (and %d more errors)", len(list)-1)
	}
	return &locatedError{fmt.Sprintf("%s: %s%s", list[0].Pos, msg, more), err}
}

// explain is for errors of calls.
func explain(err error) error {
	var located *locatedError
	if errors.As(err, &located) {
		return located
	}
	var parse syntax.Error
	if errors.As(err, &parse) {
		return &locatedError{fmt.Sprintf("%s: %s", parse.Pos, parse.Msg), err}
	}
	var eval *starlark.EvalError
	if errors.As(err, &eval) {
		return &locatedError{explainCall(eval), err}
	}
	return err
}

// locatedError is an error whose text already says where.
type locatedError struct {
	text  string
	cause error
}

func (e *locatedError) Error() string { return e.text }
func (e *locatedError) Unwrap() error { return e.cause }

func explainCall(err *starlark.EvalError) string {
	msg := oneLine(err.Msg)
	if strings.Contains(msg, "cancelled: too many steps") {
		msg = "stopped after too many steps: is this an endless loop?"
	}
	msg = strings.TrimPrefix(msg, "Starlark computation cancelled: ")
	// A failing load() already says where inside the other file.
	var inner *locatedError
	if errors.As(err.Unwrap(), &inner) {
		msg = inner.text
	}
	var frames []string
	for i := len(err.CallStack) - 1; i >= 0; i-- {
		f := err.CallStack[i]
		if !f.Pos.IsValid() || f.Pos.Line == 0 {
			continue // a builtin
		}
		frames = append(frames, fmt.Sprintf("%s in %s", f.Pos, f.Name))
	}
	if len(frames) == 0 {
		return msg
	}
	first, rest := frames[0], frames[1:]
	pos, in, _ := strings.Cut(first, " in ")
	if in != "<toplevel>" {
		msg = "in " + in + ": " + msg
	}
	s := pos + ": " + msg
	if len(rest) > 0 {
		s += " (called from " + strings.Join(rest, ", ") + ")"
	}
	return s
}

func oneLine(s string) string {
	if !strings.ContainsAny(s, "\n\r") {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}
