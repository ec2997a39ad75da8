package stats

// PassAtK is the chance that at least one of k samples, drawn from n of which c
// are right, is right: 1 − C(n−c,k)/C(n,k), the unbiased estimate of one
// question (Chen and others, 2021). k is at most n in effect; without samples
// it is 0, so leave out questions that have none.
func PassAtK(n, c, k int) float64 {
	k = min(k, n)
	if c <= 0 || k <= 0 {
		return 0
	}
	if n-c < k {
		return 1
	}
	return 1 - drawn(n, n-c, k)
}

// PassPowK is the chance that all of k samples, drawn from n of which c are
// right, are right: C(c,k)/C(n,k), which unlike (c/n)^k is unbiased. k is at
// most n in effect; without samples it is 0, as for [PassAtK].
func PassPowK(n, c, k int) float64 {
	k = min(k, n)
	if c < k || k <= 0 {
		return 0
	}
	return drawn(n, c, k)
}

// drawn is C(m,k)/C(n,k), the chance that k drawn from n are all among m >= k.
func drawn(n, m, k int) float64 {
	p := 1.0
	for i := range k {
		p *= float64(m-i) / float64(n-i)
	}
	return p
}
