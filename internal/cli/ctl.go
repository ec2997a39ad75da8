package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"olmoeval/internal/ctl"
	"olmoeval/internal/nearest"
)

func (a *app) ctlCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "ctl [RUN] [status|pause|resume|concurrency N|cancel]",
		Short: "watch or steer a run that is under way on this machine",
		Long: "Watch or steer a run that is under way on this machine, started by the same user.\n\n" +
			"RUN is an id or the beginning or end of one; the only live run need not be named.\n" +
			"pause lets no more requests out, resume lets them out again. concurrency N has at most N\n" +
			"requests in flight from now on, concurrency 0 leaves the number to the program again.\n" +
			"cancel stops the run as Ctrl-C does: the command that started it resumes it.",
		Example: "  olmo-eval ctl\n  olmo-eval ctl pause\n  olmo-eval ctl 01995d6e concurrency 256",
		Args:    cobra.MaximumNArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			run, r, err := ctlRequest(args)
			if err != nil {
				return err
			}
			r.Reason = reason
			return a.ctl(cmd.Context(), run, r)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return ctl.Verbs(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "with cancel: why, for the run's events")
	return cmd
}

// ctlRequest reads the arguments: a run, if the first is no verb, and what to do.
func ctlRequest(args []string) (run string, r ctl.Request, err error) {
	r.Verb = ctl.VerbStatus
	if len(args) > 0 && !slices.Contains(ctl.Verbs(), args[0]) {
		run, args = args[0], args[1:]
		if len(args) == 0 && strings.Trim(run, "0123456789abcdef-") != "" {
			return "", r, unknownVerb(run) // no part of an id
		}
	}
	if len(args) > 0 {
		r.Verb, args = args[0], args[1:]
	}
	switch {
	case !slices.Contains(ctl.Verbs(), r.Verb):
		return "", r, unknownVerb(r.Verb)
	case r.Verb == ctl.VerbConcurrency:
		if len(args) != 1 {
			return "", r, usage("ctl concurrency: want a number, for example: olmo-eval ctl concurrency 128")
		}
		r.N, err = strconv.Atoi(args[0])
		if err != nil || r.N < 0 {
			return "", r, usage("ctl concurrency %s: want a number from 1, or 0 to leave it to the program", args[0])
		}
	case len(args) > 0:
		return "", r, usage("ctl %s takes no %q", r.Verb, args[0])
	}
	return run, r, nil
}

func unknownVerb(verb string) error {
	return usage("ctl does not know %q%s; it knows %s", verb, nearest.Hint(verb, ctl.Verbs()), strings.Join(ctl.Verbs(), ", "))
}

// ctl does something with the live run meant; status without a run is of all.
func (a *app) ctl(ctx context.Context, run string, r ctl.Request) error {
	dir, err := ctl.Dir(a.Getenv)
	if err != nil {
		return usage("%w", err)
	}
	ids, err := ctl.Live(ctx, dir)
	if err != nil {
		return err
	}
	ids, err = meant(ids, run, r.Verb)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := a.ctlOne(ctx, dir, id, r); err != nil {
			return err
		}
	}
	return nil
}

// meant picks among the live runs.
func meant(ids []string, run, verb string) ([]string, error) {
	if run != "" {
		all := ids
		ids = nil
		for _, id := range all {
			if strings.HasPrefix(id, run) || strings.HasSuffix(id, run) {
				ids = append(ids, id)
			}
		}
		if len(ids) == 0 && len(all) > 0 {
			return nil, usage("no live run is called %s; live: %s", run, strings.Join(all, ", "))
		}
	}
	switch {
	case len(ids) == 0:
		return nil, usage("no run of this user is live on this machine; olmo-eval runs lists those that were")
	case len(ids) > 1 && verb != ctl.VerbStatus:
		return nil, usage("%d runs are live; say which: %s", len(ids), strings.Join(ids, ", "))
	}
	return ids, nil
}

func (a *app) ctlOne(ctx context.Context, dir, id string, r ctl.Request) error {
	c, err := ctl.Dial(ctx, dir, id)
	if err != nil {
		return usage("%w", err)
	}
	defer func() { _ = c.Close() }()
	s, err := c.Do(ctx, r)
	if err != nil {
		return err
	}
	if a.global.json {
		return a.printJSON(s)
	}
	_, err = fmt.Fprint(a.Stdout, statusText(&s, time.Now()))
	return err
}

// statusText is a status for people.
func statusText(s *ctl.Status, now time.Time) string {
	var b strings.Builder
	state := "running"
	switch {
	case s.Cancelled:
		state = "ending"
	case s.Paused:
		state = "paused"
	case s.Held != nil:
		state = fmt.Sprintf("waiting %s, as the server asks", s.Held.Sub(now).Round(time.Second))
	}
	fmt.Fprintf(&b, "run %s  %s  %s\n", s.RunID, s.Model, state)
	share := ""
	if s.Total > 0 {
		share = fmt.Sprintf(" (%.0f %%)", 100*float64(s.Done)/float64(s.Total))
	}
	fmt.Fprintf(&b, "  done       %d/%d%s", s.Done, s.Total, share)
	if s.PerS != nil {
		fmt.Fprintf(&b, "  %.1f/s", *s.PerS)
	}
	if s.TokensPerS != nil {
		fmt.Fprintf(&b, "  %.0f tokens/s", *s.TokensPerS)
	}
	if s.ETAS != nil && !s.Paused {
		fmt.Fprintf(&b, "  ETA %s", time.Duration(*s.ETAS*float64(time.Second)).Round(time.Second))
	}
	fmt.Fprintf(&b, "\n  in flight  %d of %d places (at most %d), %d waiting\n", s.InFlight, s.Places, s.Top, s.Waiting)
	fmt.Fprintf(&b, "  retries    %s\n", kinds(s.Retries))
	fmt.Fprintf(&b, "  failed     %s\n", kinds(s.Failures))
	if s.CostUSD > 0 {
		fmt.Fprintf(&b, "  cost       $%.2f\n", s.CostUSD)
	}
	return b.String()
}

// kinds spells counts, most first.
func kinds(m map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(m), func(x, y string) int {
		if m[x] != m[y] {
			return int(m[y] - m[x])
		}
		return strings.Compare(x, y)
	})
	if len(names) == 0 {
		return "none"
	}
	for i, n := range names {
		names[i] = fmt.Sprintf("%s %d", n, m[n])
	}
	return strings.Join(names, ", ")
}
