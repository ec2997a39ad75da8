package starfile

import (
	"fmt"
	"math"
	"sync"

	"go.starlark.net/starlark"
)

// Bounds on execution steps: about a second of work.
const (
	loadSteps = 100_000_000
	callSteps = 10_000_000
)

// program is one loaded file: what its functions need to be called later.
type program struct {
	path    string
	print   func(string) // nil drops
	threads sync.Pool
}

func newProgram(path string, print func(string)) *program {
	p := &program{path: path, print: print}
	p.threads.New = func() any { return &starlark.Thread{Name: path, Print: printer(print)} }
	return p
}

func printer(print func(string)) func(*starlark.Thread, string) {
	return func(t *starlark.Thread, msg string) {
		if print == nil {
			return
		}
		if t.CallStackDepth() > 1 {
			msg = t.CallFrame(1).Pos.String() + ": " + msg
		}
		print(msg)
	}
}

// function is a callable of the file, with how many arguments it takes.
type function struct {
	prog  *program
	fn    starlark.Callable
	nargs int
}

// call calls it with the first nargs of args. It may be called by many
// goroutines once the file is loaded.
func (f *function) call(args ...starlark.Value) (starlark.Value, error) {
	t := f.prog.threads.Get().(*starlark.Thread)
	steps := uint64(callSteps)
	if now := t.ExecutionSteps(); now < math.MaxUint64-steps {
		t.SetMaxExecutionSteps(now + steps)
	}
	v, err := starlark.Call(t, f.fn, starlark.Tuple(args[:f.nargs]), nil)
	if err != nil {
		return nil, explain(err) // the thread may be cancelled: it is not used again
	}
	f.prog.threads.Put(t)
	return v, nil
}

// where is file:line of the function, for messages.
func (f *function) where() string {
	if fn, ok := f.fn.(*starlark.Function); ok {
		pos := fn.Position()
		return fmt.Sprintf("%s:%d", pos.Filename(), pos.Line)
	}
	return f.prog.path
}

// function checks that v can be called with between least and most positional
// arguments, and remembers it to be frozen when the file is loaded.
func (l *loader) function(what string, v starlark.Value, least, most int) (*function, error) {
	c, ok := v.(starlark.Callable)
	if !ok {
		return nil, fmt.Errorf("%s: want a function, got %s", what, v.Type())
	}
	n := least
	if fn, ok := v.(*starlark.Function); ok {
		required := fn.NumParams() - fn.NumKwonlyParams()
		if fn.HasVarargs() {
			required--
		}
		if fn.HasKwargs() {
			required--
		}
		optional := 0
		for i := range required {
			if fn.ParamDefault(i) != nil {
				optional++
			}
		}
		n = min(required, most)
		if fn.HasVarargs() {
			n = most
		}
		if required-optional > most || n < least {
			want := fmt.Sprint(least)
			if most > least {
				want = fmt.Sprintf("%d to %d", least, most)
			}
			return nil, fmt.Errorf("%s: function %s takes %d arguments, want %s", what, fn.Name(), required, want)
		}
	}
	l.frozen = append(l.frozen, v)
	return &function{prog: l.prog, fn: c, nargs: n}, nil
}
