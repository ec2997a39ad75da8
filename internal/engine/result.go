package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/journal"
	"olmoeval/internal/stats"
)

// taskResult makes a task's numbers of its columns, in instance order.
func taskResult(p *Prepared, entry *journal.Task, t *track) journal.TaskResult {
	r := journal.TaskResult{
		Task: entry.Label, NTotal: p.Own, NOK: t.count(flagCounted),
		NTruncated: t.count(flagTruncated), NUnextracted: t.count(flagUnextracted),
		NCached: t.cached, SkippedRows: p.Skipped, Failures: t.failures(), TaskHash: entry.TaskHash,
		ScoringHash: entry.ScoringHash, ReusedFrom: entry.ReusedFrom, Warnings: []string{},
	}
	r.NFailed = t.count(flagSeen) - r.NOK
	r.NPending = r.NTotal - r.NOK - r.NFailed
	for m, metric := range p.Task.Metrics {
		est := metric.Estimate(t.sample(m))
		r.Metrics = append(r.Metrics, est)
		if est.Metric == entry.Primary {
			r.Primary = &r.Metrics[len(r.Metrics)-1]
		}
	}
	if r.Primary == nil {
		r.Primary = &eval.Estimate{Metric: entry.Primary, Reason: "the task has no metric of this name"}
	}
	r.Notes = warnings(p, entry, t, &r)
	r.Warnings = codes(r.Notes)
	return r
}

