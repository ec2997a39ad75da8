package mockserver_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"olmoeval/eval"
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
