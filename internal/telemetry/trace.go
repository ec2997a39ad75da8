package telemetry

import (
	"crypto/rand"
	"net"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"olmoeval/eval"
)

// Run is what is said of a run.
type Run struct {
	ID    string
	Model eval.Model
	// Endpoint is the server's base URL, "" where there is none. Its host and
	// port are told, nothing else of it.
	Endpoint string
	Start    time.Time
	// State is asked for the run's gauges (total, done, failed, in_flight,
	// places, waiting …) when metrics are sent; nil for none.
	State func() map[string]float64
}

// Trace is one run's.
type Trace struct {
	r      *Recorder
	run    Run
	common []attribute
	labels []label
	id     string // of the trace
	root   string // of the run's span

	mu    sync.Mutex
	tasks map[string]*task
	ended bool
}

// task is the span of a task: from its first request to its last answer.
type task struct {
	id         string
	start, end time.Time
	instances  int64
	failed     int64
}

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return identifier(b)
}

// providers are the conventions' names of those who serve models.
var providers = map[string]string{"anthropic": "anthropic", "gemini": "gcp.gemini", "azure": "azure.ai.openai", "bedrock": "aws.bedrock", "openai": "openai"}

// Begin starts a run's trace.
func (r *Recorder) Begin(run Run) *Trace {
	provider := providers[run.Model.Kind]
	if provider == "" {
		provider = run.Model.Kind
	}
	t := &Trace{r: r, run: run, id: random(16), root: random(8), tasks: map[string]*task{}}
	t.common = []attribute{text("gen_ai.provider.name", provider), text("gen_ai.request.model", run.Model.ID)}
	t.labels = []label{{"gen_ai.provider.name", provider}, {"gen_ai.request.model", run.Model.ID}}
	if u, err := url.Parse(run.Endpoint); err == nil && u.Hostname() != "" {
		t.common = append(t.common, text("server.address", u.Hostname()))
		if _, port, err := net.SplitHostPort(u.Host); err == nil {
			if n, err := strconv.ParseInt(port, 10, 32); err == nil {
				t.common = append(t.common, whole("server.port", n))
			}
		}
	}
	if run.State != nil {
		r.mu.Lock()
		r.state = run.State
		r.mu.Unlock()
	}
	return t
}

// Seen takes a finished instance: asking began at begin, the answer or the last
// failure came at answered.
func (t *Trace) Seen(name string, rec *eval.Record, begin, answered time.Time) {
	t.mu.Lock()
	k := t.tasks[name]
	if k == nil {
		k = &task{id: random(8), start: begin, end: answered}
		t.tasks[name] = k
	}
	if begin.Before(k.start) {
		k.start = begin
	}
	if answered.After(k.end) {
		k.end = answered
	}
	k.instances++
	if !rec.Status.Counted() {
		k.failed++
	}
	t.mu.Unlock()
	t.measure(name, rec, answered.Sub(begin))
	if t.r.cfg.Traces == "" || rec.Reused() {
		return // nothing was sent
	}
	op := operation(rec)
	s := &span{TraceID: t.id, SpanID: random(8), Parent: k.id, Name: op + " " + t.run.Model.ID, Kind: kindClient,
		Start: nano(begin), End: nano(answered), Attributes: append(slices.Clone(t.common), requestAttributes(op, name, rec)...)}
	if !rec.Status.Counted() {
		s.Status = &status{codeError}
		s.Attributes = append(s.Attributes, text("error.type", string(rec.Status)))
	}
	t.r.emit(s)
}

// operation is the conventions' name of what was asked.
func operation(rec *eval.Record) string {
	if rec.Request != nil && rec.Request.Type == eval.Chat {
		return "chat"
	}
	return "text_completion"
}

// requestAttributes are facts of a request and its answer, no text of either.
func requestAttributes(op, name string, rec *eval.Record) []attribute {
	a := []attribute{text("gen_ai.operation.name", op), text("olmo_eval.task", name), text("olmo_eval.item_digest", rec.Digest),
		text("olmo_eval.status", string(rec.Status)), whole("olmo_eval.attempts", int64(rec.Attempts))}
	if q := rec.Request; q != nil {
		a = append(a, text("olmo_eval.request_type", string(q.Type)))
		if q.Type != eval.Loglikelihood {
			a = append(a, samplingAttributes(&q.Sampling)...)
		}
	}
	u, tm := rec.Usage, rec.Timing
	if u.PromptTokens+u.CompletionTokens > 0 {
		a = append(a, whole("gen_ai.usage.input_tokens", int64(u.PromptTokens)), whole("gen_ai.usage.output_tokens", int64(u.CompletionTokens)),
			whole("gen_ai.usage.cache_read.input_tokens", int64(u.CachedTokens)))
	}
	if u.ReasoningTokens > 0 {
		a = append(a, whole("olmo_eval.reasoning_tokens", int64(u.ReasoningTokens)))
	}
	if u.Cost > 0 {
		a = append(a, double("olmo_eval.cost_usd", u.Cost))
	}
	if tm.Total > 0 {
		a = append(a, double("olmo_eval.queue_ms", tm.Queue), double("olmo_eval.backoff_ms", tm.Backoff), double("olmo_eval.answer_ms", tm.Total))
	}
	if tm.First > 0 {
		a = append(a, double("olmo_eval.first_token_ms", tm.First))
	}
	var reasons []string
	for i := range rec.Outputs {
		if f := rec.Outputs[i].FinishReason; f != "" {
			reasons = append(reasons, f)
		}
	}
	if reasons != nil {
		a = append(a, texts("gen_ai.response.finish_reasons", reasons))
	}
	return a
}

func samplingAttributes(s *eval.Sampling) []attribute {
	a := []attribute{double("gen_ai.request.temperature", s.Temperature)}
	if s.MaxTokens != nil {
		a = append(a, whole("gen_ai.request.max_tokens", int64(*s.MaxTokens)))
	}
	if s.TopP != nil {
		a = append(a, double("gen_ai.request.top_p", *s.TopP))
	}
	if s.TopK != nil {
		a = append(a, whole("gen_ai.request.top_k", int64(*s.TopK)))
	}
	if s.Seed != nil {
		a = append(a, whole("gen_ai.request.seed", *s.Seed))
	}
	if n := s.Samples(); n > 1 {
		a = append(a, whole("gen_ai.request.choice.count", int64(n)))
	}
	return a
}

// End ends the run's span and those of its tasks, in the order of their names.
func (t *Trace) End(outcome string, end time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	t.ended = true
	names := make([]string, 0, len(t.tasks))
	for name := range t.tasks {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		k := t.tasks[name]
		t.r.emit(&span{TraceID: t.id, SpanID: k.id, Parent: t.root, Name: "task " + name, Kind: kindInternal, Start: nano(k.start), End: nano(k.end),
			Attributes: []attribute{text("olmo_eval.task", name), whole("olmo_eval.instances", k.instances), whole("olmo_eval.failed", k.failed)}})
	}
	code := codeOK
	if outcome != "complete" {
		code = codeError
	}
	t.r.emit(&span{TraceID: t.id, SpanID: t.root, Name: "run " + t.run.Model.ID, Kind: kindInternal, Start: nano(t.run.Start), End: nano(end),
		Attributes: append(slices.Clone(t.common), text("olmo_eval.run_id", t.run.ID), text("olmo_eval.run_status", outcome), whole("olmo_eval.tasks", int64(len(names)))),
		Status:     &status{code}})
}
