package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"olmoeval/catalog"
	"olmoeval/internal/engine"
	"olmoeval/internal/journal"
	"olmoeval/internal/modelspec"
)

func (a *app) runCommand() *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run -m MODEL… -t SPEC… [-o KEY=VALUE…]",
		Short: "run benchmarks on models; the same command resumes",
		Example: `  olmo-eval run -m mock:acc=0.6 -t demo
  olmo-eval run -m my-ckpt,base_url=http://127.0.0.1:8000/v1 -t gsm8k -o limit=100 -t arc_easy:mc`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			return a.run(cmd.Context(), f)
		},
	}
	f.dir = a.Dir
	f.register(cmd)
	return cmd
}

// run makes one run for each model and harness. A failure stops only what needs
// it; the highest exit code wins.
func (a *app) run(ctx context.Context, f *runFlags) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	if err := a.findBase(f); err != nil {
		return err
	}
	like, err := a.likeRun(f)
	if err != nil {
		return err
	}
	sel, err := a.toRun(ctx, f)
	if err != nil {
		return err
	}
	models, err := a.models(f.models)
	if err != nil && !f.dryRun {
		return err
	}
	modelErr := err
	harnesses, err := a.harnesses(f.harnesses)
	if err != nil {
		return err
	}
	if !f.dryRun {
		end, err := a.beginTelling(&f.measureFlags)
		if err != nil {
			return err
		}
		defer end()
	}
	var worst error
	if f.dryRun && modelErr != nil {
		return a.dryRun(ctx, f, sel, nil, harnesses[0], modelErr)
	}
	for _, m := range models {
		for _, h := range harnesses {
			err := a.runOne(ctx, f, sel, m, h, like)
			worst = worse(ctx, worst, err)
			if err != nil && len(models)*len(harnesses) > 1 && ctx.Err() == nil {
				a.note("olmo-eval: model %s: %s", m.Name, message(err))
			}
			if ctx.Err() != nil || f.budget.Used() != nil {
				return worst
			}
		}
	}
	return worst
}

// toRun is the selection of a run. What suites lack is refused with a hint (a dry
// run lists it with all else that is missing), or left out with
// --allow-incomplete.
func (a *app) toRun(ctx context.Context, f *runFlags) (*catalog.Selection, error) {
	reg, sel, err := a.partialSelection(ctx, f.selected())
	if err != nil {
		return nil, err
	}
	f.works = reg.works
	if f.allowMissing {
		return a.withoutMissing(sel, f)
	}
	if len(sel.Missing) > 0 && !f.dryRun {
		return nil, usage("%s; --allow-incomplete runs the others and marks the score", strings.Join(missingLines(sel), "\n"))
	}
	return sel, nil
}

// withoutMissing leaves out what suites lack, and those of their members that
// have nothing to score.
func (a *app) withoutMissing(sel *catalog.Selection, f *runFlags) (*catalog.Selection, error) {
	lines := missingLines(sel)
	asked := map[string]bool{}
	for _, t := range f.tasks {
		if base, _, err := catalog.SplitPriority(t.Spec); err == nil {
			asked[base] = true
		}
	}
	out := &catalog.Selection{Suites: sel.Suites}
	for _, t := range sel.Tasks {
		if len(t.Task.Metrics) == 0 && !asked[t.Spec] {
			lines = append(lines, fmt.Sprintf("task %s has no metrics", t.Label))
			continue
		}
		out.Tasks = append(out.Tasks, t)
	}
	if len(out.Tasks) == 0 {
		return nil, usage("%s; nothing is left to run", strings.Join(lines, "\n"))
	}
	for _, line := range lines {
		a.note("left out: %s", line)
	}
	return out, nil
}

// worse keeps the error with the higher exit code.
func worse(ctx context.Context, a, b error) error {
	if b != nil && (a == nil || exitCode(ctx, b) > exitCode(ctx, a)) {
		return b
	}
	return a
}

// models resolves all -m before anything is asked.
func (a *app) models(texts []string) ([]*modelspec.Config, error) {
	presets, err := a.presets()
	if err != nil {
		return nil, err
	}
	var out []*modelspec.Config
	var bad []string
	for _, text := range texts {
		specs, err := modelspec.Parse(text)
		if err != nil {
			bad = append(bad, err.Error())
			continue
		}
		for _, s := range specs {
			c, err := presets.Resolve(s, a.Getenv)
			if err == nil {
				err = checkMock(c)
			}
			if err != nil {
				bad = append(bad, err.Error())
				continue
			}
			out = append(out, c)
		}
	}
	if len(bad) > 0 {
		return nil, usage("%s", strings.Join(bad, "\n"))
	}
	return out, nil
}

