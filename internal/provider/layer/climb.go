package layer

import "math"

// climb judges by the time that answers take whether more requests in flight
// get more work done. With n of them and u milliseconds a unit of work, a
// server does n/u: up to some n that grows; from there on answers only take
// longer. Then climb goes back to where it still grew, and tries whether fewer
// do as well. Work is counted in tokens, so that a long generation is no slow
// one; what it is not sure of it leaves out, and then nothing is cut.
type climb struct {
	epoch epoch
	// The last point believed: requests in flight and work done together.
	at, rate float64
	strikes  int
	ceiling  float64 // 0: none
	state    climbing
	held     int // epochs in this state
}

type climbing uint8

const (
	growing climbing = iota
	trying           // fewer than before, to see whether they do as well
	holding
)

// What is believed: growth by a quarter should bring at least a fifth of that
// in work; doing with fewer may cost three hundredths.
const (
	aStep     = 1.25
	worthIt   = 0.2
	asWell    = 0.97
	patience  = 16 // epochs until it is tried again whether more help
	epochSize = 32 // answers at least
)

// epoch gathers answers, in two halves that must agree.
type epoch struct {
	n, full  int
	inFlight float64
	units    [2]float64
	took     [2]float64
}

// bound is how many places there may be.
func (c *climb) bound() float64 {
	if c.ceiling == 0 {
		return math.Inf(1)
	}
	return c.ceiling
}

// forget drops what was gathered while the number of places jumped.
func (c *climb) forget() {
	c.epoch = epoch{}
	c.strikes = 0
	if c.state == trying {
		c.state, c.ceiling, c.held = holding, c.at, 0
	}
}

// observe takes one answer, of a request that was sent in the present state, and
// says how many places there should be at most.
func (c *climb) observe(o outcome, inFlight int, places float64, full bool, floor float64) float64 {
	if o.units <= 0 || o.took <= 0 {
		return places
	}
	e := &c.epoch
	size := max(epochSize, int(places))
	half := min(1, e.n*2/size)
	e.n++
	if full {
		e.full++
	}
	e.inFlight += float64(inFlight)
	e.units[half] += o.units
	e.took[half] += o.took
	if e.n < size {
		return places
	}
	done := *e
	c.epoch = epoch{}
	n, rate, sure := done.judge()
	if !sure {
		return places
	}
	c.held++
	switch c.state {
	case growing:
		c.grow(n, rate)
	case trying:
		c.try(n, rate, floor)
	case holding:
		c.hold(n, rate, floor)
	}
	return min(places, c.bound())
}

// judge is how many requests were in flight and how much work they got done
// together; sure is false where there were too few requests to fill the places,
// or the halves disagree.
func (e *epoch) judge() (n, rate float64, sure bool) {
	if e.full*10 < e.n*9 || e.units[0] == 0 || e.units[1] == 0 {
		return 0, 0, false
	}
	first, second := e.took[0]/e.units[0], e.took[1]/e.units[1]
	if first > 1.2*second || second > 1.2*first {
		return 0, 0, false
	}
	n = e.inFlight / float64(e.n)
	return n, n * (e.units[0] + e.units[1]) / (e.took[0] + e.took[1]), true
}

func (c *climb) grow(n, rate float64) {
	switch {
	case c.at == 0 || n < c.at*0.9: // cut since
		c.at, c.rate, c.strikes = n, rate, 0
	case n < c.at*1.02:
		// The same point again: tasks differ in what a token costs.
		c.rate = (c.rate + rate) / 2
	case n < c.at*aStep: // too near to tell
	case rate/c.rate >= 1+worthIt*(n/c.at-1):
		c.at, c.rate, c.strikes = n, rate, 0
	default:
		if c.strikes++; c.strikes >= 2 {
			c.state, c.ceiling, c.strikes, c.held = holding, max(1, math.Round(c.at)), 0, 0
		}
	}
}

func (c *climb) hold(n, rate, floor float64) {
	switch {
	case c.held == 1:
		c.at, c.rate = n, rate
		if to := math.Floor(c.at / aStep); to >= max(floor, 8) {
			c.state, c.ceiling, c.held = trying, to, 0
		}
	case c.held >= patience:
		*c = climb{at: n, rate: rate}
	}
}

func (c *climb) try(n, rate, floor float64) {
	if rate < asWell*c.rate {
		// Not as well: back, and stay.
		c.state, c.ceiling, c.held = holding, math.Ceil(c.at), 1
		return
	}
	c.at, c.held = n, 0
	c.rate = max(c.rate, rate)
	if to := math.Floor(n / aStep); to >= max(floor, 8) {
		c.ceiling = to
		return
	}
	c.state, c.held = holding, 1
}
