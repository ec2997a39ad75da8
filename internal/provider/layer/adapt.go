package layer

import "time"

// cuts remember when the server asked for less.
type cuts struct {
	round int // grows with each cut; requests in flight belong to the one they were sent in
	clean int // answers since the last cut
	// calm says that a whole round of answers has come since the last cut;
	// without, the next cut belongs to the same burst.
	calm bool
	// goal is where the quick way back from a burst ends, 0 without one.
	goal float64
	// queued is when the server's queue was last found too long.
	queued time.Time
}

// freshQueue is how long a cut for the server's queue takes to be seen in the
// queue length, which others ask for every few seconds.
const freshQueue = 5 * time.Second

// learn moves the places after one outcome. The lock is held.
func (g *Group) learn(round int, o outcome) {
	c := &g.cuts
	if o.over {
		g.hold(o.after)
		if round == c.round {
			g.cut()
		}
		return
	}
	if !o.answered {
		return // a failure says nothing of how many requests are right
	}
	full := len(g.waiting) > 0 || g.inFlight >= int(g.places)
	if c.clean++; c.clean >= int(g.places) {
		c.calm = true
	}
	if !g.NoLatency && round == c.round {
		was := g.climb.bound()
		to := g.climb.observe(o, g.inFlight, g.places, full, float64(g.floor()))
		if g.climb.bound() != was {
			c.round++ // what is in flight belongs to the state before
		}
		if to < g.places {
			g.places, c.goal = to, 0
			return
		}
	}
	if long, excess := g.queue(); long {
		if excess > 0 {
			g.places = max(float64(g.floor()), g.places*2/3, g.places-excess)
			c.goal, c.queued = 0, time.Now()
		}
		return
	}
	if !full {
		return
	}
	step := max(2, g.places/16) / g.places
	if g.places < c.goal {
		step = 1 // back after a burst: twice as many with each round
	}
	bound := float64(g.top)
	if !g.NoLatency {
		bound = min(bound, g.climb.bound())
	}
	g.places = max(g.places, min(bound, g.places+step))
}

// cut takes a third of the places, once for all requests that were in flight
// together. The first cut of a burst says where to go back to quickly.
func (g *Group) cut() {
	c := &g.cuts
	to := max(min(g.places, float64(g.floor())), g.places*2/3)
	if c.calm || c.goal == 0 {
		c.goal = to
	}
	g.places = to
	c.round++
	c.clean, c.calm = 0, false
	g.climb.forget()
}

// floor is what no cut goes below: less than Floor only where the user wants
// fewer places.
func (g *Group) floor() int { return min(g.Floor, g.top) }

// queue reports whether the server's own queue is as long as it should ever be,
// and by how many requests longer; 0 where that is known already. A tenth of
// the places may wait there, so that the server never runs dry.
func (g *Group) queue() (long bool, excess float64) {
	if g.QueueLength == nil {
		return false, 0
	}
	n, ok := g.QueueLength()
	slack := max(1, g.places/10)
	if !ok || float64(n) < slack {
		return false, 0
	}
	if !g.cuts.queued.IsZero() && time.Since(g.cuts.queued) < freshQueue {
		return true, 0
	}
	return true, float64(n) - slack
}
