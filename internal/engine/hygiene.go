package engine

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"olmoeval/eval"
)

// Template says what is known of a model's chat template. The zero value is that
// nothing is.
type Template struct {
	Known bool
	Has   bool
	// Thinks says that the template opens or strips thinking.
	Thinks bool
}

// Hygiene is what the checks before the first request go by.
type Hygiene struct {
	Template Template
	// AddsBOS says whether completions are sent so that the server adds BOS.
	AddsBOS bool
}

// surveyed is how many instances of a task the checks look at.
const surveyed = 64

var tuned = regexp.MustCompile(`(?i)(^|[-_./])(instruct|chat|it|sft|dpo|rlvr|think|thinking|r1)([-_./:]|$)`)

// hygiene makes the checks, says what was found and keeps it with the run.
func (r *run) hygiene(ctx context.Context) error {
	if !r.needsModel() {
		return nil
	}
	found, err := r.inspect(ctx)
	if err != nil {
		return err
	}
	byLine := map[string][]string{}
	var order []string
	for i, lines := range found {
		r.plan.Entries[i].Warnings = lines
		for _, line := range lines {
			if byLine[line] == nil {
				order = append(order, line)
			}
			byLine[line] = append(byLine[line], r.plan.Tasks[i].Label)
		}
	}
	for _, line := range order {
		if err := r.warn(byLine[line], line); err != nil {
			return err
		}
	}
	return nil
}

// warn tells of a finding and writes it into the run's events.
func (r *run) warn(tasks []string, line string) error {
	code, words, _ := strings.Cut(line, ": ")
	if r.Warn != nil {
		r.Warn(some(tasks, 3) + ": " + words)
	}
	return r.w.Event("warning", map[string]any{"code": code, "warning": words, "tasks": tasks})
}

// early is how many instances of a task are looked at for a first alarm.
const early = 50

// alarm warns of a task whose first instances look broken, while there is still
// something to save. It is called once for a task.
func (r *run) alarm(t *Prepared, tr *track) error {
	n := float64(max(1, tr.count(flagCounted)))
	say := func(flag uint8, share float64, format string) error {
		if x := float64(tr.count(flag)) / n; x > share {
			return r.warn([]string{t.Label}, fmt.Sprintf(format, 100*x, early))
		}
		return nil
	}
	if err := say(flagEqual, 0.5, "equal_logprobs: all choices scored alike in %.0f %% of the first %d instances: does the server score continuations?"); err != nil {
		return err
	}
	if err := say(flagUnextracted, 0.5, "unextracted: no answer was found in %.0f %% of the first %d instances"); err != nil {
		return err
	}
	if err := say(flagThinking, 0.1, "stop_in_thinking: %.0f %% of the first %d answers ended inside thinking"); err != nil {
		return err
	}
	return say(flagTruncated, 0.5, "truncated: %.0f %% of the first %d answers were cut off at the token limit")
}

// inspect looks for what would spoil the numbers of the tasks before anything is
// asked. Findings read "code: words"; nothing is refused.
func (r *run) inspect(ctx context.Context) ([][]string, error) {
	out := make([][]string, len(r.plan.Tasks))
	for i, t := range r.plan.Tasks {
		if r.plan.Actions[i] != ActRun {
			continue
		}
		found, err := r.inspectTask(ctx, t)
		if err != nil {
			return nil, err
		}
		out[i] = found
	}
	return out, nil
}

func (r *run) inspectTask(ctx context.Context, t *Prepared) ([]string, error) {
	var found []string
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	var longest *eval.Request
	n := 0
	for it, err := range t.Items(ctx) {
		if err != nil {
			return nil, fmt.Errorf("task %s: %w", t.Label, err)
		}
		_, req, err := t.Request(it)
		if err != nil {
			return nil, fmt.Errorf("task %s: %w", t.Label, err)
		}
		if longest == nil || size(req) > size(longest) {
			longest = req
		}
		if n++; n == surveyed {
			break
		}
	}
	if longest == nil {
		return nil, nil
	}
	for _, line := range r.Hygiene.template(r.Provider.Model(), t.Task) {
		add("%s", line)
	}
	if r.Hygiene.Template.Thinks && longest.Type != eval.Loglikelihood && len(t.Task.Sampling.Stop) > 0 {
		add("stop_in_thinking: the model thinks before it answers, and a stop sequence (%q …) may end its thinking", t.Task.Sampling.Stop[0])
	}
	tok, ok := r.Provider.(eval.Tokenizer)
	if !ok || longest.Type == eval.Chat {
		return found, nil
	}
	// A look at tokens must not hold up a run.
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	more, err := r.Hygiene.tokens(ctx, tok, longest, r.plan.Caps.MaxContext)
	if err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, ctx.Err()
		}
		return found, nil //nolint:nilerr // a server without a tokenizer: these checks are left out
	}
	return append(found, more...), nil
}

// template compares what a task sends with what the model was made for.
func (h *Hygiene) template(m eval.Model, t *eval.Task) []string {
	chat := t.Prompt.RequestType() == eval.Chat
	name := m.ID
	if m.Path != "" {
		name = m.Path
	}
	isTuned := tuned.MatchString(name) || tuned.MatchString(m.Name)
	switch {
	case chat && h.Template.Known && !h.Template.Has:
		return []string{"no_template: the task sends chats, but the model has no chat template"}
	case chat && h.Template.Known && h.Template.Has && !isTuned && strings.Contains(strings.ToLower(name), "base"):
		return []string{"template_on_base: the task sends chats to what its name says is a base model"}
	case !chat && t.Prompt.RequestType() == eval.Completion && isTuned:
		return []string{"no_template: an instruct model is asked with bare completions; scores of chat variants may differ much"}
	}
	return nil
}

// tokens looks at the longest prompt as the server will see it.
func (h *Hygiene) tokens(ctx context.Context, tok eval.Tokenizer, req *eval.Request, window int) ([]string, error) {
	prompt := req.Context(0)
	bare, err := tok.Tokenize(ctx, prompt, false)
	if err != nil {
		return nil, err
	}
	empty, err := tok.Tokenize(ctx, "", true)
	if err != nil {
		return nil, err
	}
	var out []string
	if len(empty) > 0 && len(bare) > 0 && req.Type == eval.Completion {
		bos := empty[0]
		switch starts := bare[0] == bos; {
		case starts && (h.AddsBOS || len(bare) > 1 && bare[1] == bos):
			out = append(out, "double_bos: the prompt begins with the BOS token, and another is put before it; leave out add_bos_token")
		case !starts && !h.AddsBOS:
			out = append(out, "no_bos: the tokenizer begins texts with a BOS token, but completions are sent without one, as the reference sends them; add_bos_token=true sends it")
		}
	}
	if window > 0 {
		room, what := window-1, "context and continuation"
		if req.Type != eval.Loglikelihood {
			room, what = window-1, "prompt"
			if m := req.Sampling.MaxTokens; m != nil {
				room, what = window-*m, fmt.Sprintf("prompt (with max_tokens=%d)", *m)
			}
		}
		if n := len(bare) + 1; n > room {
			out = append(out, fmt.Sprintf("context_overflow: a %s of %d tokens does not fit the window of %d", what, n, window))
		}
	}
	return out, nil
}

func size(r *eval.Request) int {
	n := len(r.Context(0))
	for i := range r.Messages {
		n += len(r.Messages[i].Content)
	}
	return n
}
