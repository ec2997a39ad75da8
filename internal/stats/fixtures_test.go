package stats

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// fixtures are the numbers of SciPy and statsmodels; testdata/gen.py makes them.
type fixtures struct {
	Proportions []struct {
		K, N             int
		Level            float64
		Wilson, Jeffreys [2]float64
		Clopper          [2]float64 `json:"clopper_pearson"`
	}
	Paired01 []struct {
		Both, Gained, Lost, Neither int
		Exact                       float64
		MidP                        float64 `json:"mid_p"`
		ProbBetter                  float64 `json:"prob_better"`
		Tango95, Tango90            *[2]float64
		Newcombe95, Newcombe90      [2]float64
		Rope05                      float64
	}
	Continuous []struct {
		A, B, Weights []float64
		Clusters      []int32
		Delta, SE     float64
		PT            float64 `json:"p_t"`
		CI            [2]float64
		CR1           float64
		G             int
		WelchP        float64    `json:"welch_p"`
		WelchDF       float64    `json:"welch_df"`
		WelchCI       [2]float64 `json:"welch_ci"`
		Ratio         float64
		RatioSE       float64 `json:"ratio_se"`
		RatioCR1      float64 `json:"ratio_cr1"`
		TostP         float64 `json:"tost_p"`
		TostRope      float64 `json:"tost_rope"`
		Corr          float64
		FlipExact     *float64 `json:"flip_exact"`
	}
	ICC struct {
		Values    []float64
		Clusters  []int32
		ICC, Deff float64
	}
	Families []struct{ P, Holm, BH, BY []float64 }
	Powers   struct {
		T []struct {
			Delta, Alpha float64
			N            int
			PowerT       float64 `json:"power_t"`
			PowerZ       float64 `json:"power_z"`
			SM           float64 `json:"sm_power_t"`
			MDET         float64 `json:"mde_t"`
		}
		Connor []struct{ Differ, Delta, N float64 }
	}
	Strata struct {
		Delta, SE, Weight []float64
		DF                []int
		Q, I2             float64
		QP                float64 `json:"q_p"`
		Macro             float64
		MacroSE           float64 `json:"macro_se"`
		MacroDF           float64 `json:"macro_df"`
		CI                [2]float64
		P                 float64
		NewTasks          float64 `json:"new_tasks"`
	}
	Sequential struct {
		Counts []struct {
			Up, Down, Ties       int
			LogE                 float64 `json:"log_e"`
			Betting95, Betting90 [2]float64
		}
		Bernstein struct {
			X      []float64
			Lo, Hi float64
		}
	}
	Slope struct {
		X, Y         []float64
		Slope, SE, P float64
	}
	BCa struct {
		X  []float64
		CI [2]float64
	}
}

func load(t *testing.T) fixtures {
	t.Helper()
	data, err := os.ReadFile("testdata/fixtures.json")
	if err != nil {
		t.Fatal(err)
	}
	var f fixtures
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Proportions) == 0 || len(f.Paired01) == 0 || len(f.Continuous) == 0 || len(f.Families) == 0 || len(f.Powers.T) == 0 || len(f.Sequential.Counts) == 0 || len(f.Slope.X) == 0 {
		t.Fatal("fixtures.json lacks a part")
	}
	return f
}

const nine = 1e-9

func nearBoth(t *testing.T, what string, lo, hi float64, want [2]float64, tolerance float64) {
	t.Helper()
	near(t, what+" lo", lo, want[0], tolerance)
	near(t, what+" hi", hi, want[1], tolerance)
}

func TestFixturesProportions(t *testing.T) {
	for _, r := range load(t).Proportions {
		lo, hi := WilsonAt(float64(r.K), r.N, r.Level)
		nearBoth(t, "wilson", lo, hi, r.Wilson, nine)
		lo, hi = ClopperPearson(r.K, r.N, r.Level)
		nearBoth(t, "clopper-pearson", lo, hi, r.Clopper, nine)
		lo, hi = Jeffreys(r.K, r.N, r.Level)
		nearBoth(t, "jeffreys", lo, hi, r.Jeffreys, nine)
	}
}

