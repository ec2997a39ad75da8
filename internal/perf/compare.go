package perf

// Row is one number of two reports. Ratio is B/A, nil where it is not defined.
type Row struct {
	What  string   `json:"what"`
	A     *float64 `json:"a"`
	B     *float64 `json:"b"`
	Ratio *float64 `json:"ratio"`
}

// Compare sets two reports side by side.
func Compare(a, b *Report) []Row {
	left, right := a.numbers(), b.numbers()
	rows := make([]Row, len(left))
	for i := range left {
		rows[i] = Row{What: left[i].what, A: left[i].v, B: right[i].v}
		if x, y := left[i].v, right[i].v; x != nil && y != nil && *x != 0 {
			ratio := *y / *x
			rows[i].Ratio = &ratio
		}
	}
	return rows
}

type named struct {
	what string
	v    *float64
}

// numbers are a report's in a fixed order.
func (r *Report) numbers() []named {
	count := func(n int64) *float64 { v := float64(n); return &v }
	out := []named{
		{"wall_s", r.WallS},
		{"requests", count(int64(r.Requests))},
		{"failed", count(int64(r.Failed))},
		{"reused", count(int64(r.Reused))},
		{"attempts", count(int64(r.Attempts))},
		{"retries", count(int64(r.Retries))},
		{"prompt_tokens", count(r.PromptTokens)},
		{"cached_tokens", count(r.CachedTokens)},
		{"completion_tokens", count(r.CompletionTokens)},
		{"reasoning_tokens", count(r.ReasoningTokens)},
		{"requests_per_s", r.Throughput.Requests},
		{"prompt_tokens_per_s", r.Throughput.PromptTokens},
		{"completion_tokens_per_s", r.Throughput.CompletionTokens},
		{"cost_subject", r.Cost.Subject},
	}
	for _, q := range r.Latency.Rows() {
		for i, name := range []string{"p50", "p90", "p99", "max"} {
			var v *float64
			if q.Q != nil {
				v = &[]float64{q.Q.P50, q.Q.P90, q.Q.P99, q.Q.Max}[i]
			}
			out = append(out, named{q.What + "_" + name, v})
		}
	}
	return out
}

// LatencyRow is a distribution with its name.
type LatencyRow struct {
	What string
	Q    *Quantiles // nil where nobody measured
}

// Rows are the distributions in the order of a request's life.
func (l *Latency) Rows() []LatencyRow {
	return []LatencyRow{{"queue_ms", l.Queue}, {"backoff_ms", l.Backoff}, {"first_token_ms", l.FirstToken},
		{"per_output_token_ms", l.PerOutputToken}, {"total_ms", l.Total}, {"instance_ms", l.Instance}}
}
