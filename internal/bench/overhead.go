package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/bench/chaos"
	"olmoeval/internal/provider/layer"
	"olmoeval/internal/provider/openai"
)

// overhead compares our client, under all layers, with a bare load generator
// that sends the same bodies, ready made, over one http.Transport and reads the
// answers without looking at them. The server is a process of its own on the
// same cores; the processor time is that of this process.
func overhead(bin string, rounds int) error {
	url, stop, err := mockServer(bin)
	if err != nil {
		return err
	}
	defer stop()
	for _, m := range []traffic{{512, false}, {2000, false}, {512, true}} {
		if err := m.measure(url, rounds); err != nil {
			return err
		}
	}
	return nil
}

// traffic is how many requests wait at a time, and whether answers carry the
// log-probabilities of their tokens, which a run asks for only when told to.
type traffic struct {
	inFlight int
	logprobs bool
}

func (m traffic) measure(url string, rounds int) error {
	const n = 20_000
	reqs := generations(n)
	bare, done := generator(url, reqs, m.logprobs)
	defer done()
	ours, end, err := m.client(url, reqs)
	if err != nil {
		return err
	}
	defer end()
	var best, mine pace
	for range rounds {
		a, err := load(m.inFlight, n, bare)
		if err != nil {
			return err
		}
		b, err := load(m.inFlight, n, ours())
		if err != nil {
			return err
		}
		best, mine = best.better(a), mine.better(b)
	}
	what := fmt.Sprintf("client at %d in flight", m.inFlight)
	if m.logprobs {
		what += ", logprobs"
	}
	fmt.Printf("%-42s %7.0f /s of a bare generator's %.0f: ratio %.2f  (claim: at least 0.70)\n", what, mine.rate, best.rate, mine.rate/best.rate)
	fmt.Printf("%-42s %7.1f µs a request, the generator %.1f  (claim: under 100)\n", "  its processor time", mine.cpu, best.cpu)
	return nil
}

// pace is calls a second, and microseconds of this process's processor time a
// call.
type pace struct{ rate, cpu float64 }

// better is the quicker of two.
func (p pace) better(q pace) pace {
	if q.rate > p.rate {
		return q
	}
	return p
}

// load calls send for 0 to n-1 from inFlight goroutines.
func load(inFlight, n int, send func(i int) error) (pace, error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	var once sync.Once
	var failure error
	spent, begin := cpu(), time.Now()
	for range inFlight {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := send(i); err != nil {
					once.Do(func() { failure = err })
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(begin)
	return pace{float64(n) / took.Seconds(), (cpu() - spent).Seconds() * 1e6 / float64(n)}, failure
}

// cpu is the processor time of this process so far.
func cpu() time.Duration {
	var ru syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &ru) != nil {
		return 0
	}
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}

// mockServer starts the program's mock-server and returns its URL.
func mockServer(bin string) (url string, stop func(), err error) {
	cmd := exec.Command(bin, "mock-server", "--model", "mock")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("mock-server: %w", err)
	}
	return strings.TrimSpace(line), stop, nil
}

// generations are requests with prompts of five worked examples, all different.
func generations(n int) []*eval.Request {
	shots := strings.Repeat("Question: which of these is the one that is meant?\nAnswer: the second, as it says so.\n\n", 5)
	out := make([]*eval.Request, n)
	for i := range out {
		out[i] = &eval.Request{Type: eval.Completion, Prompt: fmt.Sprintf("%sQuestion: number %d?\nAnswer:", shots, i)}
	}
	return out
}

func generator(url string, reqs []*eval.Request, logprobs bool) (send func(i int) error, done func()) {
	transport := &http.Transport{MaxIdleConnsPerHost: 4096, DisableCompression: true}
	more := ""
	if logprobs {
		more = `"logprobs":1,`
	}
	bodies := make([][]byte, len(reqs))
	for i, r := range reqs {
		bodies[i] = fmt.Appendf(nil, `{"model":"mock","prompt":%q,%s"add_special_tokens":false,"n":1,"temperature":0}`, r.Prompt, more)
	}
	send = func(i int) error {
		req, err := http.NewRequest(http.MethodPost, url+"/completions", bytes.NewReader(bodies[i]))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := transport.RoundTrip(req)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if err == nil && resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("the mock server answers %s", resp.Status)
		}
		return err
	}
	return send, transport.CloseIdleConnections
}

// client gives, for each round, our client under fresh layers, so that no answer
// is remembered from the round before.
func (m traffic) client(url string, reqs []*eval.Request) (ours func() func(i int) error, end func(), err error) {
	c, err := openai.New(openai.Config{BaseURLs: []string{url}, Model: "mock", Logprobs: &m.logprobs})
	if err != nil {
		return nil, nil, err
	}
	ours = func() func(i int) error {
		stack := layer.Stack{Group: &layer.Group{Start: m.inFlight, Max: m.inFlight}}.Round(c)
		return func(i int) error {
			_, err := stack.Respond(context.Background(), reqs[i])
			return err
		}
	}
	return ours, func() { _ = c.Close() }, nil
}

// storm sends 100,000 requests to a server that fails often.
func storm() error {
	rep, err := chaos.Run(context.Background(), chaos.Plan{Requests: 100_000, Workers: 256, Start: 64, Attempt: time.Second, Calm: 10_000})
	if err != nil {
		return err
	}
	text := strings.ReplaceAll(rep.String(), "\n", "\n"+strings.Repeat(" ", 43))
	fmt.Printf("%-42s %s\n", "100,000 requests, 13 % of attempts fail", text)
	if rep.Failed > 0 {
		return fmt.Errorf("%d requests failed, the first: %s", rep.Failed, rep.FirstError)
	}
	return nil
}
