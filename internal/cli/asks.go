package cli

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"olmoeval/catalog"
	"olmoeval/internal/dotted"
)

// asks collects -t, -H and -o in the order they stand on the command line: an
// override binds to the nearest -t or -H before it; before the first of them it
// reaches every task.
type asks struct {
	tasks     []catalog.Ask
	harnesses []harnessAsk
	all       []dotted.Override
	last      byte // 't' or 'H', 0 before either
	dir       string
}

type harnessAsk struct {
	Name      string
	Overrides []dotted.Override
}

// register adds the flags to a command; harness says whether it takes -H.
func (k *asks) register(f *pflag.FlagSet, harness bool) {
	f.VarP(&askFlag{k, 't'}, "task", "t", "task, suite or file to run: task[:variant…], suite, suite:variant, ./file.star[#name], ./rows.jsonl (repeatable)")
	f.VarP(&askFlag{k, 'o'}, "override", "o", "key=value for the -t (or -H) before it; before any, for every task (repeatable)")
	if harness {
		f.VarP(&askFlag{k, 'H'}, "harness", "H", "harness: a name or a YAML file (repeatable)")
	}
}

type askFlag struct {
	*asks
	kind byte
}

func (f *askFlag) String() string { return "" }
func (f *askFlag) Type() string {
	return map[byte]string{'t': "SPEC", 'o': "KEY=VALUE", 'H': "NAME|FILE"}[f.kind]
}

func (f *askFlag) Set(v string) error {
	switch f.kind {
	case 't':
		if strings.TrimSpace(v) == "" {
			return usage("-t: empty task spec")
		}
		f.tasks = append(f.tasks, catalog.Ask{Spec: v})
		f.last = 't'
	case 'H':
		f.harnesses = append(f.harnesses, harnessAsk{Name: v})
		f.last = 'H'
	case 'o':
		o, err := f.override(v)
		if err != nil {
			return err
		}
		switch f.last {
		case 't':
			t := &f.tasks[len(f.tasks)-1]
			t.Overrides = append(t.Overrides, o)
		case 'H':
			h := &f.harnesses[len(f.harnesses)-1]
			h.Overrides = append(h.Overrides, o)
		default:
			f.all = append(f.all, o)
		}
	}
	return nil
}

// override parses one -o; a value @FILE is the file's text.
func (k *asks) override(text string) (dotted.Override, error) {
	o, err := dotted.Parse(text)
	if err != nil {
		return o, err
	}
	file, ok := strings.CutPrefix(o.Raw, "@")
	if !ok || file == "" {
		return o, nil
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(k.dir, file)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return o, usage("-o %s: %w", o.Key(), err)
	}
	o.Value, o.Raw = string(b), string(b)
	return o, nil
}

// selected are the tasks with the overrides for all of them put first.
func (k *asks) selected() []catalog.Ask {
	out := make([]catalog.Ask, len(k.tasks))
	for i, t := range k.tasks {
		out[i] = catalog.Ask{Spec: t.Spec, Overrides: append(append([]dotted.Override(nil), k.all...), t.Overrides...)}
	}
	return out
}
