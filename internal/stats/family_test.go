package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// maxTBrute is the step-down max-T over all sign patterns of a few units.
func maxTBrute(rows [][]float64) (p, adjusted []float64) {
	n, h := len(rows[0]), len(rows)
	stat := func(pattern int) []float64 {
		out := make([]float64, h)
		for k, row := range rows {
			s, ss := 0.0, 0.0
			for i, d := range row {
				if math.IsNaN(d) {
					continue
				}
				if pattern>>i&1 == 1 {
					d = -d
				}
				s, ss = s+d, ss+d*d
			}
			out[k] = math.Abs(s) / math.Sqrt(ss)
		}
		return out
	}
	observed := stat(0)
	order := make([]int, h)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		if observed[i] > observed[j] {
			return -1
		}
		return 1
	})
	p, adjusted = make([]float64, h), make([]float64, h)
	for pattern := range 1 << n {
		s := stat(pattern)
		most := 0.0
		for k := h - 1; k >= 0; k-- {
			i := order[k]
			most = max(most, s[i])
			if s[i] >= observed[i]*(1-1e-9) {
				p[i] += 1 / float64(int(1)<<n)
			}
			if most >= observed[i]*(1-1e-9) {
				adjusted[i] += 1 / float64(int(1)<<n)
			}
		}
	}
	floor := 0.0
	for _, i := range order {
		floor = max(floor, adjusted[i])
		adjusted[i] = floor
	}
	return p, adjusted
}

func TestMaxT(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	rows := make([][]float64, 4)
	var family []Hypothesis
	for k := range rows {
		rows[k] = make([]float64, 12)
		for i := range rows[k] {
			rows[k][i] = rng.NormFloat64() + 0.25*float64(k)
			if k > 0 {
				rows[k][i] += rows[0][i] // dependent
			}
		}
		family = append(family, Hypothesis{Units: rows[k]})
	}
	rows[2][3] = math.NaN()
	wantP, wantAdj := maxTBrute(rows)
	const flips = 100_000
	p, adjusted := AdjustMaxT(family, flips, 1)
	for i := range p {
		sd := func(v float64) float64 { return 4*math.Sqrt(v*(1-v)/flips) + 2.0/flips }
		if math.Abs(p[i]-wantP[i]) > sd(wantP[i]) || math.Abs(adjusted[i]-wantAdj[i]) > sd(wantAdj[i]) {
			t.Errorf("%d: p %g adjusted %g, want %g %g", i, p[i], adjusted[i], wantP[i], wantAdj[i])
		}
	}
	again, _ := AdjustMaxT(family, flips, 1)
	if !slices.Equal(again, p) {
		t.Error("the same seed gave other p-values")
	}
	// Independent blocks of equal data: nothing is shared, so the adjusted value
	// of the first is near 1−(1−p)².
	_, two := AdjustMaxT([]Hypothesis{{rows[3], 0}, {rows[3], 1}}, flips, 1)
	_, one := AdjustMaxT([]Hypothesis{{rows[3], 0}, {rows[3], 0}}, flips, 1)
	if want := 1 - (1-one[0])*(1-one[0]); math.Abs(two[0]-want) > 0.004 {
		t.Errorf("independent blocks: %g, want %g", two[0], want)
	}
	if got, _ := AdjustMaxT([]Hypothesis{{Units: []float64{0, 0, 0}}}, 99, 1); got[0] != 1 {
		t.Errorf("nothing differs: p = %g", got[0])
	}
}

// TestMatrix holds each cell against the comparison of the pair alone, with
// questions missing, with and without clusters.
func TestMatrix(t *testing.T) {
	for _, clustered := range []bool{false, true} {
		m := models(false, 30)
		m.Scores = m.Scores[:5]
		for i := range m.Scores {
			m.Scores[i] = m.Scores[i][:301]
		}
		if clustered {
			m.Clusters = blocks(301, 3)
		}
		const flips = 40_000
		grid := Matrix(m, PairOptions{HigherIsBetter: true, Permutations: flips, Seed: 2})
		if len(grid.Cells) != 10 {
			t.Fatalf("%d cells", len(grid.Cells))
		}
		for i := range 5 {
			for j := i + 1; j < 5; j++ {
				c := grid.Cell(i, j)
				if c.I != i || c.J != j {
					t.Fatalf("Cell(%d, %d) = %+v", i, j, c)
				}
				a, b, k := shared(m, i, j)
				want := ComparePaired(a, b, k, PairOptions{HigherIsBetter: true, Permutations: flips, Seed: 3})
				near(t, "delta", c.Delta, want.Delta, 1e-12)
				near(t, "se", c.SE, want.SE, 1e-12)
				if c.N != want.N || c.Wins != want.Wins || c.Losses != want.Losses || c.Ties != want.Ties || c.Clusters != want.Clusters {
					t.Errorf("got %+v, want %+v", c, want)
				}
				if sd := math.Sqrt(2 * want.P * (1 - want.P) / flips); math.Abs(c.P-want.P) > 5*sd+1e-4 {
					t.Errorf("%d-%d clusters %v: p = %g, want %g", i, j, clustered, c.P, want.P)
				}
				if c.PMax < c.P-1e-9 {
					t.Errorf("adjusted %g below %g", c.PMax, c.P)
				}
			}
		}
	}
}

