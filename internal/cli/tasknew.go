package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"olmoeval/eval"
	"olmoeval/starfile"
)

// newTask is what task new prints.
type newTask struct {
	Path string `json:"path"`
	// Rows is the file of sample rows written beside it, null with --from.
	Rows *string `json:"rows"`
	Next string  `json:"next"`
}

func (a *app) taskNewCommand() *cobra.Command {
	var from, dir string
	cmd := &cobra.Command{
		Use:   "new NAME [--from ROWS]",
		Short: "write a commented benchmark file to start from",
		Example: `  olmo-eval task new my_task
  olmo-eval task new my_task --from rows.jsonl`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.taskNew(cmd.Context(), args[0], from, dir)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "data of the benchmark: a file or any data source; its first row says which fields there are")
	cmd.Flags().StringVar(&dir, "dir", "", "folder to write to (default the first of OLMO_EVAL_PATH, path: of olmo-eval.yaml, ./evals)")
	return cmd
}

func (a *app) taskNew(ctx context.Context, name, from, dir string) error {
	if dir == "" {
		folders, err := a.folders()
		if err != nil {
			return err
		}
		dir = folders[0]
	}
	dir = a.abs(dir)
	src, err := a.newFile(ctx, name, from, dir)
	if err != nil {
		return asUsage(err)
	}
	r, err := a.registry(ctx)
	if err != nil {
		return err
	}
	if t, ok := r.Task(name); ok {
		return usage("task %q exists already (%s); choose another name", name, a.defined(t.Defined))
	}
	if s, ok := r.Suite(name); ok {
		return usage("%q is a suite already (%s); choose another name", name, a.defined(s.Defined))
	}
	path := filepath.Join(dir, name+".star")
	// What is written must load; a file that does not would hide all others.
	if _, err := starfile.Load(ctx, path, src, starfile.Env{}); err != nil {
		return fmt.Errorf("the new file does not load: %w", err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return asUsage(err)
	}
	if err := writeNew(path, src); err != nil {
		return asUsage(err)
	}
	out := newTask{Path: a.defined(path), Next: "olmo-eval task check " + a.defined(path)}
	if from == "" {
		rows := filepath.Join(dir, name+".jsonl")
		switch err := writeNew(rows, starfile.SampleRows()); {
		case errors.Is(err, fs.ErrExist):
			a.note("%s exists already and is read as it is", a.defined(rows))
		case err != nil:
			return asUsage(err)
		default:
			out.Rows = textOrNil(a.defined(rows))
		}
	}
	if a.global.json {
		return a.printJSON(out)
	}
	fmt.Fprintln(a.Stdout, out.Path)
	if out.Rows != nil {
		fmt.Fprintf(a.Stdout, "%s (sample rows; put your own in their place)\n", *out.Rows)
	}
	fmt.Fprintf(a.Stdout, "next: %s\n", out.Next)
	return nil
}

// newFile is the text of the file; a local path of rows is relative to the
// working directory.
func (a *app) newFile(ctx context.Context, name, from, dir string) ([]byte, error) {
	if from == "" {
		return starfile.NewFile(ctx, name, dir, "", nil)
	}
	s, _, err := eval.ParseSource(from)
	if err != nil {
		return nil, err
	}
	if s.Kind() == eval.SourceLocal {
		from = a.abs(from)
	}
	return starfile.NewFile(ctx, name, dir, from, a.store())
}

// writeNew writes a file that must not be there yet.
func writeNew(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already and is not overwritten: %w", path, fs.ErrExist)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}
