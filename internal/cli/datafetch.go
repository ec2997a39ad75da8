package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"olmoeval/catalog"
	"olmoeval/dataset"
	"olmoeval/eval"
	"olmoeval/internal/table"
)

// fetched is one thing that tasks need: what data fetch prints.
type fetched struct {
	Kind     string `json:"kind"` // rows, fewshot, text, command, judge, sandbox, tool, secret
	Name     string `json:"name"`
	Subset   string `json:"subset,omitempty"`
	Split    string `json:"split,omitempty"`
	Revision string `json:"revision,omitempty"`
	Files    string `json:"data_files,omitempty"`
	// Status is fetched, bundled (part of the program), failed, or not_carried.
	Status string `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Command is what to type for what a directory cannot hold.
	Command string `json:"command,omitempty"`

	entry dataset.MirrorEntry
}

func (a *app) dataCommand() *cobra.Command {
	return group("data", "carry data to machines without a network", a.dataFetchCommand())
}

func (a *app) dataFetchCommand() *cobra.Command {
	var to, format string
	k := &asks{dir: a.Dir}
	cmd := &cobra.Command{
		Use:   "fetch SPEC… --to DIR",
		Short: "write a mirror directory with the data that tasks read",
		Long: "Write a directory with the rows and few-shot sets that tasks read. OLMO_EVAL_MIRROR=DIR or --mirror DIR then\n" +
			"serves them without a network. What cannot be carried is listed with the command for each.",
		Example:           "  olmo-eval data fetch gsm8k arc_easy:mc --to ./mirror",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeMany(a.taskSpecs),
		RunE: func(cmd *cobra.Command, args []string) error {
			if to == "" {
				return usage("data fetch needs --to DIR, the directory to write")
			}
			asks := make([]catalog.Ask, len(args))
			for i, s := range args {
				asks[i] = catalog.Ask{Spec: s, Overrides: k.all}
			}
			_, sel, err := a.selection(cmd.Context(), asks)
			if err != nil {
				return err
			}
			return a.dataFetch(cmd.Context(), wanted(sel), a.abs(to), format)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "directory to write; what is in it already is kept")
	k.registerOverrides(cmd)
	addFormat(cmd, &format)
	return cmd
}

// dataFetch carries one thing after the other; what fails does not stop the
// rest.
func (a *app) dataFetch(ctx context.Context, list []*fetched, to, format string) error {
	store := a.store()
	failed := 0
	t := &table.Table{Columns: table.Columns("kind", "name", "subset", "split", "status", "")}
	for _, f := range list {
		var err error
		switch {
		case f.Status != "":
		case f.Kind == "fewshot":
			err = dataset.WriteMirror(ctx, store, nil, []string{f.Name}, nil, to)
		case f.Kind == "text":
			err = dataset.WriteMirror(ctx, store, nil, nil, []string{f.Name}, to)
		default:
			err = dataset.WriteMirror(ctx, store, []dataset.MirrorEntry{f.entry}, nil, nil, to)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch {
		case err != nil:
			failed++
			f.Status, f.Detail = "failed", message(err)
		case f.Status == "":
			f.Status = "fetched"
		}
		if a.global.json {
			if err := a.printJSON(f); err != nil {
				return err
			}
			continue
		}
		a.note("%s %s: %s", f.Kind, strings.TrimSpace(f.Name+" "+f.Subset+" "+f.Split), f.Status)
		t.Add(f.Kind, f.Name, f.Subset, f.Split, f.Status, firstOf(f.Command, f.Detail))
	}
	if !a.global.json {
		if err := a.printTable(t, format); err != nil {
			return err
		}
	}
	if failed > 0 {
		return usage("%d of %d could not be fetched; what was fetched is in %s, and the same command tries again", failed, len(list), a.defined(to))
	}
	a.note("use it: OLMO_EVAL_MIRROR=%s", a.defined(to))
	return nil
}

// wanted lists what a selection needs, each thing once, in order.
func wanted(sel *catalog.Selection) []*fetched {
	var out []*fetched
	seen := map[string]bool{}
	add := func(f *fetched) {
		key := fmt.Sprint(f.Kind, "\x00", f.Name, "\x00", f.Subset, "\x00", f.Split, "\x00", f.Files, "\x00", f.Revision)
		if !seen[key] {
			seen[key] = true
			out = append(out, f)
		}
	}
	for i := range sel.Tasks {
		t := &sel.Tasks[i].Task
		for _, split := range t.Selection().Splits {
			add(rowsOf(t.Source, split))
		}
		switch {
		case t.Fewshot.Num == 0:
		case t.Fewshot.Set != "":
			add(&fetched{Kind: "fewshot", Name: t.Fewshot.Set})
		default:
			add(rowsOf(t.Source, firstOf(t.Fewshot.Split, t.Split)))
		}
		if p, ok := t.Prompt.(eval.TextFormatter); ok {
			for _, name := range p.Texts() {
				add(&fetched{Kind: "text", Name: name})
			}
		}
		for _, f := range notCarried(&sel.Tasks[i]) {
			add(f)
		}
	}
	return out
}

// rowsOf is one split of a source.
func rowsOf(s eval.Source, split string) *fetched {
	f := &fetched{Kind: "rows", Name: s.Path, Subset: s.Subset, Split: split, Revision: s.Revision, Files: s.DataFiles}
	f.entry = dataset.MirrorEntry{Source: s, Split: split}
	switch s.Kind() {
	case eval.SourceBundled:
		f.Status, f.Detail = "bundled", "part of the program"
	case eval.SourceExec:
		f.Kind, f.Name, f.Status = "command", strings.Join(s.Command, " "), "not_carried"
		f.Detail = "a program writes these rows; install it where the run will be"
	}
	return f
}

// notCarried lists needs of a task that are no data.
func notCarried(s *catalog.Selected) []*fetched {
	var out []*fetched
	add := func(kind, name, command string) {
		out = append(out, &fetched{Kind: kind, Name: name, Status: "not_carried", Detail: "task " + s.Label + " needs it", Command: command})
	}
	n := s.Task.Needs
	if n.Judge != "" {
		add("judge", n.Judge, "serve it where the run will be, then: olmo-eval run … -t "+s.Spec+" -o judge="+n.Judge+",base_url=http://HOST:8000/v1")
	}
	for _, c := range n.Sandbox {
		add("sandbox", c, "olmo-eval doctor")
	}
	for _, c := range n.Tools {
		add("tool", c, "olmo-eval doctor")
	}
	for _, c := range n.Secrets {
		add("secret", c, "export "+c+"=…")
	}
	return out
}
