package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"olmoeval/eval"
	"olmoeval/internal/compare"
	"olmoeval/internal/table"
)

// againstFlag takes the first of its two runs; the second is the argument that
// follows, wherever among the arguments that is.
type againstFlag struct {
	flags *pflag.FlagSet
	first string
	at    int // index of the second among the arguments
	isSet bool
}

func (f *againstFlag) String() string { return f.first }
func (f *againstFlag) Type() string   { return "C D" }
func (f *againstFlag) Set(v string) error {
	if f.isSet {
		return fmt.Errorf("may be given once")
	}
	f.first, f.at, f.isSet = v, f.flags.NArg(), true
	return nil
}

// take removes the second run from the arguments.
func (f *againstFlag) take(args []string) (rest []string, second string, err error) {
	if !f.isSet {
		return args, "", nil
	}
	if f.at >= len(args) {
		return nil, "", usage("--against wants two runs: --against C D")
	}
	return slices.Delete(slices.Clone(args), f.at, f.at+1), args[f.at], nil
}

type compareFlags struct {
	tasks   []string
	options compare.Options
	rope    string
	against againstFlag
	format  string
}

func (a *app) compareCommand() *cobra.Command {
	f := &compareFlags{}
	cmd := &cobra.Command{
		Use:   "compare A B",
		Short: "compare run B with run A question by question: what differs, and whether the change is real",
		Long: "Say what differs between two runs, then pair their questions and give for each task the difference (B − A)\n" +
			"with standard error, interval, p-value and a verdict: better, worse, equivalent (within ±rope) or unresolved.\n" +
			"A run is an id or its prefix, a name, a directory, last, last~N, a query such as 'model=my-ckpt step=20000',\n" +
			"or a .jsonl or .csv with id,score[,task,cluster,output].",
		Example: `  olmo-eval compare last~1 last
  olmo-eval compare 'model=base' 'model=new' -t mmlu --by metadata.subject`,
		Args: func(_ *cobra.Command, args []string) error {
			rest, _, err := f.against.take(args)
			if err == nil && len(rest) != 2 {
				err = usage("compare wants two runs, got %d; see: olmo-eval runs", len(rest))
			}
			return err
		},
		ValidArgsFunction: a.completeRuns(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.compare(cmd.Context(), f, args)
		},
	}
	fs := cmd.Flags()
	f.against.flags = fs
	fs.StringArrayVarP(&f.tasks, "task", "t", nil, "task or suite to compare (repeatable; default all in common)")
	fs.StringVar(&f.options.Metric, "metric", "", "metric to compare (default: A's primary)")
	fs.Float64Var(&f.options.Alpha, "alpha", 0.05, "significance level, for adjusted p-values")
	fs.StringVar(&f.rope, "rope", "", "difference that does not matter, in the metric's unit or as 1pp (default 0.01 for proportions, 1 % of A otherwise)")
	fs.StringVar(&f.options.Adjust, "adjust", compare.BH, "adjustment of p-values over the tasks: bh, holm or none")
	fs.StringVar(&f.options.By, "by", "", "compare slices of the questions too: metadata.KEY, cluster or tag")
	fs.Var(&f.against, "against", "whether the change from A to B holds from C to D")
	addFormat(cmd, &f.format)
	return cmd
}

func (a *app) compare(ctx context.Context, f *compareFlags, args []string) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	args, fourth, err := f.against.take(args)
	if err != nil {
		return err
	}
	f.options.Tasks = f.tasks
	if f.options.Alpha == 0 {
		return usage("--alpha is 0, want a number between 0 and 0.5")
	}
	if f.options.Rope, err = parseRope(f.rope); err != nil {
		return err
	}
	names := args
	if f.against.isSet {
		names = append(slices.Clone(args), f.against.first, fourth)
	}
	sides := make([]compare.Side, len(names))
	for i, name := range names {
		if sides[i], err = a.side(name); err != nil {
			return err
		}
	}
	if f.against.isSet {
		f.options.Against = &[2]compare.Side{sides[2], sides[3]}
	}
	return a.compareSides(ctx, sides[0], sides[1], f.options, f.format)
}

