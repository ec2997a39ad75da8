package openai

// margin finds the smallest distance, over tokens, from the best other token's
// log-probability up to the chosen one's. Where a token is known to be the
// first choice but by how much is not, a negative distance elsewhere still is
// the smallest.
type margin struct {
	least float64
	known bool // least is of at least one token
	open  bool // a first choice had no other beside it
	lost  bool // nothing can be said of a token
}

// add counts a token with its distance.
func (m *margin) add(distance float64) {
	if !m.known || distance < m.least {
		m.least, m.known = distance, true
	}
}

// value is the margin, nil where it is not known.
func (m *margin) value() *float64 {
	if m.lost || !m.known || m.open && m.least >= 0 {
		return nil
	}
	v := m.least
	return &v
}
