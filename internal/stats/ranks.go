package stats

import (
	"cmp"
	"slices"
)

// Rank is a run's place among several, as far as the data tell.
type Rank struct {
	Model int
	// Place is by the mean of the differences to all others, from 1.
	Place int
	// Best and Worst bound the place: all places are within their bounds with
	// probability 1−alpha, if the pairs' p-values are adjusted for the family.
	Best, Worst int
	// Letters are the groups that the run belongs to: runs that share one are not
	// told apart.
	Letters string
}

// Ranks orders runs with the uncertainty of the order: the best place is one
// more than the number of runs that are better beyond doubt, the worst the
// number of runs less those that are worse beyond doubt (Mogstad, Romano, Shaikh
// and Wilhelm, 2024). A pair is told apart if its PMax is below alpha.
func Ranks(g Grid, alpha float64, higherIsBetter bool) []Rank {
	n := g.Models
	lead, apart := make([]float64, n), make([][]int, n) // +1: better beyond doubt
	for i := range apart {
		apart[i] = make([]int, n)
	}
	for _, c := range g.Cells {
		d := c.Delta
		if !higherIsBetter {
			d = -d
		}
		lead[c.J] += d
		lead[c.I] -= d
		if c.HasP && c.PMax < alpha && d != 0 {
			sign := 1
			if d < 0 {
				sign = -1
			}
			apart[c.J][c.I], apart[c.I][c.J] = sign, -sign
		}
	}
	out := make([]Rank, n)
	for i := range out {
		out[i] = Rank{Model: i, Best: 1, Worst: n}
		for _, sign := range apart[i] {
			switch sign {
			case -1:
				out[i].Best++
			case 1:
				out[i].Worst--
			}
		}
	}
	slices.SortStableFunc(out, func(x, y Rank) int { return cmp.Compare(lead[y.Model], lead[x.Model]) })
	for i := range out {
		out[i].Place = i + 1
	}
	letters(out, apart)
	return out
}

// letters gives each run the letters of its groups: groups are split where they
// hold a pair that is told apart, and dropped where another holds all of them
// (Piepho, 2004).
func letters(ranks []Rank, apart [][]int) {
	n := len(ranks)
	all := make([]bool, n)
	for i := range all {
		all[i] = true
	}
	groups := [][]bool{all}
	for i := range n {
		for j := i + 1; j < n; j++ {
			if apart[ranks[i].Model][ranks[j].Model] != 0 {
				groups = split(groups, i, j)
			}
		}
	}
	slices.SortStableFunc(groups, func(x, y []bool) int { return cmp.Compare(slices.Index(x, true), slices.Index(y, true)) })
	for k, g := range groups {
		for i, in := range g {
			if in {
				ranks[i].Letters += letter(k)
			}
		}
	}
}

// split parts i from j in each group that holds both.
func split(groups [][]bool, i, j int) [][]bool {
	var out [][]bool
	for _, g := range groups {
		if !g[i] || !g[j] {
			out = append(out, g)
			continue
		}
		for _, k := range []int{j, i} {
			part := slices.Clone(g)
			part[k] = false
			out = append(out, part)
		}
	}
	var kept [][]bool
	for x, g := range out {
		held := false
		for y, h := range out {
			if x != y && within(g, h) && (!within(h, g) || y < x) {
				held = true
				break
			}
		}
		if !held {
			kept = append(kept, g)
		}
	}
	return kept
}

func within(g, h []bool) bool {
	for i, in := range g {
		if in && !h[i] {
			return false
		}
	}
	return true
}

// letter is a, b, …, z, a', b', …
func letter(k int) string {
	s := string(rune('a' + k%26))
	for ; k >= 26; k -= 26 {
		s += "'"
	}
	return s
}

// Orders is how often each run came out best in resamples of the questions: the
// share of bootstrap samples in which its mean is the best, ties shared. It says
// how sure the first place is; runs that are equal share it evenly only on
// average.
func Orders(in Models, o PairOptions) []float64 {
	b := o.Resamples
	if b <= 0 {
		b = 1_000
	}
	m := newMatrix(in, o)
	share := make([]float64, len(in.Scores))
	if m.units == 0 || len(share) == 0 {
		return share
	}
	d, idx := newDice(o.Seed, 2, m.units), make([]int32, m.units)
	count := make([]float64, m.units)
	units := make([]side, len(in.Scores))
	for i, s := range in.Scores {
		units[i] = unitsWith(s, m.g)
	}
	means := make([]float64, len(units))
	for range b {
		d.fill(idx)
		clear(count)
		for _, k := range idx {
			count[k]++
		}
		for i, u := range units {
			means[i] = u.mean(count)
		}
		credit(share, means, o.HigherIsBetter, 1/float64(b))
	}
	return share
}
