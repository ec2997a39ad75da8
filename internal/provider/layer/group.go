package layer

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"olmoeval/eval"
)

// Group is the allowance of one server, or of one account at a host: how many
// requests of all its users may be in flight together. It finds the number
// itself. While all places are taken it grows; it shrinks where the server says
// so (429, 503), where more requests in flight get no more work done, and where
// the server's own queue is long. A wait that the server asks for (Retry-After)
// holds for all users. The zero value is ready; a Group must not be copied.
type Group struct {
	Start int // places at first; 0 means 64 for each replica
	Max   int // 0 means 1024 for each replica
	Floor int // no cut goes below; 0 means 4 for each replica
	// Replicas is how many servers share the work; 0 counts as 1.
	Replicas int
	// NoLatency leaves out the judgement by the time that answers take.
	NoLatency bool
	// QueueLength is how many requests wait inside the server, such as vLLM's
	// num_requests_waiting. It is called often and must return at once what was
	// last heard; ok is false while nothing fresh is known. nil knows nothing.
	QueueLength func() (waiting int, ok bool)

	mu       sync.Mutex
	ready    bool // the fields above have been read
	top      int  // bound of places
	own      int  // bound of places before Retune
	places   float64
	inFlight int
	waiting  []chan bool
	paused   bool
	draining bool
	until    time.Time // no request is sent before
	alarm    *time.Timer
	changed  func(places int)
	told     int // what changed was last told

	cuts  cuts
	climb climb
}

// Load is the state of a [Group].
type Load struct {
	// Places is how many requests may be in flight now; Top the bound of that.
	Places   int `json:"places"`
	Top      int `json:"top"`
	InFlight int `json:"in_flight"`
	Waiting  int `json:"waiting"`
	// Paused is by the user, Held until that time by the server's wish.
	Paused bool      `json:"paused"`
	Held   time.Time `json:"held,omitzero"`
}

// Load is the present state.
func (g *Group) Load() Load {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.init()
	l := Load{Places: int(g.places), Top: g.top, InFlight: g.inFlight, Waiting: len(g.waiting), Paused: g.paused}
	if time.Now().Before(g.until) {
		l.Held = g.until
	}
	return l
}

// Pause lets no more requests out; those in flight go on.
func (g *Group) Pause() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.paused = true
}

// Resume ends a pause, and what Drain began.
func (g *Group) Resume() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.init()
	g.paused, g.draining = false, false
	g.admit()
}

// Drain turns away those who wait for a place and those who come, until Resume:
// they get a cancelled fault. Requests in flight go on.
func (g *Group) Drain() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.draining = true
	for _, turn := range g.waiting {
		turn <- false
	}
	g.waiting = nil
}

// Retune sets the places to n at once, and lets them be no more from now on;
// they may still be fewer where the server asks for it. 0 gives the bound that
// was there at first back.
func (g *Group) Retune(n int) {
	g.mu.Lock()
	g.init()
	if n <= 0 {
		g.top = g.own
	} else {
		g.top, g.places = n, float64(n)
	}
	g.places = min(g.places, float64(g.top))
	g.cuts, g.climb = cuts{}, climb{}
	g.admit()
	tell := g.news()
	g.mu.Unlock()
	tell()
}

// Notify has changed called when the places become more or fewer, never by two
// goroutines with the group locked; nil ends that. It must not block.
func (g *Group) Notify(changed func(places int)) {
	g.mu.Lock()
	g.init()
	g.changed, g.told = changed, 0
	tell := g.news()
	g.mu.Unlock()
	tell()
}

// news is the call that tells about a change; the lock is held now, and must
// not be when it is called.
func (g *Group) news() func() {
	if n := int(g.places); g.changed != nil && n != g.told {
		g.told = n
		changed := g.changed
		return func() { changed(n) }
	}
	return func() {}
}

// Hold lets nothing out for d, unless it is held for longer already.
func (g *Group) Hold(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.init()
	g.hold(d)
}

func (g *Group) hold(d time.Duration) {
	until := time.Now().Add(d)
	if d <= 0 || !until.After(g.until) {
		return
	}
	g.until = until
	if g.alarm != nil {
		g.alarm.Stop()
	}
	g.alarm = time.AfterFunc(d, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.admit()
	})
}

func (g *Group) init() {
	if g.ready {
		return
	}
	g.ready = true
	n := max(1, g.Replicas)
	set := func(field *int, value int) {
		if *field <= 0 {
			*field = value * n
		}
	}
	set(&g.Start, 64)
	set(&g.Max, 1024)
	set(&g.Floor, 4)
	g.top, g.own = g.Max, g.Max
	g.places = float64(min(g.Start, g.Max))
}

// open reports whether requests may be sent at all. The lock is held.
func (g *Group) open() bool {
	return !g.paused && (g.until.IsZero() || !time.Now().Before(g.until))
}

// enter waits for a place. The round it returns goes back with leave.
func (g *Group) enter(ctx context.Context) (round int, err error) {
	if ctx.Err() != nil {
		return 0, stopped(ctx, "waiting for a place at the endpoint")
	}
	g.mu.Lock()
	g.init()
	if g.draining {
		g.mu.Unlock()
		return 0, errDrained
	}
	if len(g.waiting) == 0 && g.inFlight < int(g.places) && g.open() {
		g.inFlight++
		round = g.cuts.round
		g.mu.Unlock()
		return round, nil
	}
	// One word comes: true with a place, from admit, or false, from Drain.
	turn := make(chan bool, 1)
	g.waiting = append(g.waiting, turn)
	g.mu.Unlock()
	select {
	case ok := <-turn:
		if !ok {
			return 0, errDrained
		}
		g.mu.Lock()
		round = g.cuts.round
		g.mu.Unlock()
		return round, nil
	case <-ctx.Done():
		g.giveUp(turn)
		return 0, stopped(ctx, "waiting for a place at the endpoint")
	}
}

// giveUp ends the waiting of one whose context ended.
func (g *Group) giveUp(turn chan bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.waiting, turn); i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
		return
	}
	if <-turn {
		// The place came at the same moment; pass it on.
		g.inFlight--
		g.admit()
	}
}

// errDrained is what a drained group answers.
var errDrained = &eval.Fault{Status: eval.Cancelled, Err: errors.New("waiting for a place at the endpoint: the run is ending")}

// leave gives a place back and learns from what became of the request.
func (g *Group) leave(round int, o outcome) {
	g.mu.Lock()
	g.learn(round, o)
	g.inFlight--
	g.admit()
	tell := g.news()
	g.mu.Unlock()
	tell()
}

// admit hands free places to those who wait. The lock is held.
func (g *Group) admit() {
	if len(g.waiting) == 0 || !g.open() {
		return
	}
	for len(g.waiting) > 0 && g.inFlight < int(g.places) {
		g.waiting[0] <- true
		g.waiting[0] = nil
		g.waiting = g.waiting[1:]
		g.inFlight++
	}
}
