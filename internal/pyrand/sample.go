package pyrand

// Shuffle is shuffle(x) of a sequence of n elements: swap exchanges two of
// them, from the last place down.
func (r *Random) Shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, r.RandBelow(i+1))
	}
}

// Choice is the position that choice(x) takes from a sequence of n elements. It
// panics if n is below 1.
func (r *Random) Choice(n int) int {
	return r.RandBelow(n)
}

// Choices is the positions that choices(x, k=k) takes, with replacement and
// without weights, from a sequence of n elements. It panics if n is below 1.
func (r *Random) Choices(n, k int) []int {
	if n < 1 {
		panic("pyrand: Choices wants a sequence that is not empty")
	}
	out := make([]int, k)
	for i := range out {
		out[i] = int(r.Random() * float64(n))
	}
	return out
}

// Sample is the positions, in order of the draw, that sample(x, k) takes
// without replacement from a sequence of n elements. It panics unless
// 0 <= k <= n.
func (r *Random) Sample(n, k int) []int {
	if k < 0 || k > n {
		panic("pyrand: Sample wants 0 <= k <= n")
	}
	if n <= poolLimit(k) {
		return r.samplePool(n, k)
	}
	return r.sampleSet(n, k)
}

// poolLimit is the largest population that CPython copies to sample k of it:
// it weighs the size of a list of n against that of a set of k, 21 slots or, for
// k above 5, 21 and the power of four not below 3k. (3k is no power of four, so
// the logarithm CPython takes needs no care at its steps.)
func poolLimit(k int) int {
	if k <= 5 {
		return 21
	}
	slots := 1
	for slots < 3*k {
		slots *= 4
	}
	return 21 + slots
}

// samplePool draws from a shrinking list, filling each hole from its end.
func (r *Random) samplePool(n, k int) []int {
	pool := make([]int, n)
	for i := range pool {
		pool[i] = i
	}
	out := make([]int, k)
	for i := range out {
		j := r.RandBelow(n - i)
		out[i] = pool[j]
		pool[j] = pool[n-i-1]
	}
	return out
}

// sampleSet draws positions again until they are new.
func (r *Random) sampleSet(n, k int) []int {
	seen := make(map[int]struct{}, k)
	out := make([]int, k)
	for i := range out {
		j := r.RandBelow(n)
		for {
			if _, dup := seen[j]; !dup {
				break
			}
			j = r.RandBelow(n)
		}
		seen[j] = struct{}{}
		out[i] = j
	}
	return out
}
