package starfile

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"go.starlark.net/starlark"

	"olmoeval/eval"
	"olmoeval/internal/hook"
)

// sourceModule is source(path, …) and source.exec(command).
type sourceModule struct{ l *loader }

var (
	_ starlark.Callable = (*sourceModule)(nil)
	_ starlark.HasAttrs = (*sourceModule)(nil)
)

func (m *sourceModule) String() string        { return "<source>" }
func (m *sourceModule) Name() string          { return "source" }
func (m *sourceModule) Type() string          { return "source" }
func (m *sourceModule) Freeze()               {}
func (m *sourceModule) Truth() starlark.Bool  { return true }
func (m *sourceModule) Hash() (uint32, error) { return 0, errors.New("unhashable type: source") }
func (m *sourceModule) AttrNames() []string   { return []string{"exec"} }

func (m *sourceModule) Attr(name string) (starlark.Value, error) {
	if name == "exec" {
		return starlark.NewBuiltin("source.exec", m.exec), nil
	}
	return nil, nil
}

// CallInternal is source(path, subset=, revision=, data_files=).
func (m *sourceModule) CallInternal(t *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) > 1 {
		return nil, errors.New("source: only the path may stand without a keyword")
	}
	var s eval.Source
	parts := map[string]string{}
	err := eachArg("source", []string{"path", "subset", "revision", "data_files"}, args, kwargs, func(key string, v starlark.Value) (err error) {
		if key == "path" {
			s, err = m.l.sourceArg(t, v)
			return err
		}
		parts[key], err = textArg(key, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.Path == "" {
		return nil, errors.New("source: path is missing")
	}
	for key, to := range map[string]*string{"subset": &s.Subset, "revision": &s.Revision, "data_files": &s.DataFiles} {
		v, ok := parts[key]
		if ok && *to != "" {
			return nil, fmt.Errorf("source: %s is given twice, in the path and as an argument", key)
		}
		if ok {
			*to = v
		}
	}
	return &made{"source", s}, nil
}

// sourceArg reads a source or its path; a local path is relative to the file.
func (l *loader) sourceArg(t *starlark.Thread, v starlark.Value) (eval.Source, error) {
	text, ok := starlark.AsString(v)
	if !ok {
		return unwrap[eval.Source]("source", v)
	}
	s, split, err := eval.ParseSource(text)
	if err != nil {
		return s, err
	}
	if split != "" {
		return s, fmt.Errorf("source %q: give the split as split=%q", text, split)
	}
	if s.Kind() == eval.SourceLocal {
		s.Path = l.relative(t, s.Path)
	}
	return s, nil
}

// relative makes a path that is relative to the file in which the call stands
// relative to the working directory.
func (l *loader) relative(t *starlark.Thread, path string) string {
	if filepath.IsAbs(path) || strings.HasPrefix(path, "~") {
		return path
	}
	joined := filepath.Join(l.dir(t), path)
	if filepath.IsAbs(joined) || strings.HasPrefix(joined, "../") {
		return joined
	}
	return "./" + joined
}

// exec is source.exec(command): a process that writes the rows of one split as
// JSON Lines to stdout and ends; {split} in an argument is replaced, and
// OLMO_EVAL_SPLIT in its environment says it too (see package dataset).
func (m *sourceModule) exec(t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := m.l.loading("source.exec"); err != nil {
		return nil, err
	}
	cmd := hook.Command{Dir: m.l.dir(t)}
	err := eachArg("source.exec", []string{"command"}, args, kwargs, func(key string, v starlark.Value) (err error) {
		cmd.Args, err = textsArg(key, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(cmd.Args) == 0 || cmd.Args[0] == "" {
		return nil, errors.New(`source.exec: want a command, such as ["python3", "rows.py"]`)
	}
	m.l.commands = append(m.l.commands, cmd)
	// The process runs in the working directory, so its files are named from there.
	files := cmd.Files()
	s := eval.Source{Command: make([]string, len(cmd.Args))}
	for i, a := range cmd.Args {
		s.Command[i] = a
		for _, f := range files {
			if f == filepath.Join(cmd.Dir, a) {
				s.Command[i] = m.l.relative(t, a)
			}
		}
	}
	return &made{"source.exec", s}, nil
}
