package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"olmoeval/catalog"
	"olmoeval/eval"
	"olmoeval/internal/engine"
	"olmoeval/metric"
	"olmoeval/score"
)

// scored is what score prints for each line it reads.
type scored struct {
	Index   int                 `json:"index"`
	Answers []any               `json:"answers"`
	Scores  map[string]*float64 `json:"scores"`
	Values  map[string]*float64 `json:"values"`
	Primary *float64            `json:"primary"`
	Status  eval.Status         `json:"status"`
	Error   string              `json:"error,omitempty"`
}

func (a *app) scoreCommand() *cobra.Command {
	k := &asks{dir: a.Dir}
	var in string
	cmd := &cobra.Command{
		Use:   "score -t SPEC [-o KEY=VALUE…] --in FILE|-",
		Short: "score given outputs without a model",
		Long: "Read JSON Lines {instance{question, gold_answer, choices, metadata}, outputs[{text, logprobs, metadata{sum_logits,\n" +
			"num_tokens, is_greedy}}]} and print for each line, in order, the answers found and what they score.\n" +
			"A line of `task inspect --json` with outputs added to it will do.",
		Example: "  olmo-eval score -t gsm8k --in outputs.jsonl",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.score(cmd.Context(), k, in)
		},
	}
	k.register(cmd.Flags(), false)
	cmd.Flags().StringVar(&in, "in", "", "file of outputs, - for stdin")
	return cmd
}

func (a *app) score(ctx context.Context, k *asks, in string) error {
	if len(k.tasks) != 1 {
		return usage("score needs one -t, got %d; see: olmo-eval tasks", len(k.tasks))
	}
	if in == "" {
		return usage("score needs --in FILE, or --in - for stdin")
	}
	_, sel, err := a.selection(ctx, k.selected())
	if err != nil {
		return err
	}
	if len(sel.Suites) > 0 {
		return usage("%q is a suite; score takes one task at a time", k.tasks[0].Spec)
	}
	s := &sel.Tasks[0]
	if missing := engine.Check(sel, func(string) string { return "given" }); len(missing) > 0 {
		return usage("%s", strings.Join(missing, "\n"))
	}
	name, r := "stdin", a.Stdin
	if in != "-" {
		f, err := os.Open(a.abs(in))
		if err != nil {
			return usage("--in %s: %w", in, errors.Unwrap(err))
		}
		defer f.Close()
		name, r = in, f
	}
	return a.scoreLines(ctx, s, name, r)
}

// scoreLines scores one line after the other; memory is that of a line.
func (a *app) scoreLines(ctx context.Context, s *catalog.Selected, name string, r io.Reader) error {
	w := bufio.NewWriterSize(a.Stdout, 64<<10)
	out := *a
	out.Stdout = w
	scorers := engine.Scorers(&s.Task)
	br := bufio.NewReaderSize(r, 256<<10)
	index := 0
	for line := 1; ; line++ {
		raw, rerr := br.ReadBytes('\n')
		if rerr != nil && rerr != io.EOF {
			return errors.Join(w.Flush(), usage("%s: %w", name, rerr))
		}
		if text := strings.TrimSpace(string(raw)); text != "" {
			given, err := parseGiven(text)
			if err != nil {
				return errors.Join(w.Flush(), usage("%s:%d: %w", name, line, err))
			}
			row, err := scoreGiven(ctx, &s.Task, scorers, given, index)
			if err != nil {
				return errors.Join(w.Flush(), err)
			}
			index++
			if err := out.printScored(row); err != nil {
				return err
			}
		}
		if rerr == io.EOF {
			break
		}
		if br.Buffered() == 0 {
			// Whoever writes the lines one by one may wait for the answers.
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	if index == 0 {
		a.note("%s has no lines: nothing to score", name)
	}
	return w.Flush()
}

// scoreGiven scores one line.
func scoreGiven(ctx context.Context, t *eval.Task, scorers []eval.Scorer, g *given, index int) (*scored, error) {
	rec := g.record(t)
	engine.Score(ctx, t, scorers, rec)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if why := g.incomplete(rec.Request.Type); why != "" && rec.Status.Counted() {
		// What no answer came back for is not the model's 0.
		rec.Status, rec.Error = eval.InfraBadResponse, why
	}
	out := &scored{Index: index, Answers: make([]any, len(rec.Outputs)), Scores: map[string]*float64{}, Values: map[string]*float64{}, Status: rec.Status, Error: rec.Error}
	if g.Index != nil {
		out.Index = *g.Index
	}
	for i := range rec.Outputs {
		out.Answers[i] = rec.Outputs[i].Answer
	}
	for _, s := range scorers {
		out.Scores[s.Name()] = nil
		if v, ok := rec.ScoreOf(s.Name()); ok {
			out.Scores[s.Name()] = finiteOrNil(v)
		}
	}
	likelihoodScores(ctx, t, rec, out.Scores)
	for _, m := range t.Metrics {
		info := m.Info()
		out.Values[info.ID] = nil
		if info.ID == "acc_per_token" && g.uncounted() {
			continue
		}
		if o := rec.Values[info.ID]; o != nil && rec.Status.Counted() {
			out.Values[info.ID] = finiteOrNil(metric.InUnit(info, *o))
		}
	}
	out.Primary = out.Values[engine.Primary(t)]
	return out, nil
}

// likelihoodScores adds what metrics of log-likelihoods read of the outputs:
// the greatest over the continuations, nil if one has none.
func likelihoodScores(ctx context.Context, t *eval.Task, rec *eval.Record, into map[string]*float64) {
	for _, m := range t.Metrics {
		if m.Scorer() != nil {
			continue
		}
		s := likelihoodScorer(m.Info().ID)
		if s == nil {
			continue
		}
		into[s.Name()] = nil
		values, err := s.Score(ctx, rec)
		if err != nil || len(values) == 0 || !rec.Status.Counted() {
			continue
		}
		best := values[0].Value
		for _, v := range values[1:] {
			best = max(best, v.Value)
		}
		into[s.Name()] = finiteOrNil(best)
	}
}

// likelihoodScorer is the scorer that stands for a metric of log-likelihoods.
func likelihoodScorer(metricID string) eval.Scorer {
	switch {
	case strings.HasPrefix(metricID, "bits_per_byte"):
		return score.BitsPerByte{}
	case metricID == "perplexity":
		return score.Perplexity{}
	case strings.HasPrefix(metricID, "acc_"), metricID == "corpus_perplexity":
		return score.Logprob{}
	}
	return nil
}

func (a *app) printScored(row *scored) error {
	if a.global.json {
		return a.printJSON(row)
	}
	values := plainJSON(row.Values)
	_, err := fmt.Fprintf(a.Stdout, "%d\t%s\t%s\tanswers %s\n", row.Index, row.Status, values, plainJSON(row.Answers))
	if err == nil && row.Error != "" {
		a.note("%d: %s", row.Index, row.Error)
	}
	return err
}
