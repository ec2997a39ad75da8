package cli

import (
	"context"
	"fmt"
	"iter"

	"olmoeval/catalog"
	"olmoeval/internal/textdiff"
)

// inspectedDiff is how the requests of two specs differ for one instance: what
// task inspect --diff prints.
type inspectedDiff struct {
	Spec  string `json:"spec"`
	Other string `json:"diff_spec"`
	Index int    `json:"index"`
	// SameItem says whether both ask the same question.
	SameItem bool `json:"same_item"`
	// Diff is a unified diff, "" if the requests are equal.
	Diff string `json:"diff"`
}

// inspectDiff pairs the tasks of both sides in order, and their instances by
// index.
func (a *app) inspectDiff(ctx context.Context, f *inspectFlags, specs []string) error {
	other := f.selected()[0]
	_, left, err := a.selection(ctx, f.inspectAsks(specs))
	if err != nil {
		return err
	}
	_, right, err := a.selection(ctx, []catalog.Ask{other})
	if err != nil {
		return err
	}
	if len(left.Tasks) != len(right.Tasks) && len(right.Tasks) != 1 {
		return usage("--diff %s has %d tasks, to be compared with %d: want as many, or one", other.Spec, len(right.Tasks), len(left.Tasks))
	}
	for i := range left.Tasks {
		r := &right.Tasks[0]
		if len(right.Tasks) > 1 {
			r = &right.Tasks[i]
		}
		if err := a.diffTask(ctx, f, &left.Tasks[i], r); err != nil {
			return dataError(ctx, err)
		}
	}
	return nil
}

func (a *app) diffTask(ctx context.Context, f *inspectFlags, l, r *catalog.Selected) error {
	next, stop := iter.Pull2(a.inspectedOf(ctx, f, r))
	defer stop()
	found, differ := 0, 0
	for x, err := range a.inspectedOf(ctx, f, l) {
		if err != nil {
			return err
		}
		y, err, ok := next()
		if err != nil {
			return err
		}
		if !ok {
			a.note("task %s has no instance %d", r.Label, x.Index)
			break
		}
		found++
		d := newDiff(x, y)
		if d.Diff != "" {
			differ++
		}
		if err := a.printDiff(d); err != nil {
			return err
		}
	}
	if found == 0 {
		a.note("no instance after the first %d to compare", f.skip)
	} else {
		a.note("%d of %d requests of %s and %s differ", differ, found, l.Label, r.Label)
	}
	return nil
}

func newDiff(x, y *inspected) *inspectedDiff {
	name := func(side string, x *inspected) string { return fmt.Sprintf("%s/%s instance %d", side, x.Spec, x.Index) }
	return &inspectedDiff{
		Spec: x.Spec, Other: y.Spec, Index: x.Index, SameItem: x.Instance.digest == y.Instance.digest,
		Diff: textdiff.Unified(name("a", x), name("b", y), x.requestText(), y.requestText()),
	}
}

func (a *app) printDiff(d *inspectedDiff) error {
	if a.global.json {
		return a.printJSON(d)
	}
	if !d.SameItem {
		a.note("instance %d of %s and of %s are different questions", d.Index, d.Spec, d.Other)
	}
	_, err := fmt.Fprint(a.Stdout, d.Diff)
	return err
}
