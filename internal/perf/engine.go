package perf

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"olmoeval/internal/sample"
)

// How a metric of a server is summed up over its label sets and looks.
const (
	sumGauge  = iota // add label sets, mean and largest over looks
	meanGauge        // mean of label sets: shares
	counter          // add label sets, growth over looks
)

// engineMetrics are those that say how well an engine is used, by its names.
var engineMetrics = map[string]int{
	"vllm:num_requests_running":           sumGauge,
	"vllm:num_requests_waiting":           sumGauge,
	"vllm:kv_cache_usage_perc":            meanGauge,
	"vllm:gpu_cache_usage_perc":           meanGauge,
	"vllm:prompt_tokens_total":            counter,
	"vllm:generation_tokens_total":        counter,
	"vllm:request_success_total":          counter,
	"vllm:num_preemptions_total":          counter,
	"vllm:prefix_cache_queries_total":     counter,
	"vllm:gpu_prefix_cache_queries_total": counter,
	"vllm:gpu_prefix_cache_hits_total":    counter,
	"vllm:prefix_cache_hits_total":        counter,

	"sglang:num_running_reqs":        sumGauge,
	"sglang:num_queue_reqs":          sumGauge,
	"sglang:token_usage":             meanGauge,
	"sglang:cache_hit_rate":          meanGauge,
	"sglang:gen_throughput":          sumGauge,
	"sglang:prompt_tokens_total":     counter,
	"sglang:generation_tokens_total": counter,

	"tgi_queue_size":                  sumGauge,
	"tgi_batch_current_size":          sumGauge,
	"tgi_request_success":             counter,
	"llamacpp:requests_processing":    sumGauge,
	"llamacpp:requests_deferred":      sumGauge,
	"llamacpp:kv_cache_usage_ratio":   meanGauge,
	"llamacpp:prompt_tokens_total":    counter,
	"llamacpp:tokens_predicted_total": counter,
}

// running sums up a value over looks.
type running struct {
	sum, max, last, growth float64
	n                      int
}

func (r *running) gauge(v float64) {
	if r.n == 0 || v > r.max {
		r.max = v
	}
	r.sum += v
	r.n++
}

// count notes a counter. One that fell began anew.
func (r *running) count(v float64, fresh bool) {
	if r.n > 0 && !fresh {
		if v >= r.last {
			r.growth += v - r.last
		} else {
			r.growth += v
		}
	}
	r.last = v
	r.n++
}

func (r *running) value() *Gauge {
	if r == nil || r.n == 0 {
		return nil
	}
	return &Gauge{r.sum / float64(r.n), r.max}
}

type source struct {
	Engine
	metrics map[string]*running
}

type gpu struct {
	GPU
	util, memory, power running
}

// gathering is what is made of engine.jsonl, of a run and of its shards.
type gathering struct {
	sources map[string]*source
	gpus    map[string]*gpu
	damaged bool
	notes   []string
}

func (g *gathering) read(dir string) error {
	for l, err := range sample.Read(dir) {
		var damage *sample.DamageError
		switch {
		case errors.As(err, &damage):
			g.damaged = true
		case err != nil:
			return err
		case l.Source == "gpu":
			g.seeGPUs(l)
		default:
			if g.sources[l.Source] == nil {
				g.sources[l.Source] = &source{Engine: Engine{Source: l.Source, Gauges: map[string]Gauge{}, Counters: map[string]float64{}}, metrics: map[string]*running{}}
			}
			g.sources[l.Source].add(l)
		}
	}
	return nil
}

func (g *gathering) seeGPUs(l sample.Line) {
	for _, x := range l.GPUs {
		key := x.UUID
		if key == "" {
			key = strconv.Itoa(x.Index)
		}
		if g.gpus[key] == nil {
			g.gpus[key] = &gpu{}
		}
		g.gpus[key].add(x)
	}
	if l.Error != "" {
		g.notes = append(g.notes, "GPUs: "+l.Error)
	}
}

// readEngine sums up what was sampled in some directories.
func readEngine(dirs []string, notes *[]string) ([]Engine, []GPU, error) {
	all := gathering{sources: map[string]*source{}, gpus: map[string]*gpu{}}
	for _, dir := range dirs {
		if err := all.read(dir); err != nil {
			return nil, nil, err
		}
	}
	*notes = append(*notes, all.notes...)
	if all.damaged {
		*notes = append(*notes, "damaged lines of "+sample.FileName+" were left out")
	}
	engines, list := []Engine{}, []GPU{}
	for _, s := range all.sources {
		engines = append(engines, s.engine())
	}
	for _, g := range all.gpus {
		g.Utilization, g.MemoryUsed, g.Power = g.util.value(), g.memory.value(), g.power.value()
		list = append(list, g.GPU)
	}
	slices.SortFunc(engines, func(a, b Engine) int { return strings.Compare(a.Source, b.Source) })
	slices.SortFunc(list, func(a, b GPU) int { return cmp.Or(a.Index-b.Index, strings.Compare(a.UUID, b.UUID)) })
	return engines, list, nil
}

// add notes a look at a server.
func (s *source) add(l sample.Line) {
	if l.Error != "" {
		if len(s.Errors) < 5 && !slices.Contains(s.Errors, l.Error) {
			s.Errors = append(s.Errors, l.Error)
		}
		return
	}
	s.Looks++
	sum, n := map[string]float64{}, map[string]int{}
	for k, v := range l.Values {
		name := sample.Name(k)
		if _, ok := engineMetrics[name]; ok && v != nil {
			sum[name] += *v
			n[name]++
		}
	}
	for name, v := range sum {
		r := s.metrics[name]
		if r == nil {
			r = &running{}
			s.metrics[name] = r
		}
		switch engineMetrics[name] {
		case counter:
			r.count(v, l.Full)
		case meanGauge:
			r.gauge(v / float64(n[name]))
		default:
			r.gauge(v)
		}
	}
}

func (s *source) engine() Engine {
	for name, r := range s.metrics {
		if engineMetrics[name] == counter {
			s.Counters[name] = r.growth
		} else {
			s.Gauges[name] = *r.value()
		}
	}
	return s.Engine
}

func (g *gpu) add(x sample.GPU) {
	g.Index, g.UUID, g.Name, g.MemoryTotal = x.Index, x.UUID, x.Name, x.MemoryTotal
	g.Looks++
	for _, p := range []struct {
		v *float64
		r *running
	}{{x.Utilization, &g.util}, {x.MemoryUsed, &g.memory}, {x.Power, &g.power}} {
		if p.v != nil {
			p.r.gauge(*p.v)
		}
	}
}
