package sample

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// metrics is one answer of /metrics: a value for each series, and the kinds of
// the metrics.
type metrics struct {
	values map[string]float64
	types  map[string]string
}

// parse reads the Prometheus text format. Labels are kept, so that no series
// stands for another.
func parse(r io.Reader) (metrics, error) {
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(r)
	m := metrics{map[string]float64{}, map[string]string{}}
	if err != nil {
		return m, fmt.Errorf("not in the Prometheus text format: %w", err)
	}
	for name, f := range families {
		m.types[name] = strings.ToLower(f.GetType().String())
		for _, x := range f.GetMetric() {
			m.add(name, x)
		}
	}
	return m, nil
}

func (m *metrics) add(name string, x *dto.Metric) {
	labels := x.GetLabel()
	switch {
	case x.GetHistogram() != nil:
		h := x.GetHistogram()
		for _, b := range h.GetBucket() {
			m.values[series(name+"_bucket", labels, "le", number(b.GetUpperBound()))] = float64(b.GetCumulativeCount())
		}
		m.values[series(name+"_sum", labels)] = h.GetSampleSum()
		m.values[series(name+"_count", labels)] = float64(h.GetSampleCount())
	case x.GetSummary() != nil:
		s := x.GetSummary()
		for _, q := range s.GetQuantile() {
			m.values[series(name, labels, "quantile", number(q.GetQuantile()))] = q.GetValue()
		}
		m.values[series(name+"_sum", labels)] = s.GetSampleSum()
		m.values[series(name+"_count", labels)] = float64(s.GetSampleCount())
	case x.GetCounter() != nil:
		m.values[series(name, labels)] = x.GetCounter().GetValue()
	case x.GetGauge() != nil:
		m.values[series(name, labels)] = x.GetGauge().GetValue()
	case x.GetUntyped() != nil:
		m.values[series(name, labels)] = x.GetUntyped().GetValue()
	}
}

func number(v float64) string {
	if math.IsInf(v, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// series is the name of a series with its labels, and one more pair, sorted.
func series(name string, labels []*dto.LabelPair, more ...string) string {
	pairs := make([]string, 0, len(labels)+1)
	for _, l := range labels {
		pairs = append(pairs, l.GetName()+`="`+escapes.Replace(l.GetValue())+`"`)
	}
	if len(more) == 2 {
		pairs = append(pairs, more[0]+`="`+more[1]+`"`)
	}
	if len(pairs) == 0 {
		return name
	}
	slices.Sort(pairs)
	return name + "{" + strings.Join(pairs, ",") + "}"
}

// Name is the metric's name of a series.
func Name(series string) string {
	name, _, _ := strings.Cut(series, "{")
	return name
}

// waitingNames are the gauges with the requests that wait in a server, by
// engine: vLLM, SGLang, TGI, llama.cpp.
var waitingNames = []string{"vllm:num_requests_waiting", "sglang:num_queue_reqs", "tgi_queue_size", "llamacpp:requests_deferred"}

// waiting is how many requests wait in the server, over all label sets; ok is
// false if it does not tell.
func (m *metrics) waiting() (n int, ok bool) {
	for k, v := range m.values {
		if slices.Contains(waitingNames, Name(k)) && !math.IsNaN(v) && v >= 0 && v < 1e9 {
			n += int(v)
			ok = true
		}
	}
	return n, ok
}