func TestFixturesPaired01(t *testing.T) {
	for _, r := range load(t).Paired01 {
		n := r.Both + r.Gained + r.Lost + r.Neither
		near(t, "exact", McNemarExact(r.Gained, r.Lost)/r.Exact, 1, nine)
		near(t, "mid-p", McNemarMidP(r.Gained, r.Lost)/r.MidP, 1, nine)
		near(t, "better", ProbBetter(r.Gained, r.Lost), r.ProbBetter, nine)
		if r.Tango95 != nil {
			lo, hi := Tango(r.Gained, r.Lost, n, 0.95)
			nearBoth(t, "tango", lo, hi, *r.Tango95, nine)
			lo, hi = Tango(r.Gained, r.Lost, n, 0.9)
			nearBoth(t, "tango 90", lo, hi, *r.Tango90, nine)
		}
		lo, hi := Newcombe(r.Both, r.Gained, r.Lost, r.Neither, 0.95)
		nearBoth(t, "newcombe", lo, hi, r.Newcombe95, nine)
		lo, hi = Newcombe(r.Both, r.Gained, r.Lost, r.Neither, 0.9)
		nearBoth(t, "newcombe 90", lo, hi, r.Newcombe90, nine)
		near(t, "in rope", PosteriorDiff(r.Gained, r.Lost, n-r.Gained-r.Lost, 0.05).InRope, r.Rope05, 2e-3)
	}
}

func TestFixturesContinuous(t *testing.T) {
	for _, r := range load(t).Continuous {
		o := PairOptions{HigherIsBetter: true, Use: Choice{Test: MethodT, Difference: MethodT}}
		c := Compare(Pairs{A: r.A, B: r.B}, o)
		near(t, "delta", c.Delta, r.Delta, nine)
		near(t, "se", c.SE, r.SE, nine)
		near(t, "paired t", c.P/r.PT, 1, nine)
		nearBoth(t, "interval", c.Lo, c.Hi, r.CI, nine)
		near(t, "corr", c.Corr, r.Corr, nine)
		if tost, ok := TOST(c.Delta, c.SE, c.DF, r.TostRope); !ok {
			t.Error("no TOST")
		} else {
			near(t, "tost", tost, r.TostP, nine)
		}
		clustered := ComparePaired(r.A, r.B, r.Clusters, PairOptions{Permutations: 9})
		if r.G >= minClusters {
			near(t, "cr1", clustered.SE, r.CR1, nine)
			near(t, "ratio cr1", Ratio(r.A, r.Weights, r.Clusters).SE, r.RatioCR1, nine)
		} else if clustered.HasSE || clustered.HasP {
			t.Errorf("%d clusters: %+v", r.G, clustered)
		}
		if clustered.Clusters != r.G {
			t.Errorf("%d clusters, want %d", clustered.Clusters, r.G)
		}
		w := CompareUnpaired(Scores{Values: r.A}, Scores{Values: r.B}, PairOptions{})
		near(t, "welch p", w.P/r.WelchP, 1, nine)
		near(t, "welch df", w.DF, r.WelchDF, nine)
		nearBoth(t, "welch", w.Lo, w.Hi, r.WelchCI, nine)
		near(t, "ratio", Ratio(r.A, r.Weights, nil).Value, r.Ratio, nine)
		near(t, "ratio se", Ratio(r.A, r.Weights, nil).SE, r.RatioSE, nine)
		if r.FlipExact != nil {
			f := ComparePaired(r.A, r.B, nil, PairOptions{})
			near(t, "exact flips", f.P, *r.FlipExact, nine)
		}
	}
}

func TestFixturesClustering(t *testing.T) {
	r := load(t).ICC
	c, ok := ClusteringOf(r.Values, r.Clusters)
	if !ok || c.Clusters != 8 {
		t.Fatalf("got %+v", c)
	}
	near(t, "icc", c.ICC, r.ICC, nine)
	near(t, "deff", c.Deff, r.Deff, nine)
	near(t, "n", c.EffectiveN, float64(len(r.Values))/r.Deff, nine)
}

func TestFixturesFamilies(t *testing.T) {
	for _, r := range load(t).Families {
		holm, bh, by := AdjustHolm(r.P), AdjustBH(r.P), AdjustBY(r.P)
		for i := range r.P {
			near(t, "holm", holm[i], r.Holm[i], nine)
			near(t, "bh", bh[i], r.BH[i], nine)
			near(t, "by", by[i], r.BY[i], nine)
		}
	}
}

