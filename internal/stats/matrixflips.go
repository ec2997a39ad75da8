package stats

import "math"

// chunkOf is how many flips are worked at a time over all pairs: as many as keep
// the pairs' own sums within 32 MiB, a multiple of 8.
func chunkOf(pairs, flips int) int {
	return max(8, min((flips+7)/8*8, (4<<20)/max(pairs, 1)/8*8))
}

// count flips signs and fills in the p-values.
func (m *matrix) count(t *tests, flips int, seed uint64) {
	ragged := m.ragged()
	words := make(map[int][]uint64)
	sums := jointFlips(m.sums, flips, seed, func(group int, w []uint64) {
		if ragged[group] {
			words[group] = append([]uint64(nil), w...)
		}
	})
	fixes := m.fixes()
	c := newCounter(t)
	extra := make([][]int64, len(m.cells))
	chunk := chunkOf(len(m.cells), flips)
	for from := 0; from < flips; from += chunk {
		till := min(from+chunk, flips)
		for k, f := range fixes {
			if len(f) > 0 {
				extra[k] = f.flip(words, from, till, chunk, extra[k])
			}
		}
		for f := from; f < till; f++ {
			c.add(func(h int) float64 {
				cell := &m.cells[h]
				s := sums[cell.J][f] - sums[cell.I][f]
				if x := extra[h]; x != nil {
					s += x[f-from]
				}
				return math.Abs(float64(s)) / t.scale[h]
			})
		}
	}
	p, adjusted := c.values(flips)
	for k := range m.cells {
		m.settle(&m.cells[k], p[k], adjusted[k])
	}
}

func (m *matrix) settle(c *Cell, p, adjusted float64) {
	if !c.HasP {
		return
	}
	c.P, c.PMax, c.Method = p, adjusted, string(MethodSignFlip)
	switch {
	case m.g.count > 0:
		c.Method = string(MethodClusterFlip)
	case m.binary[c.I] && m.binary[c.J]:
		c.P, c.Method = McNemarMidP(c.Wins, c.Losses), string(MethodMcNemarMidP)
	}
}

func (m *matrix) unitOf(q int32) int {
	if m.g.count > 0 {
		return int(m.g.of[q])
	}
	return int(q)
}

// ragged is the groups of eight units in which some run lacks a question.
func (m *matrix) ragged() map[int]bool {
	out := map[int]bool{}
	for _, qs := range m.missing {
		for _, q := range qs {
			out[m.unitOf(q)/8] = true
		}
	}
	return out
}

// fix is what a pair's sums have too much, by groups of eight units: the scores
// on questions that only one of the two has.
type fix []struct {
	group int
	units [8]int64
}

func (m *matrix) fixes() []fix {
	lacks := make([]map[int32]bool, len(m.missing))
	for i, qs := range m.missing {
		lacks[i] = make(map[int32]bool, len(qs))
		for _, q := range qs {
			lacks[i][q] = true
		}
	}
	out := make([]fix, len(m.cells))
	for k := range m.cells {
		c := &m.cells[k]
		at := map[int]int{}
		var f fix
		add := func(q int32, v int64) {
			u := m.unitOf(q)
			i, ok := at[u/8]
			if !ok {
				i = len(f)
				at[u/8] = i
				f = append(f, struct {
					group int
					units [8]int64
				}{group: u / 8})
			}
			f[i].units[u%8] += v
		}
		for _, q := range m.missing[c.I] {
			if !lacks[c.J][q] { // J's score is in its sum
				add(q, -m.whole[c.J][q])
			}
		}
		for _, q := range m.missing[c.J] {
			if !lacks[c.I][q] {
				add(q, m.whole[c.I][q])
			}
		}
		out[k] = f
	}
	return out
}

// flip is the fix under the flips from from, a multiple of 8, to till.
func (f fix) flip(words map[int][]uint64, from, till, chunk int, into []int64) []int64 {
	if into == nil {
		into = make([]int64, chunk)
	}
	clear(into)
	var table [256]int64
	for i := range f {
		if !anySet(f[i].units[:]) {
			continue
		}
		tabulate(&table, f[i].units[:])
		addPatterns(into, &table, words[f[i].group][from/8:(till+7)/8])
	}
	return into
}
