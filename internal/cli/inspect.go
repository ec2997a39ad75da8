package cli

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"olmoeval/catalog"
	"olmoeval/eval"
)

// inspected is one instance with the request made of it: what task inspect
// prints. Absent parts are left out.
type inspected struct {
	Spec     string            `json:"spec"`
	Index    int               `json:"index"`
	Instance inspectedInstance `json:"instance"`
	Request  *eval.Request     `json:"request"`
	Sampling inspectedSampling `json:"sampling"`
	// What follows is there if a tokenizer is given.

	// Formatted is the text that the model reads: of a chat what its template
	// makes of it; of log-likelihoods the contexts, each once.
	Formatted *string          `json:"formatted,omitempty"`
	Tokens    *inspectedTokens `json:"tokens,omitempty"`
	Notes     []string         `json:"notes,omitempty"`
}

type inspectedInstance struct {
	// ID is the data set's own id, else the item digest.
	ID       string         `json:"id"`
	Question string         `json:"question"`
	Gold     any            `json:"gold_answer,omitempty"`
	Choices  []string       `json:"choices,omitempty"`
	Metadata map[string]any `json:"metadata,omitempty"`

	digest string
}

type inspectedSampling struct {
	MaxTokens   *int     `json:"max_tokens,omitempty"`
	Temperature float64  `json:"temperature"`
	TopP        *float64 `json:"top_p,omitempty"`
	TopK        *int     `json:"top_k,omitempty"`
	Stop        []string `json:"stop_sequences,omitempty"`
	NumSamples  int      `json:"num_samples"`
	Seed        *int64   `json:"seed,omitempty"`
}

func newInspected(spec string, index int, in *eval.Instance, req *eval.Request) *inspected {
	id, digest := in.OwnID(), eval.ItemDigest(in)
	if id == "" {
		id = digest
	}
	s := req.Sampling
	return &inspected{
		Spec: spec, Index: index, Request: req,
		Instance: inspectedInstance{ID: id, Question: in.Question, Gold: in.Gold, Choices: in.Choices, Metadata: in.Metadata, digest: digest},
		Sampling: inspectedSampling{
			MaxTokens: s.MaxTokens, Temperature: s.Temperature, TopP: s.TopP, TopK: s.TopK,
			Stop: s.Stop, NumSamples: s.Samples(), Seed: s.Seed,
		},
	}
}

// inspectFlags are the flags of task inspect. An -o before --diff reaches every
// spec, one after it the spec of --diff alone.
type inspectFlags struct {
	asks
	n, skip int
	bad     bool

	tokenizer         string
	formatted, tokens bool
	offline           *offline // nil without a tokenizer
}

func (a *app) taskInspectCommand() *cobra.Command {
	f := &inspectFlags{asks: asks{dir: a.Dir}}
	cmd := &cobra.Command{
		Use:   "inspect SPEC… [-n N] [--skip K] [-o KEY=VALUE…] [--diff SPEC] [-T DIR]",
		Short: "print instances and the exact requests made of them; asks no model",
		Example: `  olmo-eval task inspect gsm8k -n 2
  olmo-eval task inspect arc_easy:rc --diff arc_easy:mc
  olmo-eval task inspect gsm8k --formatted --tokens -T ./checkpoint`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeMany(a.taskSpecs),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.n < 0 || f.skip < 0 {
				return usage("-n and --skip must be 0 or more")
			}
			if len(f.tasks) > 1 {
				return usage("--diff is given %d times, want once", len(f.tasks))
			}
			var err error
			if f.offline, err = f.newOffline(a.abs); err != nil {
				return err
			}
			if len(f.tasks) == 1 {
				return a.inspectDiff(cmd.Context(), f, args)
			}
			return a.inspect(cmd.Context(), f, args)
		},
	}
	fs := cmd.Flags()
	fs.IntVarP(&f.n, "count", "n", 1, "instances of each task; 0 for all")
	fs.IntVar(&f.skip, "skip", 0, "instances to pass over first")
	fs.BoolVar(&f.bad, "skip-bad-rows", false, "pass over malformed rows")
	fs.StringVarP(&f.tokenizer, "tokenizer", "T", "", "folder with the model's tokenizer.json and chat template, or such a file")
	fs.BoolVar(&f.formatted, "formatted", false, "print the text that the model reads: of a chat what its template makes of it; needs -T")
	fs.BoolVar(&f.tokens, "tokens", false, "print the tokens of the request, for log-likelihoods with the boundary; needs -T")
	f.registerOverrides(cmd)
	fs.Var(&askFlag{&f.asks, 't'}, "diff", "print how the requests of this spec differ; -o after it changes this spec alone")
	_ = cmd.RegisterFlagCompletionFunc("diff", a.completeMany(a.taskSpecs))
	return cmd
}