// parseRope reads a number, or one in percentage points: 1pp.
func parseRope(text string) (*float64, error) {
	if text == "" {
		return nil, nil
	}
	number, scale := text, 1.0
	if pp, ok := strings.CutSuffix(text, "pp"); ok {
		number, scale = pp, 100
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(v >= 0) || v-v != 0 {
		return nil, usage("--rope %q: want a number that is not negative, in the metric's unit, or such as 1pp", text)
	}
	v /= scale
	return &v, nil
}

// compareSides compares and prints.
func (a *app) compareSides(ctx context.Context, x, y compare.Side, o compare.Options, format string) error {
	c, err := compare.Runs(ctx, x, y, o)
	if err != nil {
		return compareError(err)
	}
	return a.printComparison(c, format)
}

func compareError(err error) error {
	var bad *compare.UsageError
	if errors.As(err, &bad) {
		return asUsage(err)
	}
	return err
}

// printComparison prints a comparison: JSON, or what differs, a table, and what
// should be said about it.
func (a *app) printComparison(c *compare.Comparison, format string) error {
	if a.global.json {
		return a.printJSON(c)
	}
	if err := a.preamble(format, c.Headline(), "A: "+checkpointName(c.A), "B: "+checkpointName(c.B)); err != nil {
		return err
	}
	t := &table.Table{Columns: table.Columns("task", "metric", ">n", ">A", ">B", ">Δ = B−A", ">± SE", ">95 % CI", ">p", ">p adj", ">better/worse/same", ">MDE80", ">n needed", "verdict")}
	for i := range c.Tasks {
		t.Add(comparisonCells(c.Tasks[i].Task, &c.Tasks[i].Numbers)...)
	}
	for i := range c.Suites {
		s := &c.Suites[i]
		cells := comparisonCells("suite "+s.Suite, &s.Numbers)
		if s.Delta == nil {
			cells[1], cells[len(cells)-1] = s.Reason, ""
		}
		t.Add(cells...)
	}
	for i := range c.Slices {
		s := &c.Slices[i]
		t.Add(comparisonCells(fmt.Sprintf("%s, %s=%s", s.Task, strings.TrimPrefix(s.By, "metadata."), s.Slice), &s.Numbers)...)
	}
	if err := a.printTable(t, format); err != nil {
		return err
	}
	if err := a.printAgainst(c, format); err != nil {
		return err
	}
	a.comparisonNotes(c)
	return nil
}

// preamble prints lines before a table where the format has room for them, else
// as notes.
func (a *app) preamble(format string, lines ...string) error {
	for i, l := range lines {
		var err error
		switch format {
		case "csv":
			a.note("%s", l)
		case "latex":
			_, err = fmt.Fprintf(a.Stdout, "%% %s\n", l)
		case "md":
			_, err = fmt.Fprintf(a.Stdout, "%s  \n", l)
			if i == len(lines)-1 && err == nil {
				_, err = fmt.Fprintln(a.Stdout)
			}
		default:
			_, err = fmt.Fprintln(a.Stdout, l)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkpointName(c compare.Checkpoint) string {
	s := c.Model
	if c.Name != "" {
		s += ", " + c.Name
	}
	if len(c.Runs) > 1 {
		return fmt.Sprintf("%s (%d runs, newest %s)", s, len(c.Runs), c.RunID)
	}
	return fmt.Sprintf("%s (run %s)", s, c.RunID)
}

func comparisonCells(name string, n *compare.Numbers) []string {
	needed := "–"
	if n.NNeeded != nil {
		needed = strconv.Itoa(*n.NNeeded)
	}
	return []string{
		name, n.Metric, strconv.Itoa(n.N), number(n.A, n.Unit), number(n.B, n.Unit), signed(n.Delta, n.Unit),
		margin(n.SE, n.Unit), interval(n.CI95, n.Unit), probability(n.P), probability(n.PAdj),
		fmt.Sprintf("%d/%d/%d", n.Wins, n.Losses, n.Ties), margin(n.MDE80, n.Unit), needed, n.Verdict,
	}
}

// signed spells a difference with its sign: percentage points for proportions.
func signed(v *float64, unit string) string {
	text := margin(v, unit)
	if v != nil && *v > 0 {
		return "+" + text
	}
	return text
}

func probability(p *float64) string {
	switch {
	case p == nil:
		return "–"
	case *p < 0.0001:
		return "<0.0001"
	}
	return fmt.Sprintf("%.4f", *p)
}

// printAgainst prints whether the change holds for the other pair.
func (a *app) printAgainst(c *compare.Comparison, format string) error {
	if c.Against == nil {
		return nil
	}
	if err := a.preamble(format, "", "Does the change from A to B hold from C to D?", "C: "+checkpointName(c.Against.C), "D: "+checkpointName(c.Against.D)); err != nil {
		return err
	}
	t := &table.Table{Columns: table.Columns("task", "metric", ">n", ">B−A", ">D−C", ">(D−C)−(B−A)", ">± SE", ">95 % CI", ">p adj", "verdict")}
	for i := range c.Against.Tasks {
		r := &c.Against.Tasks[i]
		t.Add(r.Task, r.Metric, strconv.Itoa(r.N), signed(r.AB, r.Unit), signed(r.CD, r.Unit), signed(r.Delta, r.Unit),
			margin(r.SE, r.Unit), interval(r.CI95, r.Unit), probability(r.PAdj), r.Verdict)
	}
	return a.printTable(t, format)
}

func (a *app) comparisonNotes(c *compare.Comparison) {
	unit := ""
	if slices.ContainsFunc(c.Tasks, func(r compare.Row) bool { return r.Unit == eval.Proportion }) {
		unit = "; differences of proportions are in percentage points"
	}
	a.note("family of %d, p adjusted by %s, alpha %v%s", c.Family.Tests, c.Family.Adjust, c.Family.Alpha, unit)
	var said sayings
	for _, n := range c.Notes {
		said.add("", n)
	}
	for _, r := range c.Tasks {
		for _, n := range r.Notes {
			said.add(r.Task, n)
		}
		if r.P == nil {
			said.add(r.Task, "no test: "+strings.TrimPrefix(r.Method, "none: "))
		}
	}
	for _, r := range c.Suites {
		for _, n := range r.Notes {
			said.add("suite "+r.Suite, n)
		}
	}
	if c.Against != nil {
		for _, r := range c.Against.Tasks {
			for _, n := range r.Notes {
				said.add(r.Task, n)
			}
		}
	}
	said.say(a)
}

// sayings are warnings, each said once with what it is about.
type sayings struct {
	order []string
	about map[string][]string
}

func (s *sayings) add(who, text string) {
	if s.about == nil {
		s.about = map[string][]string{}
	}
	if _, ok := s.about[text]; !ok {
		s.order = append(s.order, text)
	}
	if who != "" {
		s.about[text] = append(s.about[text], who)
	} else {
		s.about[text] = nil
	}
}

func (s *sayings) say(a *app) {
	for _, text := range s.order {
		who := s.about[text]
		switch n := len(who); {
		case n == 0:
			a.note("warning: %s", text)
			continue
		case n > 3:
			who = append(who[:2:2], fmt.Sprintf("%d more", n-2))
		}
		a.note("warning: %s (%s)", text, strings.Join(who, ", "))
	}
}
