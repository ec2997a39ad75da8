package engine

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"olmoeval/catalog"
	"olmoeval/eval"
	"olmoeval/internal/journal"
)

// ErrRefused wraps what is wrong with the request itself: exit code 2.
var ErrRefused = errors.New("refused")

// refuse marks an error as the user's to mend, before anything was sent.
func refuse(format string, args ...any) error {
	return &refusal{fmt.Errorf(format, args...)}
}

type refusal struct{ err error }

func (r *refusal) Error() string        { return r.err.Error() }
func (r *refusal) Unwrap() error        { return r.err }
func (r *refusal) Is(target error) bool { return target == ErrRefused }

// Options say how a run is made.
type Options struct {
	Home        journal.Home
	Concurrency int // instances in flight, at least 1
	Name        string
	Group       string
	Family      string
	Tags        []string
	Shard       *journal.Shard
	New         bool // start a new run even if one could be resumed
	// AcceptFailures seals the run although instances failed.
	AcceptFailures bool
	MaxFailed      string
	Command        []string
	Program        journal.Program
	Harness        map[string]any
	// Like is a run whose prompts must come out equal, "" for none.
	Like       *journal.Reader
	AllowDrift bool
	Getenv     func(string) string
	// Hygiene is what is known for the checks before the first request.
	Hygiene Hygiene
	// Overflow says what becomes of an instance that does not fit the context:
	// "fail" (or "") counts it as wrong, "skip" leaves it out of the numbers. What
	// cuts prompts is a layer of the provider's.
	Overflow string
	// Serving says which servers were started for the run, for its manifest; nil,
	// or a nil result, says none.
	Serving func() any
	// Warn is told what was found before or early in a run; nil tells nobody.
	Warn func(string)
	// Variants names the variants of a task for which ok holds, as specs; nil
	// names none.
	Variants func(t *eval.Task, ok func(*eval.Task) bool) []string
}

// Engine runs selections.
type Engine struct {
	Options
	Loader   *Loader
	Provider eval.Provider
	// Responder answers: the provider inside its layers.
	Responder eval.Responder
	Progress  *Progress
	// Budget bounds the run, together with others; nil bounds nothing.
	Budget *Budget
	Hooks  Hooks

	hands hands
}

// Actions of a plan for a task.
const (
	ActRun     = "run"     // ask the model
	ActRescore = "rescore" // score stored outputs again
	ActReuse   = "reuse"   // take stored records as they are
)

// Plan is what will be done. Nothing was written or sent to the model's
// endpoints but the probes of Caps.
type Plan struct {
	Tasks      []*Prepared
	Entries    []journal.Task
	Suites     []eval.SuiteNode
	Caps       eval.Caps
	SystemHash string
	ResumeKey  string
	// Resume is an unfinished run with the same key; Done a finished one whose
	// weights are pinned.
	Resume *journal.Manifest
	Done   *journal.Manifest
	// Sources are, by task, finished runs whose records can be taken.
	Sources []*journal.Manifest
	Actions []string
	// Missing lists needs that are not met.
	Missing []string
}

// Summary is one line: run 1, rescore 2, reuse 97.
func (p *Plan) Summary() string {
	n := map[string]int{}
	for _, a := range p.Actions {
		n[a]++
	}
	return fmt.Sprintf("run %d, rescore %d, reuse %d", n[ActRun], n[ActRescore], n[ActReuse])
}

// Check collects what is missing for a selection without reading data.
func Check(sel *catalog.Selection, getenv func(string) string) []string {
	var missing []string
	seen := map[string]bool{}
	add := func(s string) {
		if !seen[s] {
			seen[s] = true
			missing = append(missing, s)
		}
	}
	for _, m := range sel.Missing {
		add(m.Error())
	}
	for _, t := range sel.Tasks {
		if len(t.Task.Metrics) == 0 {
			add(fmt.Sprintf("task %s has no metrics, so it can be inspected but not run; %s", t.Label, metricVariants(t)))
		}
		if p := t.Task.Primary; p != "" && len(t.Task.Metrics) > 0 && !hasMetric(&t.Task, p) {
			add(fmt.Sprintf("task %s: the primary metric %q is not among its metrics", t.Label, p))
		}
		for _, s := range t.Task.Needs.Secrets {
			// The hub's token is asked for where data is opened: a mirror or the
			// cache needs none, and a refusal there names the page to visit.
			if s != "HF_TOKEN" && getenv(s) == "" {
				add(fmt.Sprintf("task %s needs the environment variable %s; set it and type the command again", t.Label, s))
			}
		}
		if n := t.Task.Needs; len(n.Sandbox) > 0 || len(n.Tools) > 0 || n.Judge != "" {
			add(fmt.Sprintf("task %s needs a sandbox, tools or a judge, which this version does not provide", t.Label))
		}
	}
	sort.Strings(missing)
	return missing
}

func hasMetric(t *eval.Task, id string) bool {
	for _, m := range t.Metrics {
		if m.Info().ID == id {
			return true
		}
	}
	return false
}

func metricVariants(t catalog.Selected) string {
	return "see: olmo-eval task show " + t.Task.Name
}

