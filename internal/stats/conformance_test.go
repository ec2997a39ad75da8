package stats

import (
	"encoding/json"
	"math"
	"testing"

	"olmoeval/internal/corpus"
)

func decode(t *testing.T, line []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(line, into); err != nil {
		t.Fatal(err)
	}
}

// TestPassKConformance: pass@k as recorded; pass^k as recorded for k = 1 and
// where all or no samples are right, unbiased otherwise (the recorded (c/n)^k
// is above C(c,k)/C(n,k)).
func TestPassKConformance(t *testing.T) {
	at, pow, biased := 0, 0, 0
	corpus.Rows(t, "metrics", func(line json.RawMessage) {
		var fn struct{ Fn string }
		decode(t, line, &fn)
		if fn.Fn == "" {
			return
		}
		var r struct {
			Fn      string
			N, C, K int
			Value   float64
		}
		decode(t, line, &r)
		switch {
		case r.Fn == "compute_pass_at_k":
			near(t, "pass@k", PassAtK(r.N, r.C, r.K), r.Value, 1e-12)
			at++
		case r.Fn == "compute_pass_pow_k" && (r.K == 1 || r.C == 0 || r.C == r.N):
			near(t, "pass^k", PassPowK(r.N, r.C, r.K), r.Value, 1e-12)
			pow++
		case r.Fn == "compute_pass_pow_k":
			if got := PassPowK(r.N, r.C, r.K); got >= r.Value {
				t.Errorf("PassPowK(%d, %d, %d) = %g, want less than %g", r.N, r.C, r.K, got, r.Value)
			}
			biased++
		}
	})
	if at != 84 || pow+biased != 88 {
		t.Errorf("%d pass@k rows and %d+%d pass^k rows, want 84 and 88", at, pow, biased)
	}
	t.Logf("pass@k %d, pass^k %d as recorded, %d corrected", at, pow, biased)
}

type comparePairs struct {
	Kind   string
	Margin float64
	Scores [][]*float64 // null where a run has no score
	N      int
	Pairs  []struct {
		A      int     `json:"index_a"`
		B      int     `json:"index_b"`
		Wins   int     `json:"wins_a"`
		Losses int     `json:"wins_b"`
		Ties   int     `json:"ties"`
		Var    float64 `json:"var_paired_diff"`
	}
}

func (r comparePairs) check(t *testing.T) (checked int) {
	for _, want := range r.Pairs {
		if r.Margin != 0 || r.N == 0 {
			continue
		}
		// Recorded from the side of A: it is the run that may win here.
		a, b := both(r.Scores[want.A], r.Scores[want.B])
		p := ComparePaired(b, a, nil, PairOptions{HigherIsBetter: true, Permutations: 100})
		if p.Wins != want.Wins || p.Losses != want.Losses || p.Ties != want.Ties {
			t.Errorf("wins %d losses %d ties %d, want %+v", p.Wins, p.Losses, p.Ties, want)
		}
		near(t, "variance", p.SE*p.SE*float64(p.N), want.Var, 1e-9)
		checked++
	}
	return checked
}

// both keeps the questions that both runs have a score for.
func both(a, b []*float64) (x, y []float64) {
	for i := range a {
		if a[i] != nil && b[i] != nil {
			x, y = append(x, *a[i]), append(y, *b[i])
		}
	}
	return x, y
}

type components struct {
	A, B     []float64
	Clusters []int32 `json:"cluster_ids"`
	Out      struct {
		Correlation float64
		N           int
		Clusters    *int    `json:"n_clusters"`
		Var         float64 `json:"var_paired_diff"`
	}
}

func (r components) check(t *testing.T) {
	p := ComparePaired(r.A, r.B, r.Clusters, PairOptions{Permutations: 100})
	near(t, "correlation", p.Corr, r.Out.Correlation, 1e-9)
	if !p.HasSE {
		if r.Out.Clusters == nil || *r.Out.Clusters >= minClusters {
			t.Errorf("no standard error: %+v", p)
		}
		return
	}
	got := p.SE * p.SE * float64(p.N)
	if r.Out.Clusters != nil {
		// Recorded without the factor G/(G−1).
		g := float64(*r.Out.Clusters)
		got *= (g - 1) / g
	}
	near(t, "variance", got, r.Out.Var, 1e-9)
}

// power is the row of a sample size or a detectable difference: of {delta or
// n, omega2, s2a, s2b, ka, kb, alpha, power}.
type power struct {
	In  [8]float64
	Out float64
}

func (r power) variance() float64 { return r.In[1] + r.In[2]/r.In[4] + r.In[3]/r.In[5] }
func (r power) ours() bool        { return r.In[6] == .05 && r.In[7] == .8 }

// check holds the planning of any level and power.
func (r power) check(t *testing.T, kind string) {
	alpha, want := r.In[6], r.In[7]
	if kind == "mde" {
		near(t, "mde", MDE(r.variance(), int(r.In[0]), alpha, want), r.Out, 1e-9)
	} else if got := SampleSize(r.variance(), r.In[0], alpha, want); got != int(r.Out) {
		t.Errorf("%v: SampleSize = %d, want %g", r.In, got, r.Out)
	}
}

func TestPairedConformance(t *testing.T) {
	seen := map[string]int{}
	corpus.Rows(t, "pairwise", func(line json.RawMessage) {
		var kind struct{ Kind string }
		decode(t, line, &kind)
		switch kind.Kind {
		case "compute_pairs":
			var r comparePairs
			decode(t, line, &r)
			seen["pairs"] += r.check(t)
		case "variance_components":
			var r components
			decode(t, line, &r)
			r.check(t)
			seen["variance"]++
		case "mde", "required_sample_size":
			var r power
			decode(t, line, &r)
			r.check(t, kind.Kind)
			seen["all "+kind.Kind]++
			if !r.ours() {
				return
			}
			if kind.Kind == "mde" {
				near(t, "mde", MDE80Paired(math.Sqrt(r.variance()/r.In[0])), r.Out, 1e-9)
			} else if got := NNeeded(math.Sqrt(r.variance()), r.In[0]); got != int(r.Out) {
				t.Errorf("%v: NNeeded = %d, want %g", r.In, got, r.Out)
			}
			seen[kind.Kind]++
		}
	})
	if seen["pairs"] != 143 || seen["variance"] != 20 || seen["mde"] != 22 || seen["required_sample_size"] != 29 ||
		seen["all mde"] != 250 || seen["all required_sample_size"] != 270 {
		t.Errorf("rows checked: %v", seen)
	}
	t.Logf("rows checked: %v", seen)
}
