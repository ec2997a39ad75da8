package cli

import (
	"fmt"
	"time"

	"olmoeval/internal/engine"
)

// watch prints progress until the returned function is called: one line that
// redraws itself on a terminal, a line every ten seconds elsewhere, nothing
// with --quiet.
func (a *app) watch(p *engine.Progress) (stop func()) {
	if a.global.quiet {
		return func() {}
	}
	every := 10 * time.Second
	if a.TTY {
		every = 500 * time.Millisecond
	}
	quit, ended := make(chan struct{}), make(chan struct{})
	begin := time.Now()
	before := p.Done.Load()
	line := func() string { return progressLine(p, before, time.Since(begin)) }
	go func() {
		defer close(ended)
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-quit:
				return
			case <-t.C:
				if p.Total.Load() == 0 {
					continue // a server starts, or runs are read
				}
				if a.TTY {
					fmt.Fprintf(a.Stderr, "\r\033[K%s", line())
				} else {
					fmt.Fprintln(a.Stderr, line())
				}
			}
		}
	}()
	return func() {
		close(quit)
		<-ended
		if a.TTY {
			fmt.Fprint(a.Stderr, "\r\033[K")
		}
		if p.Total.Load() > 0 {
			fmt.Fprintln(a.Stderr, line())
		}
	}
}

// progressLine is rate, time left, tokens a second and failures.
func progressLine(p *engine.Progress, before int64, spent time.Duration) string {
	done, total, failed := p.Done.Load(), p.Total.Load(), p.Failed.Load()
	secs := max(spent.Seconds(), 1e-3)
	rate := float64(done-before) / secs
	s := fmt.Sprintf("%d/%d", done, total)
	if total > 0 {
		s += fmt.Sprintf(" (%.0f %%)", 100*float64(done)/float64(total))
	}
	s += fmt.Sprintf("  %.1f/s", rate)
	if left := total - done; left > 0 && rate > 0 {
		s += "  ETA " + (time.Duration(float64(left)/rate) * time.Second).Round(time.Second).String()
	}
	if tokens := p.Tokens.Load(); tokens > 0 {
		s += fmt.Sprintf("  %.0f tokens/s", float64(tokens)/secs)
	}
	return s + fmt.Sprintf("  %d failed", failed)
}
