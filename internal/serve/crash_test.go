package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/provider/httpapi"
	"olmoeval/internal/provider/openai"
)

// client is the program's own client at a pool, without any retries.
func client(t *testing.T, p *Pool) eval.Responder {
	t.Helper()
	c, err := openai.New(openai.Config{BaseURLs: p.BaseURLs(), Model: p.Model(), APIKey: httpapi.Secret(p.APIKey()), Dial: p.Dial})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return p.Responder(c)
}

func request(i int) *eval.Request {
	return &eval.Request{Type: eval.Completion, Prompt: fmt.Sprintf("question %d", i)}
}

// storm asks n questions at once and counts the right answers of each.
func storm(t *testing.T, c eval.Responder, n int) {
	t.Helper()
	answers := make([]atomic.Int32, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			resp, err := c.Respond(context.Background(), request(i))
			switch {
			case err != nil:
				t.Errorf("question %d: %v", i, err)
			case resp.Outputs[0].Text != fmt.Sprintf("answer to question %d", i):
				t.Errorf("question %d: %q", i, resp.Outputs[0].Text)
			default:
				answers[i].Add(1)
			}
		})
	}
	wg.Wait()
	for i := range answers {
		if answers[i].Load() != 1 {
			t.Fatalf("question %d has %d answers", i, answers[i].Load())
		}
	}
}

// TestCrash holds that a server that is killed with 200 requests in flight
// costs none of them: the fake answers the first 100 of 300, keeps 200 waiting,
// and kills itself when all are there.
func TestCrash(t *testing.T) {
	r := newRun(t, func(n int, _ launchWord) word {
		if n == 0 {
			return word{Answer: 100, DieAt: 200}
		}
		return word{}
	})
	p := r.start(t, r.spec())
	storm(t, client(t, p), 300)
	rec := p.Record()
	if len(rec.Restarts) != 1 || !strings.Contains(rec.Restarts[0].Cause, "signal 9") || rec.Servers[0].State != "ready" {
		t.Errorf("record %+v", rec)
	}
	if len(r.told(Down)) != 1 || len(r.told(Restarting)) != 1 || len(r.told(Ready)) != 2 {
		t.Errorf("events %v", r.events)
	}
}