func shared(m Models, i, j int) (a, b []float64, clusters []int32) {
	for q, v := range m.Scores[i] {
		if w := m.Scores[j][q]; finite(v) && finite(w) {
			a, b = append(a, v), append(b, w)
			if m.Clusters != nil {
				clusters = append(clusters, m.Clusters[q])
			}
		}
	}
	return a, b, clusters
}

func TestMatrixBinary(t *testing.T) {
	m := models(true, 0)
	m.Scores = m.Scores[:3]
	c := Matrix(m, PairOptions{HigherIsBetter: true, Permutations: 200}).Cell(0, 2)
	if c.Method != string(MethodMcNemarMidP) || c.P != McNemarMidP(c.Wins, c.Losses) {
		t.Errorf("got %+v", c)
	}
	few := Matrix(Models{Scores: [][]float64{{0, 1, 0, 1}, {1, 1, 1, 1}}, Clusters: []int32{1, 1, 2, 2}}, PairOptions{})
	if c := few.Cells[0]; c.HasP || c.P != 1 || c.Delta != 0.5 {
		t.Errorf("two clusters: %+v", c)
	}
}

func TestRanks(t *testing.T) {
	// 0 is beyond doubt below 2 and 3; 1 is told apart from none; 2 and 3 are alike.
	cell := func(i, j int, delta, p float64) Cell {
		return Cell{I: i, J: j, Delta: delta, PMax: p, HasP: true}
	}
	g := Grid{Models: 4, Cells: []Cell{
		cell(0, 1, .1, .2), cell(0, 2, .3, .01), cell(0, 3, .4, .01),
		cell(1, 2, .2, .2), cell(1, 3, .3, .06), cell(2, 3, .1, .9),
	}}
	want := []Rank{
		{Model: 3, Place: 1, Best: 1, Worst: 3, Letters: "a"},
		{Model: 2, Place: 2, Best: 1, Worst: 3, Letters: "a"},
		{Model: 1, Place: 3, Best: 1, Worst: 4, Letters: "ab"},
		{Model: 0, Place: 4, Best: 3, Worst: 4, Letters: "b"},
	}
	if got := Ranks(g, .05, true); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if got := Ranks(g, .05, false); got[0].Model != 0 || got[0].Worst != 2 {
		t.Errorf("lower is better: %+v", got)
	}
	if letter(0) != "a" || letter(25) != "z" || letter(27) != "b'" {
		t.Error("letters go wrong")
	}
}

func TestOrders(t *testing.T) {
	m := Models{Scores: [][]float64{{0, 0, 0, 1, 0, 1}, {1, 1, 1, 1, 1, 1}, {0, 0, 1, 0, 0, 0}}}
	share := Orders(m, PairOptions{HigherIsBetter: true, Resamples: 200})
	near(t, "sum", share[0]+share[1]+share[2], 1, 1e-12)
	if share[1] < .98 {
		t.Errorf("got %v", share)
	}
	if low := Orders(m, PairOptions{Resamples: 200}); low[1] > .02 {
		t.Errorf("lower is better: %v", low)
	}
}

// TestFlipGroup: the sums of the group's patterns are those of the signs it
// stands for, and its p-value is near that of random flips.
func TestFlipGroup(t *testing.T) {
	x := []int64{5, -2, 7, 0, 1, 3, -9, 4}
	sums := slices.Clone(x)
	walsh(sums)
	for g := range sums {
		var want int64
		for c, v := range x {
			if parity(g&c) == 1 {
				v = -v
			}
			want += v
		}
		if sums[g] != want {
			t.Fatalf("pattern %d: %d, want %d", g, sums[g], want)
		}
	}
	rng := rand.New(rand.NewPCG(11, 12))
	units := make([]float64, 80_000)
	for i := range units {
		units[i] = rng.NormFloat64() + 0.005
	}
	p, how := flipTest(units, 0, 10_000, 1)
	if how != "group of 16384" {
		t.Fatalf("method %q", how)
	}
	whole, slack, _ := quantise(units, 0)
	var observed int64
	for _, q := range whole {
		observed += q
	}
	random := float64(1+flipRandom(whole, max(observed, -observed)-slack, 10_000, 1)) / 10_001
	if math.Abs(p-random) > 5*math.Sqrt(2*random*(1-random)/10_000) {
		t.Errorf("group %g, random flips %g", p, random)
	}
}

func parity(x int) (odd int) {
	for ; x > 0; x &= x - 1 {
		odd ^= 1
	}
	return odd
}
