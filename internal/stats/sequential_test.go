package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSequentialDecides(t *testing.T) {
	s := NewSequential(SequentialOptions{Binary: true, HigherIsBetter: true, Rope: .05})
	for i := range 400 {
		a := 0.0
		if i%2 == 0 {
			a = 1
		}
		if err := s.Add(a, a); err != nil {
			t.Fatal(err)
		}
	}
	st := s.State()
	if st.Verdict != Equivalent || st.DecidedAt == 0 || st.DecidedAt >= 400 || st.E > 1 || st.N != 400 || st.Ties != 400 {
		t.Errorf("equal answers: %+v", st)
	}
	if !(-.05 <= st.EquivLo && st.EquivHi <= .05 && st.Lo <= st.EquivLo) {
		t.Errorf("intervals: %+v", st)
	}
	for _, higher := range []bool{true, false} {
		s = NewSequential(SequentialOptions{Binary: true, HigherIsBetter: higher})
		for range 10 {
			must(t, s.Add(0, 1))
		}
		st = s.State()
		want := map[bool]string{true: Better, false: Worse}[higher]
		// Ten of ten: B(10.5, .5)/B(.5, .5)·2¹⁰ is above 100, 1/alpha is 20.
		if st.Verdict != want || st.DecidedAt >= 10 || st.P >= .05 || st.E < 20 {
			t.Errorf("ten wins: %+v", st)
		}
	}
	// The verdict stays though the evidence goes.
	for range 60 {
		must(t, s.Add(1, 0))
	}
	if v, at := s.Verdict(); v != st.Verdict || at != st.DecidedAt {
		t.Errorf("Verdict() = %q at %d", v, at)
	}
	if again := s.State(); again.Verdict != st.Verdict || again.DecidedAt != st.DecidedAt || again.P > st.P {
		t.Errorf("the verdict changed: %+v", again)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSequentialRefuses(t *testing.T) {
	s := NewSequential(SequentialOptions{Binary: true})
	if s.Add(.5, 1) == nil || s.Add(math.NaN(), 1) == nil || s.AddCluster([]float64{1}, []float64{0}) == nil {
		t.Error("scores that were not announced are taken")
	}
	s = NewSequential(SequentialOptions{Range: 2})
	must(t, s.Add(0, 2))
	if s.Add(0, 2.5) == nil || s.Add(0, math.Inf(1)) == nil {
		t.Error("a difference above the range is taken")
	}
	s = NewSequential(SequentialOptions{MaxCluster: 2})
	if s.Add(0, 1) == nil || s.AddCluster(make([]float64, 3), make([]float64, 3)) == nil {
		t.Error("a question, or a cluster too large, is taken")
	}
	if st := s.State(); st.N != 0 || st.HasInterval || st.Verdict != Unresolved || st.E != 1 {
		t.Errorf("nothing was added: %+v", st)
	}
}

// TestSequentialBounded: the scale of the scores does not matter, and clusters
// of one are questions.
func TestSequentialBounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	one := NewSequential(SequentialOptions{HigherIsBetter: true})
	ten := NewSequential(SequentialOptions{HigherIsBetter: true, Range: 10})
	group := NewSequential(SequentialOptions{HigherIsBetter: true, MaxCluster: 1})
	for range 300 {
		a, b := rng.Float64()*.5, .2+rng.Float64()*.5
		must(t, one.Add(a, b))
		must(t, ten.Add(10*a, 10*b))
		must(t, group.AddCluster([]float64{a}, []float64{b}))
	}
	x, y, z := one.State(), ten.State(), group.State()
	if x.Verdict != Better || y.DecidedAt != x.DecidedAt || z.DecidedAt != x.DecidedAt {
		t.Errorf("%+v\n%+v\n%+v", x, y, z)
	}
	near(t, "lo", y.Lo, 10*x.Lo, 1e-9)
	near(t, "hi", z.Hi, x.Hi, 1e-12)
	if !(x.Lo > 0 && x.Lo < x.Delta && x.Delta < x.Hi) {
		t.Errorf("[%g, %g] about %g", x.Lo, x.Hi, x.Delta)
	}
}

func TestSequentialClusters(t *testing.T) {
	s := NewSequential(SequentialOptions{Binary: true, HigherIsBetter: true, MaxCluster: 4})
	for range 200 {
		must(t, s.AddCluster([]float64{0, 0, 1, 0}, []float64{1, 0, 1, 0}))
	}
	st := s.State()
	if !st.HasInterval || !(st.Lo < .25 && .25 < st.Hi) || st.N != 800 || st.Units != 200 || st.Verdict != Better {
		t.Errorf("got %+v", st)
	}
	must(t, s.AddCluster([]float64{0}, []float64{1}))
	if st = s.State(); st.HasInterval || len(st.Warnings) == 0 {
		t.Errorf("clusters of other size: %+v", st)
	}
}

func TestTrend(t *testing.T) {
	line := func(n int, score func(i int) float64) []Checkpoint {
		out := make([]Checkpoint, n)
		for i := range out {
			out[i] = Checkpoint{X: float64(100 * (i + 1)), Score: score(i), SE: .01}
		}
		return out
	}
	exact := TrendOf(line(10, func(i int) float64 { return .1 + .02*float64(i) }), TrendOptions{})
	near(t, "slope", exact.Slope, .0002, 1e-12)
	near(t, "sampling", exact.Sampling, .01, 1e-12)
	if exact.StepNoise > 1e-12 || len(exact.Changes) != 0 || exact.LastN != 5 || len(exact.Warnings) != 0 {
		t.Errorf("a line: %+v", exact)
	}
	near(t, "last", exact.Last, .1+.02*7, 1e-12)
	zigzag := TrendOf(line(12, func(i int) float64 { return .3 + .02*float64(i%2) }), TrendOptions{})
	// Each score is .02 from its neighbours' mean: .02²/1.5.
	near(t, "noise", zigzag.StepNoise, .02/math.Sqrt(1.5), 1e-12)
	fall := line(20, func(i int) float64 { return .2 + .01*float64(i) + .001*float64(i%3) })
	for i := 12; i < 20; i++ {
		fall[i].Score -= .1
	}
	got := TrendOf(fall, TrendOptions{})
	if len(got.Changes) != 1 || got.Changes[0].Index != 12 || got.Changes[0].X != 1300 || got.Changes[0].P > .01 {
		t.Fatalf("a fall: %+v", got.Changes)
	}
	near(t, "jump", got.Changes[0].Jump, -.1, .002)
	if bad := TrendOf([]Checkpoint{{X: 2}, {X: 1}}, TrendOptions{}); bad.HasSlope || bad.Method[:5] != "none:" {
		t.Errorf("not in order: %+v", bad)
	}
	if few := TrendOf(line(2, func(int) float64 { return 1 }), TrendOptions{}); few.HasSlope || few.HasNoise || few.Warnings[0] != FewCheckpoints {
		t.Errorf("two checkpoints: %+v", few)
	}
}

func TestSignalToNoise(t *testing.T) {
	s, ok := SignalToNoise([]float64{.4, .5, .6}, [][]float64{{.49, .5, .51, .5, .5}})
	if !ok {
		t.Fatal("none")
	}
	near(t, "signal", s.Signal, .4, 1e-12)
	near(t, "noise", s.Noise, math.Sqrt(2e-4/4)/.5, 1e-12)
	near(t, "ratio", s.Ratio, s.Signal/s.Noise, 1e-12)
	if _, ok := SignalToNoise([]float64{.4}, [][]float64{{.4, .5}}); ok {
		t.Error("one model has no spread")
	}
	if _, ok := SignalToNoise([]float64{.4, .5}, [][]float64{{.4}}); ok {
		t.Error("one checkpoint has no noise")
	}
	share, pairs, ok := DecisionAccuracy([]float64{1, 2, 3, 3}, []float64{1, 3, 2, 5})
	if !ok || pairs != 6 || math.Abs(share-4.5/6) > 1e-12 {
		t.Errorf("%g of %d", share, pairs)
	}
}