// TestCrashOfOneOfTwo holds the same of two replicas, of which one dies by
// itself and one is killed.
func TestCrashOfOneOfTwo(t *testing.T) {
	r := newRun(t, func(n int, _ launchWord) word {
		if n == 0 {
			return word{DieAt: 5}
		}
		return word{}
	})
	s := r.spec()
	s.Replicas = 2
	p := r.start(t, s)
	c := client(t, p)
	bothReady := func() bool {
		s := p.Record().Servers
		return s[0].State == "ready" && s[1].State == "ready"
	}
	for deaths := 1; deaths <= 2; deaths++ {
		storm(t, c, 200)
		until(t, "the death and the restart", func() bool { return len(p.Record().Restarts) == deaths && bothReady() })
		if err := syscall.Kill(p.Record().Servers[deaths-1].Process, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	storm(t, c, 200)
}

// TestKilled holds that a server that is killed from outside is started again
// while nothing is asked.
func TestKilled(t *testing.T) {
	r := newRun(t, nil)
	p := r.start(t, r.spec())
	c := client(t, p)
	storm(t, c, 3)
	if err := syscall.Kill(r.control.seen()[0].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	storm(t, c, 50)
	if n := len(r.control.seen()); n != 2 {
		t.Errorf("%d starts", n)
	}
}

// TestHang holds that a server that runs but says nothing is ended and started
// again, and its requests asked again.
func TestHang(t *testing.T) {
	r := newRun(t, func(n int, _ launchWord) word {
		if n == 0 {
			return word{HangAfter: 3, Stubborn: true}
		}
		return word{}
	})
	r.Timing.Failures = 2
	p := r.start(t, r.spec())
	storm(t, client(t, p), 3)
	storm(t, client(t, p), 20)
	if rec := p.Record(); len(rec.Restarts) != 1 || !strings.Contains(rec.Restarts[0].Cause, "did not say that it is well") {
		t.Errorf("record %+v", rec)
	}
}

// TestGivenUp holds that a server that dies again and again stops the run, with
// its last lines.
func TestGivenUp(t *testing.T) {
	r := newRun(t, func(n int, _ launchWord) word {
		if n == 0 {
			return word{DieAt: 20}
		}
		return word{Exit: 1, Print: "RuntimeError: CUDA error: an illegal memory access was encountered\n"}
	})
	p := r.start(t, r.spec())
	c := client(t, p)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := c.Respond(context.Background(), request(i))
			var f *Failure
			if !eval.FaultOf(err).Abort || !errors.As(err, &f) || !strings.Contains(err.Error(), "illegal memory access") ||
				!strings.Contains(err.Error(), "given up after 3 restarts") || len(f.Tail) == 0 {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	if n := len(r.control.seen()); n != 4 {
		t.Errorf("%d starts, want 1 and 3 restarts", n)
	}
	if got := p.Record().Servers[0].State; got != "failed" {
		t.Errorf("state %s", got)
	}
}

// TestOtherFailures holds that failures which are no death pass at once.
func TestOtherFailures(t *testing.T) {
	r := newRun(t, nil)
	p := r.start(t, r.spec())
	for _, want := range []error{
		&eval.Fault{Status: eval.InfraServerDown, Err: errors.New("500")},
		&eval.Fault{Status: eval.InfraRateLimited, Err: errors.New("429")},
		&eval.Fault{Status: eval.ContextOverflow, Err: errors.New("long")},
		errors.New("reset"),
	} {
		calls := 0
		_, err := p.Responder(respond(func(context.Context, *eval.Request) (*eval.Response, error) {
			calls++
			return nil, want
		})).Respond(context.Background(), request(0))
		if err != want || calls != 1 { //nolint:errorlint // the very same
			t.Errorf("%v: %v after %d calls", want, err, calls)
		}
	}
}

type respond func(context.Context, *eval.Request) (*eval.Response, error)

func (f respond) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	return f(ctx, r)
}

// TestDeadlyRequest holds that one request cannot kill servers for ever.
func TestDeadlyRequest(t *testing.T) {
	r := newRun(t, nil)
	r.Timing.Restarts = 100
	p := r.start(t, r.spec())
	killer := respond(func(ctx context.Context, _ *eval.Request) (*eval.Response, error) {
		pid := p.Record().Servers[0].Process
		c, err := p.Dial(ctx, "tcp", "replica-0.olmo-eval.internal:80")
		if err != nil {
			return nil, err
		}
		defer c.Close()
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
		_, err = c.Read(make([]byte, 1))
		return nil, err
	})
	_, err := p.Responder(killer).Respond(context.Background(), request(0))
	if f := eval.FaultOf(err); f.Abort || f.Status != eval.InfraServerDown || !strings.Contains(err.Error(), "died 6 times") {
		t.Errorf("got %v", err)
	}
}

func TestWaitingIsCancelled(t *testing.T) {
	hold := make(chan struct{})
	r := newRun(t, func(n int, _ launchWord) word {
		if n > 0 {
			<-hold
		}
		return word{}
	})
	defer close(hold)
	p := r.start(t, r.spec())
	if err := syscall.Kill(r.control.seen()[0].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, "the restart", func() bool { return len(r.control.seen()) == 2 })
	if _, err := p.Dial(context.Background(), "tcp", "replica-0.olmo-eval.internal:80"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dialling a server that starts: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := client(t, p).Respond(ctx, request(0)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestDial(t *testing.T) {
	r := newRun(t, nil)
	p := r.start(t, r.spec())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for addr, ok := range map[string]bool{"replica-0.olmo-eval.internal:80": true, "replica-1.olmo-eval.internal:80": false, ln.Addr().String(): true} {
		c, err := p.Dial(context.Background(), "tcp", addr)
		if (err == nil) != ok {
			t.Errorf("%s: %v", addr, err)
		}
		if err == nil {
			c.Close()
		}
	}
}
