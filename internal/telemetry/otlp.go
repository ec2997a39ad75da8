package telemetry

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// The shapes of OTLP in JSON: ids are hexadecimal, 64-bit whole numbers are
// texts, enumerations are numbers.

type attribute struct {
	Key   string `json:"key"`
	Value value  `json:"value"`
}

type value struct {
	String *string  `json:"stringValue,omitempty"`
	Int    *string  `json:"intValue,omitempty"`
	Double *float64 `json:"doubleValue,omitempty"`
	Array  *array   `json:"arrayValue,omitempty"`
}

type array struct {
	Values []value `json:"values"`
}

func text(k, v string) attribute { return attribute{k, value{String: &v}} }
func whole(k string, v int64) attribute {
	s := strconv.FormatInt(v, 10)
	return attribute{k, value{Int: &s}}
}
func double(k string, v float64) attribute { return attribute{k, value{Double: &v}} }
func texts(k string, vs []string) attribute {
	a := &array{Values: make([]value, len(vs))}
	for i := range vs {
		a.Values[i].String = &vs[i]
	}
	return attribute{k, value{Array: a}}
}

// Kinds of spans and codes of their status.
const (
	kindInternal = 1
	kindClient   = 3
	codeOK       = 1
	codeError    = 2
)

// span is one span, as it is sent.
type span struct {
	TraceID    string      `json:"traceId"`
	SpanID     string      `json:"spanId"`
	Parent     string      `json:"parentSpanId,omitempty"`
	Name       string      `json:"name"`
	Kind       int         `json:"kind"`
	Start      string      `json:"startTimeUnixNano"`
	End        string      `json:"endTimeUnixNano"`
	Attributes []attribute `json:"attributes"`
	Status     *status     `json:"status,omitempty"`
}

type status struct {
	Code int `json:"code"`
}

type resource struct {
	Attributes []attribute `json:"attributes"`
}

type scope struct {
	Name string `json:"name"`
}

func nano(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

func identifier(b []byte) string { return hex.EncodeToString(b) }

func newResource(m map[string]string) resource {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	r := resource{Attributes: []attribute{}}
	for _, k := range keys {
		r.Attributes = append(r.Attributes, text(k, m[k]))
	}
	return r
}

var own = scope{Name: "olmo-eval"}

// traces is the message of spans.
func traces(r resource, spans []*span) ([]byte, error) {
	type scoped struct {
		Scope scope   `json:"scope"`
		Spans []*span `json:"spans"`
	}
	type group struct {
		Resource resource `json:"resource"`
		Scopes   []scoped `json:"scopeSpans"`
	}
	return json.Marshal(map[string]any{"resourceSpans": []group{{r, []scoped{{own, spans}}}}})
}

type numberPoint struct {
	Attributes []attribute `json:"attributes"`
	Start      string      `json:"startTimeUnixNano,omitempty"`
	Time       string      `json:"timeUnixNano"`
	Value      float64     `json:"asDouble"`
}

type histogramPoint struct {
	Attributes []attribute `json:"attributes"`
	Start      string      `json:"startTimeUnixNano"`
	Time       string      `json:"timeUnixNano"`
	Count      string      `json:"count"`
	Sum        float64     `json:"sum"`
	Buckets    []string    `json:"bucketCounts"`
	Bounds     []float64   `json:"explicitBounds"`
}

const cumulative = 2

// message is the message of all metrics that have series, nil if none has.
func (m *meters) message(r resource, start, now time.Time) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []map[string]any
	for _, x := range m.all {
		if len(x.points) == 0 {
			continue
		}
		one := map[string]any{"name": x.name, "unit": x.unit, "description": x.help}
		switch x.kind {
		case histogram:
			one["histogram"] = map[string]any{"aggregationTemporality": cumulative, "dataPoints": x.histograms(start, now)}
		case sum:
			one["sum"] = map[string]any{"aggregationTemporality": cumulative, "isMonotonic": true, "dataPoints": x.numbers(start, now)}
		default:
			one["gauge"] = map[string]any{"dataPoints": x.numbers(start, now)}
		}
		list = append(list, one)
	}
	if list == nil {
		return nil, nil
	}
	scoped := map[string]any{"scope": own, "metrics": list}
	return json.Marshal(map[string]any{"resourceMetrics": []any{map[string]any{"resource": r, "scopeMetrics": []any{scoped}}}})
}

func (p *point) attributes() []attribute {
	out := []attribute{}
	for _, l := range p.labels {
		if l.value != "" {
			out = append(out, text(l.key, l.value))
		}
	}
	return out
}

func (x *metric) numbers(start, now time.Time) []numberPoint {
	var out []numberPoint
	for _, p := range x.sorted() {
		n := numberPoint{Attributes: p.attributes(), Time: nano(now), Value: p.value}
		if x.kind == sum {
			n.Start = nano(start)
		}
		out = append(out, n)
	}
	return out
}

func (x *metric) histograms(start, now time.Time) []histogramPoint {
	var out []histogramPoint
	for _, p := range x.sorted() {
		h := histogramPoint{Attributes: p.attributes(), Start: nano(start), Time: nano(now), Count: strconv.FormatUint(p.count(), 10),
			Sum: p.value, Bounds: x.bounds}
		for _, c := range p.counts {
			h.Buckets = append(h.Buckets, strconv.FormatUint(c, 10))
		}
		out = append(out, h)
	}
	return out
}