func (a *app) runOne(ctx context.Context, f *runFlags, sel *catalog.Selection, m *modelspec.Config, h *harness, like *journal.Reader) error {
	if f.dryRun {
		return a.dryRun(ctx, f, sel, m, h, nil)
	}
	e, done, err := a.engine(ctx, f, m, h, like)
	if err != nil {
		return err
	}
	defer done()
	plan, err := e.Plan(ctx, sel)
	if err != nil {
		return err
	}
	if err := h.check(plan); err != nil {
		return err
	}
	a.announce(e, plan)
	ctx, live := a.live(ctx, e)
	defer live.end()
	ended := a.measure(ctx, f, m, e)
	stop := a.watch(e.Progress)
	res, err := e.Execute(ctx, plan)
	stop()
	ended(res)
	if res == nil {
		return err
	}
	if perr := a.printResult(res, f.format); perr != nil && err == nil {
		err = perr
	}
	if err != nil {
		a.howToResume(res, err)
		return err
	}
	if err := a.compareWith(ctx, f, res); err != nil {
		return err
	}
	return failed(res, f.maxFailed)
}

// engine wires a run.
func (a *app) engine(ctx context.Context, f *runFlags, m *modelspec.Config, h *harness, like *journal.Reader) (*engine.Engine, func(), error) {
	home, err := a.home()
	if err != nil {
		return nil, nil, err
	}
	if f.out != "" {
		home = journal.Home(a.abs(f.out))
	}
	shard, err := parseShard(f.shard)
	if err != nil {
		return nil, nil, err
	}
	project, err := a.findProject()
	if err != nil {
		return nil, nil, err
	}
	if err := a.watching(f, m); err != nil {
		return nil, nil, err
	}
	to, err := a.provider(ctx, m, h, f)
	if err != nil {
		return nil, nil, err
	}
	family := firstOf(f.family, m.Family, project.Family)
	e := &engine.Engine{
		Options: engine.Options{
			Home: home, Concurrency: firstInt(f.concurrency, m.MaxConcurrency, h.MaxConcurrency, project.Run.Concurrency, defaultConcurrency),
			Name: f.name, Group: firstOf(f.group, project.Run.Group), Family: family, Tags: f.tags, Shard: shard,
			New: f.fresh, AcceptFailures: f.acceptFailures, MaxFailed: firstOf(f.maxFailed, project.Run.MaxFailed, "1%"),
			Command: f.command(a.Args, like), Program: program(), Harness: h.identity(),
			Like: like, AllowDrift: f.allowDrift, Getenv: a.Getenv,
			Hygiene:  engine.Hygiene{Template: to.template, AddsBOS: m.AddBOS != nil && *m.AddBOS},
			Serving:  to.serving,
			Overflow: h.ContextOverflow, Variants: f.works, Warn: func(line string) { a.note("olmo-eval: warning: %s", line) },
		},
		Loader: a.loader(f.skipBadRows), Provider: to.provider, Responder: h.wrap(to.responder), Progress: &engine.Progress{},
		Budget: f.budget,
	}
	return e, func() { _ = to.provider.Close() }, nil
}

const defaultConcurrency = 64

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func firstInt(ns ...int) int {
	for _, n := range ns {
		if n > 0 {
			return n
		}
	}
	return 0
}

// announce says what will be done, for people.
func (a *app) announce(e *engine.Engine, p *engine.Plan) {
	m := e.Provider.Model()
	line := fmt.Sprintf("model %s", m.Name)
	if m.Step != nil {
		line += fmt.Sprintf(" (step %d)", *m.Step)
	}
	n := 0
	for _, t := range p.Tasks {
		n += t.Own
	}
	line += fmt.Sprintf(": %d tasks, %d instances: %s", len(p.Tasks), n, p.Summary())
	switch {
	case p.Done != nil:
		line += ", all of it from run " + p.Done.RunID
	case p.Resume != nil:
		line += ", resuming run " + p.Resume.RunID
	}
	a.note("%s", line)
}

func (a *app) howToResume(res *journal.Result, err error) {
	if errors.Is(err, context.Canceled) {
		a.note("stopped; what is done is kept in %s; the same command resumes", res.Dir)
		return
	}
	a.note("what is done is kept in %s; the same command resumes", res.Dir)
}

// failed is the error of a run with more failures than allowed.
func failed(res *journal.Result, maxFailed string) error {
	allow, err := parseAllowance(maxFailed)
	if err != nil {
		return err
	}
	var over []string
	bad, total := 0, 0
	kinds := map[string]int{}
	for _, t := range res.Tasks {
		bad += t.NFailed
		total += t.NTotal
		for k, n := range t.Failures {
			kinds[k] += n
		}
		if t.Primary == nil || t.Primary.Value == nil && t.NFailed == t.NTotal {
			over = append(over, t.Task)
		}
	}
	if len(over) == 0 && allow.allows(bad, total) {
		return nil
	}
	what := fmt.Sprintf("%d of %d instances failed (%s)", bad, total, strings.Join(engine.SortedFailures(kinds), ", "))
	return &exitError{exitFailed, fmt.Errorf("%s, more than --max-failed allows; the same command tries them again", what)}
}
