package starfile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"olmoeval/eval"
	"olmoeval/internal/hook"
)

// Env is what a file is loaded into.
type Env struct {
	// Base is what is registered already: variants of its tasks are tried while
	// the file loads, so that a change that does not fit is an error there.
	Base eval.Set
	// Print gets what print() says, with file:line; nil drops it.
	Print func(string)
}

// maxFile bounds a file in bytes.
const maxFile = 1 << 20

// loader is one Load under way.
type loader struct {
	ctx      context.Context
	env      Env
	prog     *program
	main     *starlark.Thread
	names    starlark.StringDict
	modules  map[string]*loadedModule
	sources  []sourceText // in the order they were read
	commands []hook.Command
	pools    map[string]*hook.Pool
	frozen   []starlark.Value

	tasks    map[string]*registeredTask
	order    []string
	variants []*registeredVariant
	suites   []eval.Suite
	suiteAt  map[string]string
	loaded   bool
	digest   string
}

type loadedModule struct {
	globals starlark.StringDict
	err     error
	done    bool
}

type sourceText struct {
	path string
	src  []byte
}

// Load reads a benchmark file: src if it is not nil, else the file at path.
// Paths in the file are relative to its directory; path also stands in error
// messages, which begin with file:line:col. External processes of the file live
// until ctx ends.
func Load(ctx context.Context, path string, src []byte, env Env) (eval.Set, error) {
	l := &loader{
		ctx: ctx, env: env, prog: newProgram(path, env.Print),
		modules: map[string]*loadedModule{}, pools: map[string]*hook.Pool{},
		tasks: map[string]*registeredTask{}, suiteAt: map[string]string{},
	}
	l.names = l.predeclared()
	l.main = l.thread(path)
	if src == nil {
		var err error
		if src, err = readSource(path); err != nil {
			return eval.Set{}, err
		}
	}
	globals, err := l.exec(l.main, path, src)
	if err != nil {
		return eval.Set{}, l.explain(err)
	}
	l.loaded = true
	globals.Freeze()
	for _, v := range l.frozen {
		v.Freeze()
	}
	if l.digest, err = l.codeDigest(); err != nil {
		return eval.Set{}, fmt.Errorf("%s: %w", path, err)
	}
	return l.set()
}

// thread makes a thread that stops with the context and after many steps.
func (l *loader) thread(path string) *starlark.Thread {
	t := &starlark.Thread{Name: path, Print: printer(l.env.Print), Load: l.load}
	t.SetMaxExecutionSteps(loadSteps)
	return t
}

// registers reports whether what the thread defines belongs to the file: what a
// load()ed file defines is registered when that file itself is loaded.
func (l *loader) registers(t *starlark.Thread) bool { return t == l.main }

func readSource(path string) ([]byte, error) {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no file %s", path)
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", path)
	case st.Size() > maxFile:
		return nil, tooLarge(path, st.Size())
	}
	return os.ReadFile(path)
}

func tooLarge(path string, size int64) error {
	return fmt.Errorf("%s has %d bytes; a benchmark file has at most %d: keep rows in a data file", path, size, maxFile)
}

// dialect is Starlark with what people used to Python expect; recursion stays
// out, as it could not be bounded.
func dialect() *syntax.FileOptions {
	return &syntax.FileOptions{Set: true, While: true, TopLevelControl: true, GlobalReassign: true}
}

func (l *loader) exec(t *starlark.Thread, path string, src []byte) (starlark.StringDict, error) {
	if len(src) > maxFile {
		return nil, tooLarge(path, int64(len(src)))
	}
	l.sources = append(l.sources, sourceText{path, src})
	stop := context.AfterFunc(l.ctx, func() { t.Cancel(l.ctx.Err().Error()) })
	defer stop()
	return starlark.ExecFileOptions(dialect(), t, path, src, l.names)
}

// load is load("other.star", "name"), relative to the loading file.
func (l *loader) load(t *starlark.Thread, name string) (starlark.StringDict, error) {
	if filepath.Ext(name) != ".star" {
		return nil, &locatedError{fmt.Sprintf("%s: load: %q is no .star file", l.callAt(t), name), nil}
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(t.Name), name)
	}
	m, ok := l.modules[path]
	if ok && !m.done {
		return nil, &locatedError{fmt.Sprintf("%s: load: %s loads itself", l.callAt(t), name), nil}
	}
	if ok {
		return m.globals, m.err
	}
	m = &loadedModule{}
	l.modules[path] = m
	src, err := readSource(path)
	if err != nil {
		m.err = &locatedError{fmt.Sprintf("%s: load: %v", l.callAt(t), err), err}
	} else if m.globals, err = l.exec(l.thread(path), path, src); err != nil {
		m.err = l.explain(err)
	}
	m.done = true
	return m.globals, m.err
}

// callAt is file:line:col of a load statement under way.
func (l *loader) callAt(t *starlark.Thread) string {
	if t.CallStackDepth() == 0 {
		return t.Name
	}
	return t.CallFrame(0).Pos.String()
}

// codeDigest covers everything the file's functions and processes are made of.
func (l *loader) codeDigest() (string, error) {
	h := sha256.New()
	for _, s := range l.sources {
		sum := sha256.Sum256(s.src)
		h.Write(sum[:])
	}
	for _, c := range l.commands {
		d, err := c.Digest()
		if err != nil {
			return "", err
		}
		h.Write([]byte(d))
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
