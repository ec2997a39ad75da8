package serve

import (
	"maps"
	"slices"
	"time"
)

// Record is what a run's manifest says of its servers. It holds no secrets.
type Record struct {
	Kind  string `json:"kind"`
	Model string `json:"model"`
	// Served is what requests call the model.
	Served string `json:"served"`
	// Version is the server's word, "" if it says none.
	Version  string    `json:"version,omitempty"`
	Driver   string    `json:"gpu_driver,omitempty"`
	Servers  []Server  `json:"servers"`
	Restarts []Restart `json:"restarts,omitempty"`
}

// Server is one replica.
type Server struct {
	URL   string `json:"url"`
	State string `json:"state"`
	// Address is where it listens at present, and Process its id.
	Address string   `json:"address,omitempty"`
	Process int      `json:"process,omitempty"`
	Command []string `json:"command,omitempty"`
	// Set are the variables that were set for it.
	Set  map[string]string `json:"environment,omitempty"`
	GPUs []GPU             `json:"gpus,omitempty"`
	Log  string            `json:"log,omitempty"`
	// Start is how long the last start took, in seconds.
	Start float64 `json:"start_seconds,omitempty"`
}

// GPU is one that a server has.
type GPU struct {
	ID     string `json:"id"`
	UUID   string `json:"uuid,omitempty"`
	Name   string `json:"name,omitempty"`
	Memory int64  `json:"memory_bytes,omitempty"`
}

// Restart is one that was begun.
type Restart struct {
	Replica int       `json:"replica"`
	Time    time.Time `json:"time"`
	Cause   string    `json:"cause"`
}

// Record is the present state.
func (p *Pool) Record() Record {
	p.mu.Lock()
	defer p.mu.Unlock()
	rec := Record{Kind: p.spec.Kind, Model: p.spec.Model, Served: p.spec.name(), Version: p.version, Restarts: slices.Clone(p.restarts)}
	urls := p.BaseURLs()
	for i, r := range p.replicas {
		s := Server{URL: urls[i], State: r.state.String(), Log: r.logPath(), Start: r.took.Seconds()}
		if l := r.life; l != nil {
			s.Command, s.Set = slices.Clone(l.command), shown(l.env)
			if r.state == ready {
				s.Address, s.Process = l.probe.base, l.proc.PID()
			}
		}
		for _, g := range r.leases {
			s.GPUs = append(s.GPUs, GPU{g.ID, g.UUID, g.Name, g.Total})
			if rec.Driver == "" {
				rec.Driver = g.Driver
			}
		}
		rec.Servers = append(rec.Servers, s)
	}
	return rec
}

// shown are variables with the values of secrets left out.
func shown(env map[string]string) map[string]string {
	out := maps.Clone(env)
	for name, value := range out {
		if len(secretsOf([]string{name + "=" + value})) > 0 {
			out[name] = "***"
		}
	}
	return out
}
