package telemetry

import (
	"slices"
	"strings"
	"sync"
)

// label is a name, as OpenTelemetry spells it, and a value.
type label struct{ key, value string }

// kind is how a metric is added up.
type kind int

const (
	sum kind = iota // grows
	gauge
	histogram
)

// metric is one instrument with its series.
type metric struct {
	name   string // OpenTelemetry's
	unit   string
	help   string
	kind   kind
	bounds []float64
	points map[string]*point
}

// point is one series.
type point struct {
	labels []label
	value  float64 // or the sum of a histogram
	counts []uint64
}

// meters are all instruments.
type meters struct {
	mu  sync.Mutex
	all []*metric
}

// Bounds of histograms, as the conventions advise.
var (
	tokenBounds = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
	timeBounds  = []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
)

// Names of the instruments.
const (
	tokenUsage  = "gen_ai.client.token.usage"
	duration    = "gen_ai.client.operation.duration"
	firstToken  = "olmo_eval.client.time_to_first_token" // of streams
	queueTime   = "olmo_eval.client.queue"
	instances   = "olmo_eval.instances"
	attempts    = "olmo_eval.attempts"
	tokens      = "olmo_eval.tokens"
	cost        = "olmo_eval.cost"
	progressing = "olmo_eval.progress"
)

func newMeters() *meters {
	m := &meters{}
	add := func(name, unit, help string, k kind, bounds []float64) {
		m.all = append(m.all, &metric{name: name, unit: unit, help: help, kind: k, bounds: bounds, points: map[string]*point{}})
	}
	add(tokenUsage, "{token}", "tokens of a request, by type", histogram, tokenBounds)
	add(duration, "s", "time from asking to the answer, with waits and retries", histogram, timeBounds)
	add(firstToken, "s", "time to the first token of streams", histogram, timeBounds)
	add(queueTime, "s", "wait for a place at the endpoint", histogram, timeBounds)
	add(instances, "{instance}", "finished instances by task and status", sum, nil)
	add(attempts, "{attempt}", "tries of requests", sum, nil)
	add(tokens, "{token}", "tokens by type; cached and reasoning are parts of input and output", sum, nil)
	add(cost, "USD", "cost in US dollars where the price is known", sum, nil)
	add(progressing, "1", "the state of the run: total, done, failed, in_flight, places, waiting", gauge, nil)
	return m
}

// observe adds v to a series, or sets a gauge.
func (m *meters) observe(name string, v float64, labels ...label) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.all[slices.IndexFunc(m.all, func(x *metric) bool { return x.name == name })]
	var key strings.Builder
	for _, l := range labels {
		key.WriteString(l.value)
		key.WriteByte(0)
	}
	p := x.points[key.String()]
	if p == nil {
		p = &point{labels: labels}
		if x.kind == histogram {
			p.counts = make([]uint64, len(x.bounds)+1)
		}
		x.points[key.String()] = p
	}
	switch x.kind {
	case gauge:
		p.value = v
	case sum:
		p.value += v
	case histogram:
		p.value += v
		i, _ := slices.BinarySearch(x.bounds, v)
		p.counts[i]++
	}
}

// sorted are a metric's series in a fixed order.
func (x *metric) sorted() []*point {
	keys := make([]string, 0, len(x.points))
	for k := range x.points {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out := make([]*point, len(keys))
	for i, k := range keys {
		out[i] = x.points[k]
	}
	return out
}

func (p *point) count() (n uint64) {
	for _, c := range p.counts {
		n += c
	}
	return n
}
