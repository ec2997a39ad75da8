package perf

// mostPoints bounds a series.
const mostPoints = 60

// gauge adds up a gauge of one file in one stretch.
type gauge struct {
	sum float64
	n   int
}

func (g *gauge) add(v *float64) {
	if v != nil {
		g.sum += *v
		g.n++
	}
}

// into adds the gauge's mean to the sum over files.
func (g *gauge) into(v **float64) {
	if g.n == 0 {
		return
	}
	mean := g.sum / float64(g.n)
	if *v != nil {
		mean += **v
	}
	*v = &mean
}

// series is the throughput over the running time, in stretches of equal length
// and at most mostPoints. What was counted between two events is spread evenly
// over the time between them.
func (h *history) series() ([]Point, error) {
	c := newClock(h.sessions)
	total := c.total()
	n := 0
	for _, path := range h.files {
		for e, err := range events(path) {
			if err != nil {
				return nil, err
			}
			if e.Event == "progress" {
				n++
			}
		}
	}
	n = min(n-len(h.sessions), mostPoints)
	if n < 1 || total <= 0 {
		return []Point{}, nil
	}
	out := make([]Point, n)
	width := total / float64(n)
	for i := range out {
		out[i].FromS, out[i].ToS = float64(i)*width, float64(i+1)*width
	}
	for _, path := range h.files {
		if err := h.spread(path, c, out, width); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// spread adds the events of one file to the points.
func (h *history) spread(path string, c clock, out []Point, width float64) error {
	gauges := make([][3]gauge, len(out))
	place := func(t float64) int { return max(0, min(len(out)-1, int(t/width))) }
	var from float64
	var last counters
	for e, err := range events(path) {
		if err != nil {
			return err
		}
		at := c.at(e.Time)
		switch e.Event {
		case "started", "resumed":
			from, last = at, counters{}
		case "progress":
			now := counters{e.Requests, e.PromptTokens, e.CompletionTokens}
			grow(out, width, from, at, counters{now.requests - last.requests, now.prompt - last.prompt, now.completion - last.completion})
			from, last = at, now
			g := &gauges[place(at)]
			g[0].add(e.InFlight)
			g[1].add(e.Places)
			g[2].add(e.Waiting)
		}
	}
	for i := range out {
		gauges[i][0].into(&out[i].InFlight)
		gauges[i][1].into(&out[i].Places)
		gauges[i][2].into(&out[i].Waiting)
	}
	return nil
}

// grow spreads counts over [from, to].
func grow(out []Point, width, from, to float64, by counters) {
	place := func(t float64) int { return max(0, min(len(out)-1, int(t/width))) }
	add := func(i int, share float64) {
		out[i].Requests += by.requests * share / width
		out[i].PromptTokens += by.prompt * share / width
		out[i].CompletionTokens += by.completion * share / width
	}
	if to <= from {
		add(place(to), 1)
		return
	}
	for i := place(from); i <= place(to); i++ {
		low, high := max(from, out[i].FromS), min(to, out[i].ToS)
		if i == len(out)-1 {
			high = to
		}
		if high > low {
			add(i, (high-low)/(to-from))
		}
	}
}