func TestFixturesPower(t *testing.T) {
	f := load(t).Powers
	for _, r := range f.T {
		se := 1 / math.Sqrt(float64(r.N))
		near(t, "power t", PowerT(r.Delta, se, r.N-1, r.Alpha), r.PowerT, nine)
		near(t, "statsmodels", PowerT(r.Delta, se, r.N-1, r.Alpha), r.SM, 1e-8) // its quantile is as rough
		near(t, "power z", PowerZ(r.Delta, se, r.Alpha), r.PowerZ, nine)
		near(t, "mde t", MDET(se, r.N-1, r.Alpha, 0.8), r.MDET, nine)
	}
	for _, r := range f.Connor {
		if got := SampleSizePaired01(r.Differ, r.Delta, 0.05, 0.8); got != int(math.Ceil(r.N)) {
			t.Errorf("n = %d, want %g", got, r.N)
		}
		mde := MDEPaired01(r.Differ, int(math.Ceil(r.N)), 0.05, 0.8)
		if mde > r.Delta || mde < r.Delta*0.98 {
			t.Errorf("mde %g of the sample size for %g", mde, r.Delta)
		}
	}
}

func TestFixturesStrata(t *testing.T) {
	r := load(t).Strata
	var strata []Stratum
	for i := range r.Delta {
		strata = append(strata, Stratum{Weight: r.Weight[i], Delta: r.Delta[i], SE: r.SE[i], DF: r.DF[i], N: r.DF[i] + 1})
	}
	m, ok := Stratified(strata, 0.05)
	if !ok || m.Strata != 4 || m.Method != "stratified t" {
		t.Fatalf("got %+v", m)
	}
	near(t, "delta", m.Delta, r.Macro, nine)
	near(t, "se", m.SE, r.MacroSE, nine)
	near(t, "df", m.DF, r.MacroDF, nine)
	near(t, "p", m.P/r.P, 1, nine)
	nearBoth(t, "interval", m.Lo, m.Hi, r.CI, nine)
	near(t, "Q", m.Q, r.Q, nine)
	near(t, "Q's p", m.QP, r.QP, nine)
	near(t, "I2", m.I2, r.I2, nine)
	near(t, "new tasks", m.SENewTasks, r.NewTasks, nine)
}

func TestFixturesSequential(t *testing.T) {
	f := load(t).Sequential
	for _, r := range f.Counts {
		near(t, "log e", LogEValue(r.Up, r.Down, 0.5), r.LogE, nine)
		lo, hi := BettingInterval(r.Up, r.Down, r.Ties, 0.05)
		nearBoth(t, "betting 95", lo, hi, r.Betting95, nine)
		lo, hi = BettingInterval(r.Up, r.Down, r.Ties, 0.1)
		nearBoth(t, "betting 90", lo, hi, r.Betting90, nine)
	}
	b := newBernstein(0.05)
	for _, x := range f.Bernstein.X {
		b.add(x)
	}
	lo, hi := b.interval(0.05)
	nearBoth(t, "bernstein", lo, hi, [2]float64{f.Bernstein.Lo, f.Bernstein.Hi}, nine)
}

func TestFixturesSlope(t *testing.T) {
	r := load(t).Slope
	var points []Checkpoint
	for i, x := range r.X {
		points = append(points, Checkpoint{X: x, Score: r.Y[i]})
	}
	got := TrendOf(points, TrendOptions{})
	near(t, "slope", got.Slope, r.Slope, nine)
	if got.Autocorrelation > 2/3.0 {
		t.Fatal("the fixture's noise is autocorrelated")
	}
	near(t, "se", got.SlopeSE, r.SE, nine)
	near(t, "p", got.P/r.P, 1, nine)
}

// TestFixturesBCa: with the normal quantiles in place, the interval is SciPy's
// but for the resamples drawn.
func TestFixturesBCa(t *testing.T) {
	r := load(t).BCa
	lo, hi, ok := bca(r.X, 1_000_000, 1, zQuantile(0.975))
	width := r.CI[1] - r.CI[0]
	if !ok || math.Abs(lo-r.CI[0]) > 0.01*width || math.Abs(hi-r.CI[1]) > 0.01*width {
		t.Errorf("[%g, %g], want %v", lo, hi, r.CI)
	}
	near(t, "width", (hi-lo)/width, 1, 0.01)
	lo2, hi2, _ := BCa(r.X, 1_000_000, 1)
	if lo2 >= lo || hi2 <= hi {
		t.Error("the spread of t makes the interval no wider")
	}
}
