package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	queued    = 8192 // spans that wait to be sent
	batchSize = 512
	lingering = 5 * time.Second // before a batch that is not full is sent
)

// Recorder takes what happens and sends it. Its methods may be called by many
// goroutines.
type Recorder struct {
	cfg      Config
	resource resource
	meters   *meters
	started  time.Time
	spans    chan *span // closed by Close
	quit     chan struct{}
	sending  sync.WaitGroup
	cancel   context.CancelFunc

	mu      sync.Mutex
	closed  bool
	dropped int
	lost    int // spans of messages that could not be sent
	failure error
	state   func() map[string]float64 // of the latest run, nil for none
}

// New makes a recorder and starts sending, where cfg says where.
func New(cfg Config) *Recorder {
	if cfg.Timeout <= 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.Every <= 0 {
		cfg.Every = time.Minute
	}
	if cfg.linger <= 0 {
		cfg.linger = lingering
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	r := &Recorder{cfg: cfg, resource: newResource(cfg.Resource), meters: newMeters(), started: time.Now(),
		spans: make(chan *span, queued), quit: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	if cfg.Traces != "" {
		r.sending.Go(func() { r.sendSpans(ctx) })
	}
	if cfg.Metrics != "" {
		r.sending.Go(func() { r.sendMetrics(ctx) })
	}
	return r
}

// emit queues a span, or drops it where the collector is too slow.
func (r *Recorder) emit(s *span) {
	if r.cfg.Traces == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	select {
	case r.spans <- s:
	default:
		r.dropped++
	}
}

func (r *Recorder) sendSpans(ctx context.Context) {
	batch := make([]*span, 0, batchSize)
	send := func() {
		if len(batch) == 0 {
			return
		}
		body, err := traces(r.resource, batch)
		if err == nil {
			err = r.cfg.post(ctx, r.cfg.Traces, r.cfg.TraceHeaders, body)
		}
		if err != nil {
			r.fail(err, len(batch))
		}
		batch = batch[:0]
	}
	t := time.NewTicker(r.cfg.linger)
	defer t.Stop()
	for {
		select {
		case s, ok := <-r.spans:
			if !ok {
				send()
				return
			}
			if batch = append(batch, s); len(batch) == batchSize {
				send()
			}
		case <-t.C:
			send()
		}
	}
}

func (r *Recorder) sendMetrics(ctx context.Context) {
	send := func() {
		r.update()
		body, err := r.meters.message(r.resource, r.started, time.Now())
		if err == nil && body != nil {
			err = r.cfg.post(ctx, r.cfg.Metrics, r.cfg.MetricHeaders, body)
		}
		if err != nil {
			r.fail(err, 0)
		}
	}
	t := time.NewTicker(r.cfg.Every)
	defer t.Stop()
	for {
		select {
		case <-r.quit:
			send()
			return
		case <-t.C:
			send()
		}
	}
}

func (r *Recorder) fail(err error, spans int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost += spans
	if r.failure == nil {
		r.failure = err
	}
}

// Close sends what is left, for at most patience, and ends. The error says what
// did not arrive.
func (r *Recorder) Close(patience time.Duration) error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	close(r.spans)
	close(r.quit)
	t := time.AfterFunc(patience, r.cancel)
	r.sending.Wait()
	t.Stop()
	r.cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.failure != nil:
		return fmt.Errorf("telemetry: %d spans lost, %d dropped: %w", r.lost, r.dropped, r.failure)
	case r.dropped > 0:
		return fmt.Errorf("telemetry: %d spans dropped: the collector is too slow", r.dropped)
	}
	return nil
}