// codes are what stands before the colon of warnings, each once.
func codes(notes []string) []string {
	out := []string{}
	for _, n := range notes {
		code, _, _ := strings.Cut(n, ":")
		if !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	return out
}

// Shares from which a warning is due.
const (
	warnUnextracted = 0.05
	warnTruncated   = 0.02
	warnEqual       = 0.05
)

func warnings(p *Prepared, entry *journal.Task, t *track, r *journal.TaskResult) []string {
	var out []string
	n := float64(max(1, r.NOK))
	add := func(code, format string, args ...any) { out = append(out, code+": "+fmt.Sprintf(format, args...)) }
	if r.NFailed > 0 {
		add("partial", "%d of %d instances failed and are not in the numbers", r.NFailed, r.NTotal)
	}
	if r.NPending > 0 {
		add("partial", "%d of %d instances have no result yet", r.NPending, r.NTotal)
	}
	if k := t.count(flagSkipped); k > 0 {
		add("partial", "%d instances did not fit the context and were skipped", k)
	}
	if x := float64(t.count(flagThinking)) / n; x >= warnTruncated {
		add("stop_in_thinking", "%.1f %% of answers ended inside thinking at a stop sequence", 100*x)
	}
	if p.Skipped > 0 {
		add("partial", "%d malformed rows were skipped", p.Skipped)
	}
	if x := float64(r.NTruncated) / n; x >= warnTruncated {
		add("truncated", "%.1f %% of answers were cut off at the token limit", 100*x)
	}
	if x := float64(r.NUnextracted) / n; x >= warnUnextracted {
		add("unextracted", "no answer was found in %.1f %% of outputs", 100*x)
	}
	if e := t.count(flagEqual); float64(e)/n >= warnEqual {
		add("equal_logprobs", "all choices scored alike in %d instances: does the server score continuations?", e)
	}
	if e := r.Primary; e.Value != nil && e.SE != nil && p.Chance > 0 && strings.HasPrefix(e.Metric, "acc_") &&
		r.NOK >= 30 && math.Abs(*e.Value-p.Chance) <= 2*(*e.SE) {
		add("at_chance", "%s is %.3f, blind guessing gives %.3f", e.Metric, *e.Value, p.Chance)
	}
	if p.Leaks > 0 {
		add("fewshot_leak", "%d evaluated questions stand among their own worked examples", p.Leaks)
	}
	for _, w := range r.Primary.Warnings {
		switch w {
		case "small_n":
			add(w, "n = %d: intervals are rough", r.Primary.N)
		case "few_clusters":
			add(w, "%d clusters: intervals are rough", r.Primary.Clusters)
		default:
			out = append(out, w)
		}
	}
	for _, w := range entry.Warnings {
		if code, _, _ := strings.Cut(w, ":"); !slices.Contains(codes(out), code) {
			out = append(out, w)
		}
	}
	for _, w := range p.Task.Warnings {
		if code, _, _ := strings.Cut(w, ":"); code != "fewshot_leak" || p.Leaks == 0 {
			out = append(out, w)
		}
	}
	return out
}

// promptHash covers data, rendered prompts in instance order, and sampling.
func promptHash(entry *journal.Task, t *track) string {
	h := sha256.New()
	h.Write(eval.AppendCanonical(nil, []any{entry.Config["sampling"], entry.Data}))
	var b [8]byte
	for _, p := range t.prompts {
		binary.BigEndian.PutUint64(b[:], p)
		h.Write(b[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Suites aggregates task results over suite trees; nested suites get results of
// their own, after their parent.
func Suites(nodes []eval.SuiteNode, tasks []journal.TaskResult) []journal.SuiteResult {
	byLabel := map[string]*journal.TaskResult{}
	for i := range tasks {
		byLabel[tasks[i].Task] = &tasks[i]
	}
	out := []journal.SuiteResult{}
	var walk func(n *eval.SuiteNode, parent string)
	walk = func(n *eval.SuiteNode, parent string) {
		r := aggregate(n, byLabel)
		r.Parent = parent
		out = append(out, r)
		for i := range n.Children {
			if n.Children[i].Task == "" {
				walk(&n.Children[i], n.Name)
			}
		}
	}
	for i := range nodes {
		walk(&nodes[i], "")
	}
	return out
}

// aggregate makes a suite's number. A leaf that is no task of the run was left
// out on purpose (the catalogue lacks it, and the run was told to go on): the
// suite is incomplete, and its number is over the tasks there are. A task of the
// run that has no value leaves the suite without one.
func aggregate(n *eval.SuiteNode, tasks map[string]*journal.TaskResult) journal.SuiteResult {
	r := journal.SuiteResult{Suite: n.Name, Aggregation: n.Aggregation, Missing: []string{}}
	leaves := n.Leaves()
	r.NTasks = len(leaves)
	var absent []string
	for _, leaf := range leaves {
		t := tasks[leaf]
		if t == nil || t.Primary == nil || t.Primary.Value == nil {
			if !slices.Contains(r.Missing, leaf) {
				r.Missing = append(r.Missing, leaf)
				if t == nil {
					absent = append(absent, leaf)
				}
			}
			continue
		}
		if t.NFailed > 0 {
			r.Notes = append(r.Notes, fmt.Sprintf("partial: %s lacks %d of %d instances", leaf, t.NFailed, t.NTotal))
		}
	}
	r.Complete = len(r.Missing) == 0
	if len(absent) > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("partial: %d of %d tasks were left out: %s", len(absent), len(leaves), strings.Join(absent, ", ")))
	}
	if len(r.Notes) > 0 {
		r.Warnings = codes(r.Notes)
	}
	switch {
	case n.Aggregation == eval.DisplayOnly || n.Aggregation == eval.NoAggregation:
		r.Reason = "the suite is shown without a combined score"
		return r
	case len(r.Missing) > len(absent):
		r.Reason = fmt.Sprintf("%d of %d tasks have no score", len(r.Missing), len(leaves))
		return r
	}
	there, ok := without(n, absent)
	if !ok && len(absent) > 0 {
		r.Reason = "all of its tasks were left out"
		return r
	}
	p, err := combine(&there, tasks)
	if err != nil {
		r.Reason = err.Error()
		return r
	}
	r.Metric, r.Unit, r.Higher = p.metric, p.unit, p.higher
	r.Value = &p.value
	r.Method = "mean of primary metrics, tasks independent"
	if p.hasSE {
		mde := stats.MDE80(p.se)
		r.SE, r.MDE80 = &p.se, &mde
		r.CI95 = &[2]float64{p.value - z975*p.se, p.value + z975*p.se}
	}
	return r
}

// without is the tree without some leaves, and without the suites that are then
// empty; ok is false if nothing is left.
func without(n *eval.SuiteNode, labels []string) (left eval.SuiteNode, ok bool) {
	if n.Task != "" {
		return *n, !slices.Contains(labels, n.Task)
	}
	left = eval.SuiteNode{Name: n.Name, Aggregation: n.Aggregation}
	for i := range n.Children {
		if c, ok := without(&n.Children[i], labels); ok {
			left.Children = append(left.Children, c)
		}
	}
	return left, len(left.Children) > 0
}

const z975 = 1.959963984540054

// combine is true recursion: a plain average is over all leaves below, an
// average of averages over the children, each combined by its own rule. A task
// that stands in several places is one stratum with the sum of its weights.
func combine(n *eval.SuiteNode, tasks map[string]*journal.TaskResult) (estimate, error) {
	weights := map[string]float64{}
	weigh(n, 1, weights)
	labels := make([]string, 0, len(weights))
	for label := range weights {
		labels = append(labels, label)
	}
	slices.Sort(labels)
	if len(labels) == 0 {
		return estimate{}, fmt.Errorf("suite %s has no members", n.Name)
	}
	first := tasks[labels[0]].Primary
	out := estimate{hasSE: true, unit: first.Unit, metric: first.Metric, higher: first.HigherIsBetter}
	var variance float64
	for _, label := range labels {
		e, w := tasks[label].Primary, weights[label]
		if e.Unit != out.unit || e.HigherIsBetter != out.higher {
			return estimate{}, fmt.Errorf("the members mix %s (%s) and %s (%s), which have no common mean", out.unit, first.Metric, e.Unit, e.Metric)
		}
		if e.Metric != out.metric {
			out.metric = "primary"
		}
		out.value += w * *e.Value
		if e.SE == nil {
			out.hasSE = false
			continue
		}
		variance += w * w * *e.SE * *e.SE
	}
	out.se = math.Sqrt(variance)
	return out, nil
}

// estimate is a suite's value; se is of independent tasks.
type estimate struct {
	value, se float64
	hasSE     bool
	unit      string
	metric    string
	higher    bool
}

// weigh spreads a node's weight over the tasks below it.
func weigh(n *eval.SuiteNode, w float64, into map[string]float64) {
	if n.Task != "" {
		into[n.Task] += w
		return
	}
	if n.Aggregation != eval.AverageOfAverages {
		leaves := n.Leaves()
		for _, leaf := range leaves {
			into[leaf] += w / float64(len(leaves))
		}
		return
	}
	for i := range n.Children {
		weigh(&n.Children[i], w/float64(len(n.Children)), into)
	}
}
