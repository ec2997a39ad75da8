package pyrand

// Dimensions and constants of MT19937 (Matsumoto and Nishimura, 1998).
const (
	stateLen  = 624
	stateMid  = 397
	upperMask = 0x80000000
	lowerMask = 0x7fffffff
	twistMask = 0x9908b0df
)

// twister is the Mersenne Twister MT19937.
type twister struct {
	state [stateLen]uint32
	used  int // words of state already given out
}

// seedWord fills the state from one word.
func (t *twister) seedWord(s uint32) {
	t.state[0] = s
	for i := 1; i < stateLen; i++ {
		prev := t.state[i-1]
		t.state[i] = 1812433253*(prev^prev>>30) + uint32(i)
	}
	t.used = stateLen
}

// seedKeys fills the state from a key of one or more words, the generator's
// "initialisation by array".
func (t *twister) seedKeys(keys []uint32) {
	t.seedWord(19650218)
	s := &t.state
	i := 1
	step := func() {
		i++
		if i == stateLen {
			s[0] = s[stateLen-1]
			i = 1
		}
	}
	j := 0
	for range max(stateLen, len(keys)) {
		s[i] = (s[i] ^ (s[i-1]^s[i-1]>>30)*1664525) + keys[j] + uint32(j)
		step()
		if j++; j == len(keys) {
			j = 0
		}
	}
	for range stateLen - 1 {
		s[i] = (s[i] ^ (s[i-1]^s[i-1]>>30)*1566083941) - uint32(i)
		step()
	}
	s[0] = upperMask
}

// refill advances the whole state by one period of 624 words.
func (t *twister) refill() {
	s := &t.state
	for i := range stateLen {
		y := s[i]&upperMask | s[(i+1)%stateLen]&lowerMask
		v := s[(i+stateMid)%stateLen] ^ y>>1
		if y&1 != 0 {
			v ^= twistMask
		}
		s[i] = v
	}
	t.used = 0
}

// next gives 32 uniform bits.
func (t *twister) next() uint32 {
	if t.used == stateLen {
		t.refill()
	}
	y := t.state[t.used]
	t.used++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}
