package stats

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"olmoeval/internal/corpus"
)

func TestLegacy(t *testing.T) {
	for _, c := range []struct {
		w, l        int
		rate, se, p float64
	}{
		{1, 0, 1, 0, 0}, {5, 0, 1, 0, 0}, {3, 1, .75, .25, .317310508}, {7, 3, .7, .152752517, .190430264},
		{8, 2, .8, .133333333, .024448945}, {9, 1, .9, .1, 6.33424837e-05}, {14, 6, .7, .105131497, .057121564},
		{60, 40, .6, .049236596, .042254021}, {90, 10, .9, .030151134, 3.62106103e-40}, {0, 0, .5, 0, 1},
	} {
		got := LegacySign(c.w, c.l)
		near(t, "rate", got.WinRate, c.rate, 1e-12)
		near(t, "se", got.SE, c.se, 1e-8)
		if c.p > 0 {
			near(t, "p", got.P/c.p, 1, 1e-7)
		} else if got.P != 0 || !slices.Contains(got.Warnings, LegacyUnanimous) {
			t.Errorf("%d:%d: %+v", c.w, c.l, got)
		}
	}
}

// TestLegacyConformance: the recorded figures of all recorded counts.
func TestLegacyConformance(t *testing.T) {
	n := 0
	corpus.Rows(t, "pairwise", func(line json.RawMessage) {
		var r struct {
			Kind string
			In   []int
			Out  struct {
				P          float64 `json:"p_value"`
				ProbBetter float64 `json:"prob_a_gt_b"`
				SE         float64
				WinRate    float64 `json:"win_rate_a"`
			}
		}
		var kind struct{ Kind string }
		decode(t, line, &kind)
		if kind.Kind != "pair_stats" {
			return
		}
		decode(t, line, &r)
		got := LegacySign(r.In[0], r.In[1])
		near(t, "rate", got.WinRate, r.Out.WinRate, 1e-12)
		near(t, "se", got.SE, r.Out.SE, 1e-12)
		near(t, "P(A>B)", got.ProbBetter, r.Out.ProbBetter, 1e-12)
		if math.Abs(got.P-r.Out.P) > 1e-9*r.Out.P {
			t.Errorf("%v: p = %g, want %g", r.In, got.P, r.Out.P)
		}
		n++
	})
	if n != 119 {
		t.Errorf("%d rows of counts, want 119", n)
	}
}