// Plan prepares all tasks and decides what to do with each.
func (e *Engine) Plan(ctx context.Context, sel *catalog.Selection) (*Plan, error) {
	p := &Plan{Suites: sel.Suites, Missing: Check(sel, e.Getenv)}
	if len(p.Missing) > 0 {
		return p, refuse("%s", strings.Join(p.Missing, "\n"))
	}
	model := e.Provider.Model()
	p.SystemHash = SystemHash(model, e.Harness)
	if err := e.prepare(ctx, sel, p); err != nil {
		return p, err
	}
	p.ResumeKey = resumeKey(p.SystemHash, e.Name, e.Group, e.Shard, p.Entries)
	if err := e.declared(p.Tasks); err != nil {
		return p, err
	}
	for _, t := range p.Tasks {
		if err := t.renderFirst(ctx); err != nil {
			return p, &refusal{err}
		}
	}
	if e.Like != nil && !e.AllowDrift {
		if err := p.sameAs(ctx, e.Like); err != nil {
			return p, err
		}
	}
	return p, e.decide(p, model)
}

// prepare makes the first pass over all tasks, a few at a time.
func (e *Engine) prepare(ctx context.Context, sel *catalog.Selection, p *Plan) error {
	p.Tasks = make([]*Prepared, len(sel.Tasks))
	p.Entries = make([]journal.Task, len(sel.Tasks))
	errs := make([]error, len(sel.Tasks))
	gate := make(chan struct{}, 4)
	var wg sync.WaitGroup
	for i := range sel.Tasks {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			s := sel.Tasks[i]
			task := s.Task
			p.Tasks[i], errs[i] = e.Loader.Prepare(ctx, s.Label, s.Spec, &task, e.Shard)
			if errs[i] != nil {
				return
			}
			p.Entries[i], errs[i] = p.Tasks[i].identify(p.SystemHash)
			p.Entries[i].Origins = s.Origins
			for _, o := range s.Overrides {
				p.Entries[i].Overrides = append(p.Entries[i].Overrides, o.Key()+"="+o.Raw)
			}
		})
	}
	wg.Wait()
	var bad []string
	for _, err := range errs {
		if err != nil {
			bad = append(bad, err.Error())
		}
	}
	if len(bad) > 0 {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return refuse("%s", strings.Join(bad, "\n"))
	}
	taken := map[string]bool{}
	for i := range p.Entries {
		p.Entries[i].File = journal.FileName(p.Entries[i].Label, taken)
	}
	return nil
}

// renderFirst renders one instance, so that a broken template is refused before
// anything is sent.
func (p *Prepared) renderFirst(ctx context.Context) error {
	for it, err := range p.Items(ctx) {
		if err != nil {
			return fmt.Errorf("task %s: %w", p.Label, err)
		}
		if _, _, err := p.Request(it); err != nil {
			return fmt.Errorf("task %s: %w", p.Label, err)
		}
		return nil
	}
	return nil
}

// decide looks for runs to resume or to take records from.
func (e *Engine) decide(p *Plan, model eval.Model) error {
	p.Sources = make([]*journal.Manifest, len(p.Entries))
	p.Actions = make([]string, len(p.Entries))
	for i := range p.Actions {
		p.Actions[i] = ActRun
	}
	if e.New && e.Shard == nil {
		return nil
	}
	same, err := e.Home.ByKey(p.ResumeKey)
	if err != nil {
		return err
	}
	for _, m := range same {
		if !m.Sealed {
			p.Resume = m
			return nil
		}
		if model.Pinned {
			p.Done = m
			for i := range p.Actions {
				p.Actions[i] = ActReuse
			}
			return nil
		}
	}
	if !model.Pinned || e.New || e.Shard != nil {
		return nil
	}
	for i := range p.Entries {
		runs, err := e.Home.ByKey(p.Entries[i].AskKey)
		if err != nil {
			return err
		}
		for _, m := range runs {
			if !m.Sealed {
				continue
			}
			p.Sources[i] = m
			p.Actions[i] = ActRescore
			if old := entryOf(m, p.Entries[i].AskKey); old != nil && old.ScoringHash == p.Entries[i].ScoringHash {
				p.Actions[i] = ActReuse
				break
			}
		}
	}
	return nil
}

func entryOf(m *journal.Manifest, askKey string) *journal.Task {
	for i := range m.Tasks {
		if m.Tasks[i].AskKey == askKey {
			return &m.Tasks[i]
		}
	}
	return nil
}

// sameAs checks that every prompt comes out as in an earlier run.
func (p *Plan) sameAs(ctx context.Context, old *journal.Reader) error {
	for _, t := range p.Tasks {
		if _, ok := old.Manifest.Task(t.Label); !ok {
			return refuse("--like: run %s has no task %s", old.Manifest.RunID, t.Label)
		}
		was := map[string]string{}
		for rec, err := range old.Records(ctx, t.Label) {
			if err != nil {
				return err
			}
			was[rec.Digest] = rec.PromptDigest
		}
		for it, err := range t.Items(ctx) {
			if err != nil {
				return err
			}
			_, req, err := t.Request(it)
			if err != nil {
				return refuse("task %s: %v", t.Label, err)
			}
			d := t.ItemDigest(it.Index)
			if w, ok := was[d]; !ok {
				return refuse("--like: task %s: item %s (%s) is not in run %s; --allow-drift to go on", t.Label, d, it.Row.Where(), old.Manifest.RunID)
			} else if w != t.digest.Digest(req) {
				return refuse("--like: task %s: the prompt of item %s (%s) differs from run %s; --allow-drift to go on", t.Label, d, it.Row.Where(), old.Manifest.RunID)
			}
		}
	}
	return nil
}

// now is the clock of timings, which are no results.
func now() time.Time { return time.Now() }
