package compare

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"olmoeval/eval"
	"olmoeval/internal/stats"
)

// SuiteRow is the comparison of a suite: the mean of its tasks' differences,
// each task a stratum of its own, weighted as the suite's tree weighs them.
// Suites are a family of their own.
type SuiteRow struct {
	Suite       string   `json:"suite"`
	Aggregation string   `json:"aggregation"`
	Complete    bool     `json:"complete"`
	NTasks      int      `json:"n_tasks"`
	Missing     []string `json:"missing"`
	Reason      string   `json:"reason,omitempty"` // why there is no delta
	Numbers
}

// suites aggregates over the suite trees of A's runs. Without a choice of tasks
// incomplete suites are listed too and say so.
func suites(a Side, tasks []Row, o Options) []SuiteRow {
	byLabel := map[string]*Numbers{}
	for i := range tasks {
		byLabel[tasks[i].Task] = &tasks[i].Numbers
	}
	out := []SuiteRow{}
	seen := map[string]bool{}
	for _, r := range a.Runs {
		eachSuite(r.Manifest.Suites, func(n *eval.SuiteNode) {
			if seen[n.Name] {
				return
			}
			row := suiteRow(n, byLabel, o)
			if !row.Complete && len(o.Tasks) > 0 {
				return
			}
			seen[n.Name] = true
			out = append(out, row)
		})
	}
	var family []*Numbers
	for i := range out {
		family = append(family, &out[i].Numbers)
	}
	settle(family, o)
	return out
}

func suiteRow(n *eval.SuiteNode, tasks map[string]*Numbers, o Options) SuiteRow {
	leaves := n.Leaves()
	r := SuiteRow{Suite: n.Name, Aggregation: n.Aggregation, NTasks: len(leaves), Missing: []string{}}
	for _, leaf := range leaves {
		if t := tasks[leaf]; (t == nil || t.Delta == nil) && !slices.Contains(r.Missing, leaf) {
			r.Missing = append(r.Missing, leaf)
		}
	}
	r.Complete = len(r.Missing) == 0
	switch {
	case n.Aggregation == eval.DisplayOnly || n.Aggregation == eval.NoAggregation:
		r.Reason = "the suite is shown without a combined score"
	case !r.Complete:
		r.Reason = fmt.Sprintf("%d of %d tasks cannot be compared", len(r.Missing), len(leaves))
	case len(leaves) == 0:
		r.Reason = "the suite has no members"
	default:
		weights := map[string]float64{}
		weigh(n, 1, weights)
		r.combine(leaves, weights, tasks, o)
	}
	if r.Delta == nil {
		r.Method = "none: " + r.Reason
	}
	return r
}

// weigh spreads a share over the leaves: a plain average evenly over all leaves
// below, an average of averages evenly over the children, each by its own rule.
func weigh(n *eval.SuiteNode, share float64, into map[string]float64) {
	if n.Task != "" {
		into[n.Task] += share
		return
	}
	if n.Aggregation == eval.AverageOfAverages {
		for i := range n.Children {
			weigh(&n.Children[i], share/float64(len(n.Children)), into)
		}
		return
	}
	leaves := n.Leaves()
	for _, leaf := range leaves {
		into[leaf] += share / float64(len(leaves))
	}
}

// combine sums the strata: delta Σw·d, variance Σw²·se², degrees of freedom by
// Welch and Satterthwaite.
func (r *SuiteRow) combine(leaves []string, weights map[string]float64, tasks map[string]*Numbers, o Options) {
	first := tasks[leaves[0]]
	r.Metric, r.Unit, r.Higher = first.Metric, first.Unit, first.Higher
	var a, b, delta, variance, df float64
	hasSE := true
	done := map[string]bool{}
	for _, leaf := range leaves {
		t, w := tasks[leaf], weights[leaf]
		if t.Unit != r.Unit || t.Higher != r.Higher {
			r.Reason = fmt.Sprintf("the members mix %s (%s) and %s (%s), which have no common mean", r.Unit, r.Metric, t.Unit, t.Metric)
			return
		}
		if done[leaf] {
			continue
		}
		done[leaf] = true
		if t.Metric != r.Metric {
			r.Metric = "primary"
		}
		r.N += t.N
		r.MissingA += t.MissingA
		r.MissingB += t.MissingB
		r.Wins += t.Wins
		r.Losses += t.Losses
		r.Ties += t.Ties
		a += float64(w * *t.A)
		b += float64(w * *t.B)
		delta += float64(w * *t.Delta)
		hasSE = hasSE && t.SE != nil
		if t.SE != nil {
			v := float64(w*w) * float64(*t.SE**t.SE)
			variance += v
			df += v * v / float64(max(1, t.units()-1))
		}
	}
	r.A, r.B, r.Delta = finite(a), finite(b), finite(delta)
	r.Method = "mean of task differences, tasks independent"
	r.Numbers.rope(o)
	if r.MissingA+r.MissingB > 0 {
		r.warn("missing", "A lacks %d questions and B %d of those that either has", r.MissingA, r.MissingB)
	}
	r.equivLo, r.equivHi = -math.MaxFloat64, math.MaxFloat64
	if r.Delta != nil && hasSE {
		r.spread(math.Sqrt(variance), variance*variance/df, o)
	}
}

// units is how many independent pieces a task's standard error rests on.
func (n *Numbers) units() int {
	if n.Clusters > 0 {
		return n.Clusters
	}
	return n.N
}

func (r *SuiteRow) spread(se, df float64, o Options) {
	d := *r.Delta
	r.SE, r.MDE80 = &se, finite(stats.MDE80Paired(se))
	if se == 0 {
		p := 1.0
		r.CI95, r.equivLo, r.equivHi = &[2]float64{d, d}, d, d
		if d == 0 {
			r.P = &p
		}
		r.warn(stats.NoVariance, "no task's differences vary: the interval has no width")
		return
	}
	t := distuv.StudentsT{Sigma: 1, Nu: max(1, df)}
	wide, narrow := float64(t.Quantile(0.975)*se), float64(t.Quantile(1-o.Alpha)*se)
	r.CI95 = &[2]float64{d - wide, d + wide}
	r.equivLo, r.equivHi = d-narrow, d+narrow
	r.P = finite(min(1, max(2*t.CDF(-math.Abs(d)/se), math.SmallestNonzeroFloat64)))
	r.Method += fmt.Sprintf(", t with %.0f degrees of freedom", t.Nu)
}
