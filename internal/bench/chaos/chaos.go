// Package chaos sends many requests through all layers to a server that fails
// often, and counts what became of them. Call [Run].
package chaos

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/mockserver"
	"olmoeval/internal/provider/layer"
	"olmoeval/internal/provider/mock"
	"olmoeval/internal/provider/openai"
)

// Plan says how much is asked, and how long things take.
type Plan struct {
	Requests int
	Workers  int // requests asked at a time
	Start    int // places at first, and at most
	Floor    int // no cut goes below; 0 means 4
	// Attempt bounds an attempt: a hang costs as much.
	Attempt time.Duration
	// Calm is how many requests without faults follow, in which the places must
	// come back.
	Calm int
}

// Report is what happened.
type Report struct {
	Answered, Failed int64
	Attempts         int64 // as the layers count them
	Calls            int64 // as the server counts them
	Refused, Resets  int64 // 429s, and connections reset
	Hangs            int64
	Elapsed          time.Duration
	// Least is the fewest places there were, Low how many when the faults ended,
	// Back how many after the calm; Recovery is how long it took until all places
	// of the start were there again, 0 if they never were.
	Least, Low, Back int
	Recovery         time.Duration
	FirstError       string
}

// Of a hundred calls five are refused with Retry-After, five without, two are
// reset and one hangs; spread, so that each sort meets all others.
const (
	politely = 5
	plainly  = 10
	resets   = 12
	hangs    = 13
)

// server strikes by turns; the rest is a mock's.
type server struct {
	mock    http.Handler
	calm    atomic.Bool
	calls   atomic.Int64
	refused atomic.Int64
	resets  atomic.Int64
	hangs   atomic.Int64
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := s.calls.Add(1)
	turn := n * 37 % 100 // 37 and 100 have no common factor: all turns come
	if s.calm.Load() {
		turn = 99
	}
	switch {
	case turn < plainly:
		s.refused.Add(1)
		if turn < politely {
			w.Header().Set("Retry-After-Ms", "5")
		}
		http.Error(w, `{"error":{"message":"too many requests"}}`, http.StatusTooManyRequests)
	case turn < resets:
		s.resets.Add(1)
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			_ = conn.Close()
		}
	case turn < hangs:
		s.hangs.Add(1)
		// A server hears that the client has gone once it has read the body.
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	default:
		s.mock.ServeHTTP(w, r)
	}
}

// Run sends the requests of a plan. An error is one of making the server, or
// ctx's; requests that fail are counted.
func Run(ctx context.Context, p Plan) (Report, error) {
	m, err := mock.Parse("mock")
	if err != nil {
		return Report{}, err
	}
	s := &server{mock: mockserver.New(mockserver.Config{Model: m})}
	h := httptest.NewServer(s)
	defer h.Close()
	defer h.CloseClientConnections() // those that hang
	client, err := openai.New(openai.Config{BaseURLs: []string{h.URL}, Model: "mock"})
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = client.Close() }()
	// How long answers take says nothing here: client and server share the cores.
	group := &layer.Group{Start: p.Start, Max: p.Start, Floor: p.Floor, NoLatency: true}
	var rep Report
	var mu sync.Mutex
	rep.Least = p.Start
	var quiet time.Time // when the faults ended
	group.Notify(func(places int) {
		mu.Lock()
		defer mu.Unlock()
		rep.Least = min(rep.Least, places)
		if places >= p.Start && !quiet.IsZero() && rep.Recovery == 0 {
			rep.Recovery = time.Since(quiet)
		}
	})
	stack := layer.Stack{Group: group, Attempt: p.Attempt, Tries: 10, Base: 20 * time.Millisecond, Cap: time.Second}.Round(client)
	begin := time.Now()
	p.ask(ctx, stack, 0, p.Requests, &rep)
	rep.Elapsed = time.Since(begin)
	mu.Lock()
	rep.Low = group.Load().Places
	quiet = time.Now()
	mu.Unlock()
	s.calm.Store(true)
	rep.Calls, rep.Refused, rep.Resets, rep.Hangs = s.calls.Load(), s.refused.Load(), s.resets.Load(), s.hangs.Load()
	var after Report
	p.ask(ctx, stack, p.Requests, p.Calm, &after)
	group.Notify(nil)
	rep.Back = group.Load().Places
	rep.Failed += after.Failed
	return rep, ctx.Err()
}

// ask sends n requests from the first on.
func (p *Plan) ask(ctx context.Context, r eval.Responder, first, n int, rep *Report) {
	var next, answered, failed, attempts atomic.Int64
	var firstError atomic.Value
	var wg sync.WaitGroup
	for range p.Workers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || ctx.Err() != nil {
					return
				}
				resp, err := r.Respond(ctx, &eval.Request{Type: eval.Completion, Prompt: fmt.Sprintf("Question: %d\nAnswer:", first+i)})
				if resp != nil {
					attempts.Add(int64(resp.Attempts))
				}
				if err != nil || len(resp.Outputs) != 1 || resp.Outputs[0].Text != mock.FixedText {
					failed.Add(1)
					firstError.CompareAndSwap(nil, fmt.Sprintf("request %d: %v", first+i, err))
					continue
				}
				answered.Add(1)
			}
		})
	}
	wg.Wait()
	rep.Answered, rep.Failed, rep.Attempts = answered.Load(), failed.Load(), attempts.Load()
	if s, ok := firstError.Load().(string); ok {
		rep.FirstError = s
	}
}

// String is the report in two lines.
func (r Report) String() string {
	back := "not within the calm"
	if r.Recovery > 0 {
		back = "all places again after " + r.Recovery.Round(time.Millisecond).String()
	}
	return fmt.Sprintf("%d answered, %d failed in %s; %d attempts, %.3f a request (%d refused, %d reset, %d hung)\n"+
		"places: fewest %d, %d when the faults ended, %d later; %s",
		r.Answered, r.Failed, r.Elapsed.Round(time.Millisecond), r.Attempts, float64(r.Attempts)/float64(max(1, r.Answered+r.Failed)),
		r.Refused, r.Resets, r.Hangs, r.Least, r.Low, r.Back, back)
}
