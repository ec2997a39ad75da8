package cli

import (
	"context"

	"olmoeval/internal/journal"
)

func (a *app) oneRun(text string) (*journal.Reader, error) { return nil, usage("no find yet") }
func (a *app) compareWith(ctx context.Context, f *runFlags, res *journal.Result) error { return nil }
func (a *app) compareDirs(ctx context.Context, x, y, format string) error { return nil }
