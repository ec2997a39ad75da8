package gpu

import (
	"fmt"
	"slices"
	"strings"
)

// Demand is what one model wants.
type Demand struct {
	Name string
	// Replicas is how many servers; 0 means as many as fit.
	Replicas int
	// Each is how many GPUs one server takes; 0 takes none.
	Each int
	// Only are the devices that may be used; nil means any that no other demand
	// names.
	Only []Device
}

// Plan shares devices out: to the first demand, then to the others, each
// replica getting neighbours in the list. The answer has the devices of each
// replica of each demand. Devices that remain are left alone.
func Plan(free []Device, demands []Demand) ([][][]Device, error) {
	taken := map[string]bool{}
	out := make([][][]Device, len(demands))
	for i, d := range demands {
		if d.Each == 0 {
			out[i] = make([][]Device, max(d.Replicas, 1))
			continue
		}
		list := candidates(free, demands, i, taken)
		n := d.Replicas
		if n == 0 {
			n = max((len(list)-later(demands, i))/d.Each, 1)
		}
		if n*d.Each > len(list) {
			return nil, short(free, demands, i, len(list))
		}
		for range n {
			out[i] = append(out[i], list[:d.Each:d.Each])
			for _, dev := range list[:d.Each] {
				taken[dev.ID] = true
			}
			list = list[d.Each:]
		}
	}
	return out, nil
}

// candidates are what demand i may have.
func candidates(free []Device, demands []Demand, i int, taken map[string]bool) []Device {
	var list []Device
	for _, dev := range free {
		if taken[dev.ID] {
			continue
		}
		ok := has(demands[i].Only, dev.ID)
		if demands[i].Only == nil {
			ok = !slices.ContainsFunc(demands, func(o Demand) bool { return has(o.Only, dev.ID) })
		}
		if ok {
			list = append(list, dev)
		}
	}
	return list
}

func has(list []Device, id string) bool {
	return slices.ContainsFunc(list, func(d Device) bool { return d.ID == id })
}

// later is what the demands after i need of the same devices, so that one that
// takes all it can leaves them their share.
func later(demands []Demand, i int) int {
	n := 0
	for _, d := range demands[i+1:] {
		if d.Only == nil && demands[i].Only == nil {
			n += max(d.Replicas, 1) * d.Each
		}
	}
	return n
}

// short says need and have.
func short(free []Device, demands []Demand, i, left int) error {
	var parts []string
	need := 0
	for _, d := range demands {
		n := max(d.Replicas, 1)
		need += n * d.Each
		if d.Each > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d × %d", d.Name, n, d.Each))
		}
	}
	text := fmt.Sprintf("gpus: need %d (%s), have %d (%s)", need, strings.Join(parts, ", "), len(free), IDs(free))
	if len(demands) > 1 || left != len(free) {
		text += fmt.Sprintf(", of which %d for %s", left, demands[i].Name)
	}
	return fmt.Errorf("%s; lower num_instances or tensor_parallel_size, or free a gpu", text)
}
