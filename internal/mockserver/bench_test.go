package mockserver_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/layer"
	"olmoeval/internal/provider/openai"
)

// inFlight is how many requests wait at a time in the benchmarks.
const inFlight = 512

// load calls send n times from inFlight goroutines and returns calls a second.
func load(b *testing.B, n int, send func(i int) error) float64 {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range inFlight {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := send(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return float64(n) / time.Since(start).Seconds()
}

// generations are requests with prompts of five shots.
func generations(n int) []*eval.Request {
	shots := strings.Repeat("Question: which of these is the one that is meant?\nAnswer: the second, as it says so.\n\n", 5)
	out := make([]*eval.Request, n)
	for i := range out {
		in := &eval.Instance{Question: fmt.Sprint(i), Gold: fmt.Sprint(i)}
		out[i] = &eval.Request{Type: eval.Completion, Prompt: fmt.Sprintf("%sQuestion: number %d?\nAnswer:", shots, i),
			Origin: &eval.Origin{Instance: in, Digest: eval.ItemDigest(in)}}
	}
	return out
}

// BenchmarkClientOverhead compares the client with a bare load generator that
// sends the same bodies, ready made, over one http.Transport and reads the
// answers without looking at them; server, client and generator share the
// cores. The metric "ratio" is the share of the generator's rate that the
// client keeps; "ratio-with-layers" is what it keeps under all layers.
func BenchmarkClientOverhead(b *testing.B) {
	reqs := generations(2048)
	const n, rounds = 20000, 3
	_, _, url := start(b, "mock:oracle", reqs...)
	c := client(b, url, func(c *openai.Config) { c.Model = "mock" })
	transport := &http.Transport{MaxIdleConnsPerHost: 2 * inFlight, DisableCompression: true}
	defer transport.CloseIdleConnections()
	bodies := make([][]byte, len(reqs))
	for i, r := range reqs {
		bodies[i] = fmt.Appendf(nil, `{"model":"mock","prompt":%q,"logprobs":1,"add_special_tokens":false,"n":1,"temperature":0}`, r.Prompt)
	}
	bare := func(i int) error {
		req, err := http.NewRequest(http.MethodPost, url+"/v1/completions", bytes.NewReader(bodies[i%len(bodies)]))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := transport.RoundTrip(req)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		return err
	}
	ours := func(i int) error {
		_, err := c.Respond(context.Background(), reqs[i%len(reqs)])
		return err
	}
	stack := &layer.Once{Bytes: 1 << 12, Next: &layer.Retry{Next: &layer.Limit{Start: inFlight, Next: &layer.Timeout{Next: c}}}}
	layered := func(i int) error {
		_, err := stack.Respond(context.Background(), reqs[i%len(reqs)])
		return err
	}
	load(b, inFlight*2, bare)
	load(b, inFlight*2, ours)
	for b.Loop() {
		var fast, mine, whole float64
		for range rounds {
			fast = max(fast, load(b, n, bare))
			mine = max(mine, load(b, n, ours))
			whole = max(whole, load(b, n, layered))
		}
		b.ReportMetric(fast, "bare/s")
		b.ReportMetric(mine, "client/s")
		b.ReportMetric(mine/fast, "ratio")
		b.ReportMetric(whole/fast, "ratio-with-layers")
	}
}

// BenchmarkScoring is what four continuations of a five-shot context cost,
// with a new context each time.
func BenchmarkScoring(b *testing.B) {
	reqs := generations(4096)
	for i, r := range reqs {
		r.Type = eval.Loglikelihood
		r.Continuations = []string{" red", " green", " blue", fmt.Sprint(" ", i)}
	}
	_, _, url := start(b, "mock:oracle", reqs...)
	c := client(b, url, func(c *openai.Config) { c.Model = "mock" })
	for b.Loop() {
		b.ReportMetric(load(b, len(reqs), func(i int) error {
			_, err := c.Respond(context.Background(), reqs[i])
			return err
		}), "requests/s")
	}
}
