package stats

import "math"

// NegativeBetween is the warning that the samples vary more than the questions'
// means can explain: the variance between questions is set to 0.
const NegativeBetween = "between_variance_floored"

// Split divides the variance of a score with several samples a question: over
// the questions that might have been asked, and over the samples that might have
// been drawn.
type Split struct {
	N int // questions
	// Samples is the harmonic mean of the samples a question.
	Samples float64
	// Between is ω², the variance of the questions' true means; Within is σ², the
	// mean variance of a question's samples. A question's mean of K samples has
	// variance ω² + σ²/K.
	Between, Within float64
	// SE is the standard error of the score; SEQuestions and SESamples its parts:
	// SE² = SEQuestions² + SESamples², unless Between is floored.
	SE, SEQuestions, SESamples float64
	Method                     string
	Warnings                   []string
}

// SplitVariance divides the variance of the mean of the questions' means. ok is
// false with fewer than 2 questions, or if no question has 2 samples. Within is
// estimated from the questions that have 2 samples or more, without bias: of
// right and wrong answers K/(K−1)·p(1−p).
func SplitVariance(samples [][]float64) (s Split, ok bool) {
	means, within, inverse, several := make([]float64, 0, len(samples)), 0.0, 0.0, 0
	for _, x := range samples {
		if len(x) == 0 || !allFinite(x) {
			continue
		}
		means = append(means, mean(x))
		inverse += 1 / float64(len(x))
		if len(x) > 1 {
			within += variance(x)
			several++
		}
	}
	n := float64(len(means))
	if len(means) < 2 || several == 0 {
		return Split{}, false
	}
	s = Split{N: len(means), Samples: n / inverse, Within: within / float64(several), Method: "variance components of question means"}
	total := variance(means)
	s.Between = total - s.Within/s.Samples
	if s.Between < 0 {
		s.Between = 0
		s.Warnings = append(s.Warnings, NegativeBetween)
	}
	if len(means) < fewQuestions {
		s.Warnings = append(s.Warnings, SmallN)
	}
	s.SE = math.Sqrt(total / n)
	s.SEQuestions, s.SESamples = math.Sqrt(s.Between/n), math.Sqrt(s.Within/s.Samples/n)
	return s, finite(s.SE)
}

// At is the standard error with n questions of k samples each.
func (s Split) At(n, k int) float64 {
	return math.Sqrt((s.Between + s.Within/float64(k)) / float64(n))
}

// variance with n−1, of at least 2 values.
func variance(x []float64) float64 {
	d := deviations(x, mean(x))
	return sumOf(len(d), func(i int) float64 { return d[i] * d[i] }) / float64(len(d)-1)
}

// Clustering says how much questions of one cluster have in common.
type Clustering struct {
	Clusters int
	// ICC is the intraclass correlation of the one-way analysis of variance; it
	// may be below 0.
	ICC float64
	// Deff is the design effect, the variance of the mean (CR1) over that of
	// independent questions; EffectiveN is N/Deff.
	Deff, EffectiveN float64
}

// ClusteringOf measures values by cluster. ok is false without clusters of more
// than one question, or where nothing varies.
func ClusteringOf(values []float64, clusters []int32) (c Clustering, ok bool) {
	g := group(clusters, len(values))
	if g.count < 2 || !allFinite(values) {
		return c, false
	}
	size := make([]float64, g.count)
	for _, k := range g.of {
		size[k]++
	}
	d := deviations(values, mean(values))
	sums := g.sums(d)
	n, count := float64(len(values)), float64(g.count)
	total := sumOf(len(d), func(i int) float64 { return d[i] * d[i] })
	between := sumOf(g.count, func(k int) float64 { return sums[k] * sums[k] / size[k] })
	squares := sumOf(g.count, func(k int) float64 { return size[k] * size[k] })
	msb, msw := between/(count-1), (total-between)/(n-count)
	m0 := (n - squares/n) / (count - 1)
	c.Clusters = g.count
	c.ICC = (msb - msw) / (msb + float64((m0-1)*msw))
	robust := count / (count - 1) * sumOf(g.count, func(k int) float64 { return sums[k] * sums[k] })
	c.Deff = robust / (n / (n - 1) * total)
	c.EffectiveN = n / c.Deff
	return c, finite(c.ICC) && finite(c.Deff) && finite(c.EffectiveN)
}

// DesignEffect is 1 + (m−1)·icc: by how much clusters of m questions with an
// intraclass correlation inflate the variance of a mean (Kish, 1965).
func DesignEffect(icc, m float64) float64 { return 1 + float64((m-1)*icc) }