// inspectAsks are the argument specs with the overrides that reach all.
func (f *inspectFlags) inspectAsks(specs []string) []catalog.Ask {
	out := make([]catalog.Ask, len(specs))
	for i, s := range specs {
		out[i] = catalog.Ask{Spec: s, Overrides: f.all}
	}
	return out
}

func (a *app) inspect(ctx context.Context, f *inspectFlags, specs []string) error {
	_, sel, err := a.selection(ctx, f.inspectAsks(specs))
	if err != nil {
		return err
	}
	for i := range sel.Tasks {
		s := &sel.Tasks[i]
		found := 0
		for x, err := range a.inspectedOf(ctx, f, s) {
			if err != nil {
				return dataError(ctx, err)
			}
			found++
			if a.global.json {
				err = a.printJSON(x)
			} else {
				_, err = a.Stdout.Write(append(x.text(), '\n'))
			}
			if err != nil {
				return err
			}
		}
		if found == 0 {
			a.note("task %s: no instance after the first %d", s.Label, f.skip)
		}
	}
	return nil
}

// dataError is an error in reading a task: the user's to mend, unless the
// reading was stopped or a fault says otherwise.
func dataError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return asUsage(err)
}

// inspectedOf yields instances skip … skip+n−1 of a task in order. Without a
// limit no more rows are read than that takes.
func (a *app) inspectedOf(ctx context.Context, f *inspectFlags, s *catalog.Selected) iter.Seq2[*inspected, error] {
	return func(yield func(*inspected, error) bool) {
		want := 0 // all
		if f.n > 0 {
			want = f.skip + f.n
		}
		p, err := a.prepareHead(ctx, s, want, f.bad)
		if err != nil {
			yield(nil, err)
			return
		}
		last := p.N
		if want > 0 {
			last = min(last, want)
		}
		var held []*inspected // of a drawn selection, whose order is not the data's
		left := last - f.skip
		for it, err := range p.Items(ctx) {
			if left <= 0 {
				break
			}
			var x *inspected
			if err == nil {
				if it.Index < f.skip || it.Index >= last {
					continue
				}
				var in *eval.Instance
				var req *eval.Request
				if in, req, err = p.Request(it); err == nil {
					x = newInspected(s.Label, it.Index, in, req)
					if f.offline != nil {
						err = f.offline.show(x)
					}
				}
			}
			if err != nil {
				yield(nil, fmt.Errorf("task %s: %w", s.Label, err))
				return
			}
			left--
			if s.Task.Limit != nil {
				held = append(held, x)
			} else if !yield(x, nil) {
				return
			}
		}
		slices.SortFunc(held, func(x, y *inspected) int { return x.Index - y.Index })
		for _, x := range held {
			if !yield(x, nil) {
				return
			}
		}
	}
}

// text is the whole of it for people.
func (x *inspected) text() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "=== %s, instance %d, %s, id %s\n", x.Spec, x.Index, x.Request.Type, x.Instance.ID)
	fmt.Fprintf(&b, "question: %s\n", x.Instance.Question)
	if x.Instance.Gold != nil {
		fmt.Fprintf(&b, "gold: %s\n", plainJSON(x.Instance.Gold))
	}
	for i, c := range x.Instance.Choices {
		fmt.Fprintf(&b, "choice %d: %s\n", i, c)
	}
	if len(x.Instance.Metadata) > 0 {
		fmt.Fprintf(&b, "metadata: %s\n", plainJSON(x.Instance.Metadata))
	}
	b.WriteString(x.requestText())
	return []byte(b.String())
}

// requestText is what is sent, part by part; it is what --diff compares.
func (x *inspected) requestText() string {
	var b strings.Builder
	part := func(name, text string) {
		fmt.Fprintf(&b, "--- %s\n%s\n", name, text)
	}
	r := x.Request
	if r.Prompt != "" || len(r.Messages) == 0 && len(r.ContinuationPrompts) == 0 {
		part("prompt", r.Prompt)
	}
	for i := range r.Messages {
		part("message "+r.Messages[i].Role, r.Messages[i].Content)
	}
	for i, c := range r.Continuations {
		if i < len(r.ContinuationPrompts) && r.ContinuationPrompts[i] != r.Prompt {
			part(fmt.Sprintf("prompt of continuation %d", i), r.ContinuationPrompts[i])
		}
		part(fmt.Sprintf("continuation %d", i), string(plainJSON(c)))
	}
	for _, t := range r.Tools {
		part("tool "+t.Name, string(plainJSON(t)))
	}
	if r.MaxLength != nil {
		part("max_length", fmt.Sprint(*r.MaxLength))
	}
	part("sampling", string(plainJSON(x.Sampling)))
	x.offlineText(part)
	return b.String()
}
