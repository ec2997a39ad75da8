package perf

import "math"

// Sketch holds the distribution of values that are not negative, in bins whose
// bounds grow by 2 %: a quantile is within 1 % of a value that was added. Values
// below 0.001 are one bin and count as 0. The zero value is empty.
type Sketch struct {
	bins  []uint32
	first int // exponent of bins[0]
	small int
	n     int
	max   float64
}

const growth = 1.02

var logGrowth = math.Log(growth)

const tiny = 0.001

// Add notes a value; negative ones and what is no number are left out.
func (s *Sketch) Add(v float64) {
	if !(v >= 0) || math.IsInf(v, 1) {
		return
	}
	s.n++
	s.max = max(s.max, v)
	if v < tiny {
		s.small++
		return
	}
	s.bins[s.reach(int(math.Floor(math.Log(v)/logGrowth)))]++
}

// reach makes room for an exponent and gives its place.
func (s *Sketch) reach(e int) int {
	switch {
	case len(s.bins) == 0:
		s.bins, s.first = make([]uint32, 1, 32), e
	case e < s.first:
		s.bins = append(make([]uint32, s.first-e, s.first-e+len(s.bins)), s.bins...)
		s.first = e
	}
	for e-s.first >= len(s.bins) {
		s.bins = append(s.bins, 0)
	}
	return e - s.first
}

// Merge adds what another sketch holds.
func (s *Sketch) Merge(o *Sketch) {
	s.n += o.n
	s.small += o.small
	s.max = max(s.max, o.max)
	for i, k := range o.bins {
		if k > 0 {
			s.bins[s.reach(o.first+i)] += k
		}
	}
}

// Quantile is the value with rank ⌈q·n⌉; 0 if there is none.
func (s *Sketch) Quantile(q float64) float64 {
	rank := max(1, int(math.Ceil(q*float64(s.n))))
	if s.n == 0 || rank <= s.small {
		return 0
	}
	seen := s.small
	for i, k := range s.bins {
		if seen += int(k); seen >= rank {
			// The middle of the bin, in relative terms.
			return min(s.max, math.Pow(growth, float64(s.first+i))*2*growth/(1+growth))
		}
	}
	return s.max
}

// Quantiles are what a report says of a distribution, in milliseconds.
type Quantiles struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Quantiles are nil for an empty sketch.
func (s *Sketch) Quantiles() *Quantiles {
	if s.n == 0 {
		return nil
	}
	return &Quantiles{s.n, s.Quantile(0.5), s.Quantile(0.9), s.Quantile(0.99), s.max}
}
