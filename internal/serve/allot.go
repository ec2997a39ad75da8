package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"olmoeval/internal/serve/gpu"
)

// allot gives each pool its replicas with their GPUs.
func allot(ctx context.Context, o Options, pools []*Pool) error {
	env := environ(o.Environ)
	all, smiErr := gpu.Discover(ctx, o.NvidiaSMI)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	value, set := env.lookup("CUDA_VISIBLE_DEVICES")
	visible := gpu.Visible(all, value, set)
	named := make([][]gpu.Device, len(pools))
	union := slices.Clone(visible)
	for i, p := range pools {
		if len(p.spec.GPUs) == 0 || p.spec.allGPUs() {
			continue
		}
		var err error
		if named[i], err = gpu.Named(visible, p.spec.GPUs); err != nil {
			return fmt.Errorf("%s: %w", &p.spec, err)
		}
		for _, d := range named[i] {
			if !slices.ContainsFunc(union, func(u gpu.Device) bool { return u.Key() == d.Key() }) {
				union = append(union, d)
			}
		}
	}
	if smiErr != nil {
		pools[0].event(Note, 0, "no gpus are used: "+smiErr.Error())
	}
	c := &chooser{pools: pools, named: named, smi: smiErr}
	leases, err := gpu.Take(ctx, filepath.Join(o.RuntimeDir, "gpus"), pools[0].spec.String(), union, c.choose)
	if err != nil {
		return err
	}
	for i, p := range pools {
		for range c.plan[i] {
			r := newReplica(p, len(p.replicas))
			r.leases, leases = leases[:c.each[i]], leases[c.each[i]:]
			p.replicas = append(p.replicas, r)
		}
		p.parallel = c.parallel[i]
	}
	return nil
}

// chooser decides which free devices go where.
type chooser struct {
	pools    []*Pool
	named    [][]gpu.Device
	smi      error
	each     []int // GPUs of a replica
	parallel []int // of these, for tensor parallelism
	plan     [][][]gpu.Device
}

func (c *chooser) choose(free []gpu.Device, held []gpu.Held) ([]gpu.Device, error) {
	idle := c.idle(free)
	demands := make([]gpu.Demand, len(c.pools))
	c.each, c.parallel = make([]int, len(c.pools)), make([]int, len(c.pools))
	for i, p := range c.pools {
		s := &p.spec
		usable := idle
		if c.named[i] != nil {
			usable = slices.DeleteFunc(slices.Clone(free), func(d gpu.Device) bool {
				return !slices.ContainsFunc(c.named[i], func(n gpu.Device) bool { return n.Key() == d.Key() })
			})
		}
		var err error
		if c.parallel[i], c.each[i], err = width(s, usable, len(free)+len(held) > 0); err != nil {
			return nil, c.explain(fmt.Errorf("%s: %w", s, err), held)
		}
		demands[i] = gpu.Demand{Name: s.name(), Replicas: max(s.Replicas, 1), Each: c.each[i], Only: c.named[i]}
		if s.Replicas == 0 && s.allGPUs() {
			demands[i].Replicas = 0
		}
	}
	var err error
	if c.plan, err = gpu.Plan(c.usable(free, idle), demands); err != nil {
		return nil, c.explain(err, held)
	}
	var chosen []gpu.Device
	for _, replicas := range c.plan {
		for _, devices := range replicas {
			chosen = append(chosen, devices...)
		}
	}
	return chosen, nil
}

// usable are the idle devices and those that a user has named, idle or not.
func (c *chooser) usable(free, idle []gpu.Device) []gpu.Device {
	return slices.DeleteFunc(slices.Clone(free), func(d gpu.Device) bool {
		same := func(o gpu.Device) bool { return o.Key() == d.Key() }
		return !slices.ContainsFunc(idle, same) && !slices.ContainsFunc(c.named, func(n []gpu.Device) bool { return slices.ContainsFunc(n, same) })
	})
}

