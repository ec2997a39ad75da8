package engine

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"olmoeval/eval"
)

// lack is what the caps miss of what a task asks for, "" if nothing.
func lack(t *eval.Task, c eval.Caps) string {
	kind, s := t.Prompt.RequestType(), t.Sampling
	can := map[eval.RequestType]bool{eval.Completion: c.Completion, eval.Chat: c.Chat, eval.Loglikelihood: c.Loglikelihood}
	generates := kind != eval.Loglikelihood
	switch {
	case !can[kind]:
		return string(kind) + " requests"
	case generates && s.Seed != nil && !s.Greedy() && !c.Seed:
		return "sampling that can be repeated (sampling.seed)"
	case generates && s.JSONSchema != nil && !c.JSONSchema:
		return "output held to a JSON schema"
	case len(t.Needs.Tools) > 0 && !c.Tools:
		return "tool calls"
	}
	return ""
}

// capable refuses tasks that the provider cannot answer, all of them at once,
// with the variants that would work.
func (e *Engine) capable(tasks []*Prepared, c eval.Caps) error {
	missing := map[string][]*Prepared{}
	for _, t := range tasks {
		if what := lack(t.Task, c); what != "" {
			missing[what] = append(missing[what], t)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	var lines, works []string
	for what, list := range missing {
		names := make([]string, len(list))
		for i, t := range list {
			names[i] = t.Label
			if e.Variants != nil {
				works = append(works, e.Variants(t.Task, func(v *eval.Task) bool { return lack(v, c) == "" })...)
			}
		}
		need := "needs"
		if len(names) > 1 {
			need = "need"
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", some(names, 8), need, what))
	}
	sort.Strings(lines)
	hint := "choose another endpoint, or a variant of the task that generates text"
	if len(works) > 0 {
		hint = "these would work: " + some(works, 6)
	}
	return &eval.Fault{Status: eval.ConfigError, Abort: true, Hint: hint,
		Err: fmt.Errorf("%s, which %s cannot answer: %s", strings.Join(lines, "; "), e.Provider.Model().Name, notes(c))}
}

// some is the first n names and how many more there are.
func some(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), len(names)-n)
}

// declared refuses at plan time what a provider says, without being asked over
// the network, that it never does.
func (e *Engine) declared(tasks []*Prepared) error {
	d, ok := e.Provider.(eval.Declarer)
	if !ok {
		return nil
	}
	caps, ok := d.Declared()
	if !ok {
		return nil
	}
	if err := e.capable(tasks, caps); err != nil {
		f := eval.FaultOf(err)
		return refuse("%w; %s", f.Err, f.Hint)
	}
	return nil
}

func notes(c eval.Caps) string {
	if len(c.Notes) == 0 {
		return "it does not offer them"
	}
	return c.Notes[len(c.Notes)-1]
}

// probe asks what the provider can do and refuses tasks it cannot answer.
func (r *run) probe(ctx context.Context) error {
	p := r.plan
	if !r.needsModel() {
		return nil
	}
	caps, err := r.Provider.Caps(ctx)
	if err != nil && ctx.Err() == nil {
		// Whatever is wrong with the model's endpoint, nothing can be asked.
		f := *eval.FaultOf(err)
		f.Abort = true
		return &f
	}
	if err != nil {
		return ctx.Err()
	}
	p.Caps = caps
	if err := r.capable(p.Tasks, caps); err != nil {
		return err
	}
	if p.Resume != nil && p.Resume.Caps.Fingerprint != "" && caps.Fingerprint != "" && p.Resume.Caps.Fingerprint != caps.Fingerprint {
		return refuse("run %s: other weights are served now than when it was started (fingerprint %s, was %s); --new starts a new run",
			p.Resume.RunID, caps.Fingerprint, p.Resume.Caps.Fingerprint)
	}
	return nil
}
