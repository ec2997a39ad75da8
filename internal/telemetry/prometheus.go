package telemetry

import (
	"io"
	"math"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// WritePrometheus writes all metrics in the Prometheus text format.
func (r *Recorder) WritePrometheus(w io.Writer) error {
	r.update()
	m := r.meters
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.all {
		if len(x.points) == 0 {
			continue
		}
		if _, err := expfmt.MetricFamilyToText(w, x.family()); err != nil {
			return err
		}
	}
	return nil
}

var units = map[string]string{"s": "_seconds", "USD": "_usd"}

// family is a metric as Prometheus names it.
func (x *metric) family() *dto.MetricFamily {
	name := strings.ReplaceAll(x.name, ".", "_") + units[x.unit]
	f := &dto.MetricFamily{Help: &x.help, Type: new(dto.MetricType)}
	switch x.kind {
	case sum:
		name += "_total"
		*f.Type = dto.MetricType_COUNTER
	case gauge:
		*f.Type = dto.MetricType_GAUGE
	case histogram:
		*f.Type = dto.MetricType_HISTOGRAM
	}
	f.Name = &name
	for _, p := range x.sorted() {
		one := &dto.Metric{}
		for _, l := range p.labels {
			if l.value != "" {
				key := strings.ReplaceAll(l.key, ".", "_")
				one.Label = append(one.Label, &dto.LabelPair{Name: &key, Value: &l.value})
			}
		}
		switch x.kind {
		case sum:
			one.Counter = &dto.Counter{Value: &p.value}
		case gauge:
			one.Gauge = &dto.Gauge{Value: &p.value}
		case histogram:
			one.Histogram = p.histogram(x.bounds)
		}
		f.Metric = append(f.Metric, one)
	}
	return f
}

func (p *point) histogram(bounds []float64) *dto.Histogram {
	n := p.count()
	h := &dto.Histogram{SampleCount: &n, SampleSum: &p.value}
	var below uint64
	for i, c := range p.counts {
		below += c
		bound, seen := math.Inf(1), below
		if i < len(bounds) {
			bound = bounds[i]
		}
		h.Bucket = append(h.Bucket, &dto.Bucket{UpperBound: &bound, CumulativeCount: &seen})
	}
	return h
}
