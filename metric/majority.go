package metric

import (
	"fmt"
	"math"

	"olmoeval/eval"
)

// vote is the samples that gave one answer.
type vote struct {
	count, right int
}

// majority is the chance that the plurality of k samples drawn from the
// record's is right, ties shared.
func majority(r *eval.Record, scorer string, right, k int) float64 {
	if right == 0 {
		return 0
	}
	votes := countVotes(r, scorer)
	total := 0.0
	for i, v := range votes {
		if v.right == 0 {
			continue
		}
		// The same text may be judged both ways only by a scorer that reads more
		// than the answer.
		share := float64(v.right) / float64(v.count)
		total += share * wins(votes, i, len(r.Outputs), k)
	}
	return total
}

// countVotes groups the samples by the text of their answer, in order of first
// appearance; those without an answer are left out.
func countVotes(r *eval.Record, scorer string) []vote {
	index := make(map[string]int, len(r.Outputs))
	votes := make([]vote, 0, len(r.Outputs))
	for i := range r.Outputs {
		o := &r.Outputs[i]
		if o.Answer == nil {
			continue
		}
		key, ok := o.Answer.(string)
		if !ok {
			key = fmt.Sprintf("%T %v", o.Answer, o.Answer)
		}
		at, seen := index[key]
		if !seen {
			at = len(votes)
			index[key] = at
			votes = append(votes, vote{})
		}
		votes[at].count++
		if isRight(o.Scores[scorer]) {
			votes[at].right++
		}
	}
	return votes
}

// wins is the expected share of the win of answer c when k of n samples are
// drawn. Given that c is drawn j times, the other answers are gone through one
// after another; state[left][ties] is the chance that left draws remain and
// ties answers have j draws as well, none having more.
func wins(votes []vote, c, n, k int) float64 {
	if k == n {
		return winsAll(votes, c)
	}
	lf := logFactorials(n)
	total := 0.0
	for j := 1; j <= min(k, votes[c].count); j++ {
		p := hypergeometric(lf, n, votes[c].count, k, j)
		if p == 0 {
			continue
		}
		state := newGrid(k-j+1, len(votes))
		state[k-j][0] = 1
		population := n - votes[c].count
		for i, v := range votes {
			if i == c {
				continue
			}
			next := newGrid(k-j+1, len(votes))
			for left := range state {
				for drawn := 0; drawn <= min(j, v.count, left); drawn++ {
					q := hypergeometric(lf, population, v.count, left, drawn)
					tie := 0
					if drawn == j {
						tie = 1
					}
					for ties := 0; q > 0 && ties+tie < len(votes); ties++ {
						next[left-drawn][ties+tie] += q * state[left][ties]
					}
				}
			}
			state = next
			population -= v.count
		}
		// What is left are draws of samples without an answer.
		for left := range state {
			for ties, q := range state[left] {
				total += p * q / float64(1+ties)
			}
		}
	}
	return min(total, 1)
}

// winsAll is wins when all samples are drawn.
func winsAll(votes []vote, c int) float64 {
	ties := 0
	for _, v := range votes {
		switch {
		case v.count > votes[c].count:
			return 0
		case v.count == votes[c].count:
			ties++
		}
	}
	return 1 / float64(ties)
}

func newGrid(rows, cols int) [][]float64 {
	all := make([]float64, rows*cols)
	grid := make([][]float64, rows)
	for i := range grid {
		grid[i] = all[i*cols : (i+1)*cols]
	}
	return grid
}

// logFactorials holds ln i! for i up to n.
func logFactorials(n int) []float64 {
	lf := make([]float64, n+1)
	for i := 2; i <= n; i++ {
		lf[i] = lf[i-1] + math.Log(float64(i))
	}
	return lf
}

// hypergeometric is the chance that x of the m marked ones are among k drawn
// from n.
func hypergeometric(lf []float64, n, m, k, x int) float64 {
	if x < 0 || x > m || x > k || k-x > n-m || k > n {
		return 0
	}
	choose := func(n, k int) float64 { return lf[n] - lf[k] - lf[n-k] }
	return math.Exp(choose(m, x) + choose(n-m, k-x) - choose(n, k))
}
