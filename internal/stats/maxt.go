package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Hypothesis is one of a family: the differences of its units (questions, or
// sums over clusters), each 0 in sum if the runs are alike.
type Hypothesis struct {
	// Units in the common order of the block; NaN where this hypothesis has none.
	Units []float64
	// Block numbers what is flipped together: hypotheses of one block share the
	// sign of each unit, so that their dependence is that of the data; those of
	// different blocks, such as tasks without common questions, are independent.
	Block int
}

// AdjustMaxT is the p-values of a family by joint sign flips, and the same
// adjusted to hold the chance of any false finding (Westfall and Young, 1993;
// the step-down version). Hypotheses are compared by |Σd|/√Σd². The dependence
// between them is used, not bounded, so that less is lost than by [AdjustHolm].
// flips of 0 means 10,000.
func AdjustMaxT(family []Hypothesis, flips int, seed uint64) (p, adjusted []float64) {
	if flips <= 0 {
		flips = 10_000
	}
	t := tests{scale: make([]float64, len(family)), observed: make([]float64, len(family)), sums: make([][]int64, len(family))}
	blocks := map[int][]int{}
	var order []int
	for i, h := range family {
		if blocks[h.Block] == nil {
			order = append(order, h.Block)
		}
		blocks[h.Block] = append(blocks[h.Block], i)
	}
	for _, b := range order {
		cols := make([][]int64, len(blocks[b]))
		for k, i := range blocks[b] {
			cols[k] = t.set(i, family[i].Units)
		}
		for k, s := range jointFlips(cols, flips, seed+uint64(b)*0x9e3779b97f4a7c15, nil) {
			t.sums[blocks[b][k]] = s
		}
	}
	t.order()
	count := newCounter(&t)
	for f := range flips {
		count.add(func(h int) float64 { return math.Abs(float64(t.sums[h][f])) / t.scale[h] })
	}
	return count.values(flips)
}

// tests is a family with what was observed.
type tests struct {
	scale    []float64 // √Σd² in steps; 0 becomes infinite: nothing differs
	observed []float64 // |Σd|/√Σd², less what rounding may change
	sums     [][]int64 // per hypothesis and flip
	byT      []int     // from the greatest observed to the least
}

// set quantises the units of hypothesis i; absent ones are 0.
func (t *tests) set(i int, units []float64) []int64 {
	clean := make([]float64, len(units))
	for k, u := range units {
		if !math.IsNaN(u) {
			clean[k] = u
		}
	}
	whole := steps([][]float64{clean})
	sum, squares, count := int64(0), 0.0, 0.0
	for _, q := range whole[0] {
		sum += q
		squares += float64(q) * float64(q)
		if q != 0 {
			count++
		}
	}
	t.note(i, float64(max(sum, -sum)), squares, count+math.Ldexp(1, 9))
	return whole[0]
}

// note records what was observed; slack is what rounding may change, in steps.
func (t *tests) note(i int, sum, squares, slack float64) {
	t.scale[i] = math.Sqrt(squares)
	if t.scale[i] == 0 {
		t.scale[i] = math.Inf(1)
	}
	t.observed[i] = max(0, (sum-slack)/t.scale[i]) * (1 - 1e-12)
}

func (t *tests) order() {
	t.byT = make([]int, len(t.observed))
	for i := range t.byT {
		t.byT[i] = i
	}
	slices.SortStableFunc(t.byT, func(i, j int) int { return cmp.Compare(t.observed[j], t.observed[i]) })
}

// steps writes columns as whole numbers of one tiny step, the sum of a column's
// magnitudes below 2^59 steps; not finite values become 0.
func steps(cols [][]float64) [][]int64 {
	most := 0.0
	for _, c := range cols {
		most = max(most, sumOf(len(c), func(i int) float64 {
			if !finite(c[i]) {
				return 0
			}
			return math.Abs(c[i])
		}))
	}
	_, exponent := math.Frexp(most)
	shift := 59 - exponent
	whole := make([][]int64, len(cols))
	for k, c := range cols {
		whole[k] = make([]int64, len(c))
		for i, v := range c {
			if finite(v) {
				whole[k][i] = int64(math.RoundToEven(math.Ldexp(v, shift)))
			}
		}
	}
	return whole
}

// jointFlips sums each column under the same random signs, flips times: eight
// units at a time, as flipRandom does. seen, where not nil, is handed the random
// words of each eight units; it must copy what it keeps.
func jointFlips(cols [][]int64, flips int, seed uint64, seen func(group int, words []uint64)) [][]int64 {
	rng := rand.NewPCG(seed, 0xd1342543de82ef95)
	words := make([]uint64, (flips+7)/8)
	sums := make([][]int64, len(cols))
	n := 0
	for k, c := range cols {
		sums[k] = make([]int64, len(words)*8)
		n = max(n, len(c))
	}
	var table [256]int64
	for at := 0; at < n; at += 8 {
		for i := range words {
			words[i] = rng.Uint64()
		}
		if seen != nil {
			seen(at/8, words)
		}
		for k, c := range cols {
			if at >= len(c) {
				continue
			}
			units := c[at:min(at+8, len(c))]
			if !anySet(units) {
				continue
			}
			tabulate(&table, units)
			addPatterns(sums[k], &table, words)
		}
	}
	for k := range sums {
		sums[k] = sums[k][:flips]
	}
	return sums
}

// addPatterns adds to each flip's sum what the table has for its random byte.
func addPatterns(sums []int64, table *[256]int64, words []uint64) {
	for w, word := range words {
		eight := (*[8]int64)(sums[8*w:])
		for j := range eight {
			eight[j] += table[byte(word>>(8*j))]
		}
	}
}

func anySet(units []int64) bool {
	for _, q := range units {
		if q != 0 {
			return true
		}
	}
	return false
}

// counter counts the flips that are as extreme as each observed value.
type counter struct {
	t            *tests
	single, down []int
}

func newCounter(t *tests) *counter {
	return &counter{t, make([]int, len(t.byT)), make([]int, len(t.byT))}
}

// add counts one flip, whose statistics value gives.
func (c *counter) add(value func(h int) float64) {
	most := 0.0
	for k := len(c.t.byT) - 1; k >= 0; k-- {
		h := c.t.byT[k]
		v := value(h)
		most = max(most, v)
		if v >= c.t.observed[h] {
			c.single[h]++
		}
		if most >= c.t.observed[h] {
			c.down[h]++
		}
	}
}

func (c *counter) values(flips int) (p, adjusted []float64) {
	p, adjusted = make([]float64, len(c.single)), make([]float64, len(c.single))
	floor := 0.0
	for _, h := range c.t.byT {
		p[h] = float64(1+c.single[h]) / float64(flips+1)
		floor = max(floor, float64(1+c.down[h])/float64(flips+1))
		adjusted[h] = floor
	}
	return p, adjusted
}
