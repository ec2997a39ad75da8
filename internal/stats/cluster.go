package stats

import "math"

// grouping says which cluster each question is in.
type grouping struct {
	of    []int32 // dense cluster number of each question, in order of appearance
	count int     // 0: the questions are independent
}

// group numbers the clusters of n questions.
func group(clusters []int32, n int) grouping {
	if clusters == nil {
		return grouping{}
	}
	if len(clusters) != n {
		panic("stats: as many clusters as values are needed")
	}
	number := make(map[int32]int32, n)
	of := make([]int32, n)
	for i, c := range clusters {
		k, ok := number[c]
		if !ok {
			k = int32(len(number))
			number[c] = k
		}
		of[i] = k
	}
	if len(number) == n {
		return grouping{}
	}
	return grouping{of: of, count: len(number)}
}

// sums adds x over each cluster, in order; independent questions are their own
// sums (x itself).
func (g grouping) sums(x []float64) []float64 {
	if g.count == 0 {
		return x
	}
	out, lost := make([]float64, g.count), make([]float64, g.count)
	for i, k := range g.of {
		s, v := out[k], x[i]
		t := s + v
		if math.Abs(s) >= math.Abs(v) {
			lost[k] += (s - t) + v
		} else {
			lost[k] += (v - t) + s
		}
		out[k] = t
	}
	for k := range out {
		if finite(out[k]) {
			out[k] += lost[k]
		}
	}
	return out
}