// idle leaves out devices whose memory others use: a server that is to take its
// share of them would refuse to start.
func (c *chooser) idle(free []gpu.Device) []gpu.Device {
	share := 0.0
	for _, p := range c.pools {
		u := 0.9
		if p.spec.GPUMemory != nil {
			u = *p.spec.GPUMemory
		}
		share = max(share, u)
	}
	var out []gpu.Device
	for _, d := range free {
		if d.Total > 0 && float64(d.Total-d.Used) < share*float64(d.Total) {
			c.pools[0].event(Note, 0, fmt.Sprintf("gpu %s is left out: others use %.1f of its %.1f GiB", d.ID, gib(d.Used), gib(d.Total)))
			continue
		}
		out = append(out, d)
	}
	return out
}

func gib(b int64) float64 { return float64(b) / (1 << 30) }

// explain adds who has the GPUs that are missing.
func (c *chooser) explain(err error, held []gpu.Held) error {
	var parts []string
	for _, h := range held {
		parts = append(parts, fmt.Sprintf("gpu %s is held by %s", h.ID, h.By))
	}
	if c.smi != nil {
		parts = append(parts, c.smi.Error())
	}
	if len(parts) > 0 {
		err = fmt.Errorf("%w; %s", err, strings.Join(parts, ", "))
	}
	return err
}

// width is how many GPUs one replica takes, and how many of them share each
// layer. some says whether there are GPUs at all, free or not.
func width(s *Spec, usable []gpu.Device, some bool) (parallel, each int, err error) {
	parallel = max(s.TensorParallel, argument(s, "tensor-parallel-size", "tp-size", "tp"))
	if len(usable) == 0 && !some {
		if parallel > 0 && s.Kind != LlamaServer {
			return 0, 0, fmt.Errorf("%w: need %d (tensor_parallel_size=%d), have 0; leave it out to run without", gpu.ErrNone, parallel, parallel)
		}
		return 1, 0, nil
	}
	if parallel == 0 {
		memory := int64(math.MaxInt64)
		for _, d := range usable {
			memory = min(memory, d.Total)
		}
		heads := 0
		if s.Kind != LlamaServer { // which cuts between layers
			heads = attentionHeads(s.Model)
		}
		if len(usable) == 0 {
			parallel = 1 // the plan says what is missing
		} else if parallel, err = gpu.Parallel(s.WeightsBytes, memory, len(usable), heads); err != nil {
			return 0, 0, err
		}
		if s.WeightsBytes == 0 {
			parallel = max(parallel, s.ParallelHint)
		}
	}
	pipeline := max(1, argument(s, "pipeline-parallel-size", "pp-size", "pp"))
	data := max(1, argument(s, "data-parallel-size", "dp-size", "dp"))
	if argument(s, "enable-dp-attention") > 0 {
		data = 1 // SGLang's copies share the GPUs
	}
	return parallel, parallel * pipeline * data, nil
}

// argument is the number that Args has under one of the names, 1 for true, 0 for
// none.
func argument(s *Spec, names ...string) int {
	for key, value := range s.Args {
		if !slices.Contains(names, strings.ReplaceAll(strings.TrimLeft(key, "-"), "_", "-")) {
			continue
		}
		switch v := value.(type) {
		case bool:
			if v {
				return 1
			}
		default:
			var n int
			if _, err := fmt.Sscan(fmt.Sprint(v), &n); err == nil {
				return n
			}
		}
	}
	return 0
}

// attentionHeads is what a checkpoint's config.json says, 0 if nothing.
func attentionHeads(model string) int {
	b, err := os.ReadFile(filepath.Join(model, "config.json"))
	if err != nil {
		return 0
	}
	type heads struct {
		N int `json:"num_attention_heads"`
	}
	var c struct {
		heads
		Text heads `json:"text_config"`
	}
	if json.Unmarshal(b, &c) != nil {
		return 0
	}
	return max(c.N, c.Text.N)
}
