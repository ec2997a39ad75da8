package metric

import (
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/stats"
)

// proportion says what a share of right answers is.
func proportion(id string) eval.MetricInfo {
	return eval.MetricInfo{ID: id, Unit: eval.Proportion, HigherIsBetter: true}
}

// estimate dresses a result; empty says why there may be no observation.
func estimate(info eval.MetricInfo, r stats.Result, n int, empty string) eval.Estimate {
	e := eval.Estimate{
		Metric: info.ID, Unit: info.Unit, HigherIsBetter: info.HigherIsBetter,
		N: r.N, Clusters: r.Clusters, Method: r.Method, Warnings: r.Warnings,
	}
	if n == 0 {
		e.N, e.Method, e.Reason = 0, "", empty
		return e
	}
	why := strings.TrimPrefix(r.Method, "none: ")
	if r.N == 0 {
		e.Method, e.Reason = "", why
		return e
	}
	e.Value = &r.Value
	if !r.HasSE {
		e.Method, e.Reason = "", "no standard error: "+why
		return e
	}
	mde := stats.MDE80(r.SE)
	e.SE, e.CI95, e.MDE80 = &r.SE, &[2]float64{r.Lo, r.Hi}, &mde
	return e
}

// meanOf is the estimate of all metrics whose questions weigh the same.
func meanOf(info eval.MetricInfo, s eval.Sample, empty string) eval.Estimate {
	return estimate(info, stats.Mean(s.Values, s.Clusters), len(s.Values), empty)
}

// lost reports whether the model left nothing to score: it refused, the
// context did not fit, and the like. That is its fault and counts 0.
func lost(r *eval.Record) bool {
	return len(r.Outputs) == 0 && r.Status != eval.OK && r.Status.Counted()
}
