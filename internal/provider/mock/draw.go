package mock

// What a draw decides; draws of different kinds are independent.
const (
	drawRight   = 1 + iota // is sample k right
	drawOther              // which wrong answer
	drawLevel              // how likely the answer is
	drawAttempt            // what befalls attempt k
	drawSticky             // does the item fail always
	drawGap                // how far choice k is behind
)

// key is the hash of seed and item that all draws for the item start from.
func (m *Model) key(digest string) uint64 {
	h := m.root
	for i := range len(digest) {
		h = (h ^ uint64(digest[i])) * 0x100000001b3
	}
	return mix(h)
}

// bits is one draw: 64 uniform bits.
func bits(key uint64, kind, k int) uint64 {
	return mix(key ^ uint64(kind)*0xd1342543de82ef95 ^ uint64(k)*0x9e3779b97f4a7c15)
}

// uniform is one draw from [0, 1).
func uniform(key uint64, kind, k int) float64 {
	return float64(bits(key, kind, k)>>11) / (1 << 53)
}

// mix is the finalizer of SplitMix64: every input bit reaches every output bit.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
