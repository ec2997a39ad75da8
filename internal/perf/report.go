package perf

import "time"

// Report is what a run cost.
type Report struct {
	RunID  string `json:"run_id"`
	Dir    string `json:"dir"`
	Name   string `json:"name,omitempty"`
	Model  string `json:"model"`
	Status string `json:"status"`
	// WallS is the time in which at least one process worked on the run, in
	// seconds; Sessions is how many did. nil where events do not tell.
	WallS    *float64 `json:"wall_s"`
	Sessions int      `json:"sessions"`
	Summary
	Throughput Throughput `json:"throughput"`
	// Series is the throughput over the running time.
	Series []Point  `json:"series"`
	Engine []Engine `json:"engine"`
	GPUs   []GPU    `json:"gpus"`
	Tasks  []Task   `json:"tasks"`
	Notes  []string `json:"notes"`
}

// Task is one task's part. One that was taken from an earlier run is not in the
// run's sums.
type Task struct {
	Task       string `json:"task"`
	ReusedFrom string `json:"reused_from,omitempty"`
	Summary
}

// Summary counts requests: instances that were asked, each once whatever its
// attempts.
type Summary struct {
	Requests int `json:"requests"`
	// Failed requests have a status that is not in the numbers.
	Failed int `json:"failed"`
	// Reused instances were answered without asking: the same request had been
	// answered in the run or stood in the cache.
	Reused           int     `json:"reused"`
	Attempts         int     `json:"attempts"`
	Retries          int     `json:"retries"`
	PromptTokens     int64   `json:"prompt_tokens"` // with CachedTokens
	CachedTokens     int64   `json:"cached_tokens"` // in the server's prefix cache
	CompletionTokens int64   `json:"completion_tokens"`
	ReasoningTokens  int64   `json:"reasoning_tokens"` // of CompletionTokens
	Cost             Cost    `json:"cost"`
	Latency          Latency `json:"latency"`
}

// Cost is in US dollars; nil is unknown, or that there was none to ask.
type Cost struct {
	Subject *float64 `json:"subject"`
	Judge   *float64 `json:"judge"`
	Tool    *float64 `json:"tool"`
	// Unpriced requests used tokens whose price is unknown: Subject is without
	// them.
	Unpriced int `json:"unpriced_requests"`
}

// Latency is in milliseconds.
type Latency struct {
	Queue   *Quantiles `json:"queue_ms"`   // for a place at the endpoint
	Backoff *Quantiles `json:"backoff_ms"` // between attempts
	// FirstToken and PerOutputToken are of streams; the latter is from the first
	// token to the last, of answers with one sample.
	FirstToken     *Quantiles `json:"first_token_ms"`
	PerOutputToken *Quantiles `json:"per_output_token_ms"`
	Total          *Quantiles `json:"total_ms"` // of the attempt that was answered
	// Instance is from taking up an instance to its record: waiting, asking and
	// scoring.
	Instance *Quantiles `json:"instance_ms"`
}

// Throughput is over wall clock. Reason says why there is none.
type Throughput struct {
	Requests         *float64 `json:"requests_per_s"`
	PromptTokens     *float64 `json:"prompt_tokens_per_s"`
	CompletionTokens *float64 `json:"completion_tokens_per_s"`
	Reason           string   `json:"reason,omitempty"`
}

// Point is a stretch of the running time. Gauges are means; nil where nobody
// told.
type Point struct {
	FromS            float64  `json:"from_s"`
	ToS              float64  `json:"to_s"`
	Requests         float64  `json:"requests_per_s"`
	PromptTokens     float64  `json:"prompt_tokens_per_s"`
	CompletionTokens float64  `json:"completion_tokens_per_s"`
	InFlight         *float64 `json:"in_flight"`
	Places           *float64 `json:"places"`
	Waiting          *float64 `json:"waiting"`
}

// Engine is what a server said of itself, summed over its label sets.
type Engine struct {
	Source string `json:"source"`
	Looks  int    `json:"looks"`
	// Gauges are by metric; Counters are their growth.
	Gauges   map[string]Gauge   `json:"gauges"`
	Counters map[string]float64 `json:"counters"`
	Errors   []string           `json:"errors,omitempty"`
}

// Gauge is a gauge over the looks.
type Gauge struct {
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"`
}

// GPU is one GPU over the looks.
type GPU struct {
	Index       int      `json:"index"`
	UUID        string   `json:"uuid,omitempty"`
	Name        string   `json:"name"`
	Looks       int      `json:"looks"`
	Utilization *Gauge   `json:"utilization_percent"`
	MemoryUsed  *Gauge   `json:"memory_used_mib"`
	MemoryTotal *float64 `json:"memory_total_mib"`
	Power       *Gauge   `json:"power_w"`
}

// span is a stretch of time.
type span struct{ from, to time.Time }
