package gemini

import (
	"context"
	"time"

	"olmoeval/internal/provider/httpapi"
)

// stream sends a body for one sample and joins the chunks of the answer. A
// stream that ends before its sample does is a fault.
func (c *Client) stream(ctx context.Context, body []byte, into *reply) error {
	err := c.http.Stream(ctx, c.call, body, func(data []byte) (bool, error) {
		var chunk reply
		if err := httpapi.Decode(data, &chunk); err != nil {
			return false, err
		}
		return true, into.add(&chunk)
	}, into)
	if err != nil {
		return err
	}
	if len(into.Candidates) == 1 && into.Candidates[0].FinishReason == "" {
		return httpapi.EarlyEnd()
	}
	return nil
}

// add joins a chunk to what came before it.
func (r *reply) add(chunk *reply) error {
	if chunk.Usage != nil {
		r.Usage = chunk.Usage // the counts grow; the last is the sum
	}
	if chunk.Feedback != nil {
		r.Feedback = chunk.Feedback
	}
	if len(chunk.Candidates) == 0 {
		return nil
	}
	if len(chunk.Candidates) > 1 {
		return httpapi.BadResponse("%d candidates in a stream of one", len(chunk.Candidates))
	}
	if r.first.IsZero() {
		r.first = time.Now()
	}
	if r.Candidates == nil {
		r.Candidates = []candidate{{}}
	}
	have, more := &r.Candidates[0], &chunk.Candidates[0]
	have.Content.Parts = append(have.Content.Parts, more.Content.Parts...)
	if more.FinishReason != "" {
		have.FinishReason = more.FinishReason
	}
	if more.Logprobs != nil {
		if have.Logprobs == nil {
			have.Logprobs = &logprobs{}
		}
		have.Logprobs.Chosen = append(have.Logprobs.Chosen, more.Logprobs.Chosen...)
		have.Logprobs.Top = append(have.Logprobs.Top, more.Logprobs.Top...)
	}
	return nil
}
