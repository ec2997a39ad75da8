package layer

import (
	"context"
	"fmt"
	"unicode/utf8"

	"olmoeval/eval"
)

// Truncate cuts the prompt of a completion that does not fit the window from the
// left, at a character, and asks again. A chat has no left to cut and stays a
// fault; log-likelihoods are cut by the providers themselves.
type Truncate struct {
	Next   eval.Responder
	Tokens eval.Tokenizer
	// Window is in tokens; it is asked for when a request did not fit.
	Window func() int
}

var _ eval.Responder = (*Truncate)(nil)

// Respond asks Next; an answer to a prompt that was cut has the note "cut_left=N",
// N being the bytes left out.
func (t *Truncate) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	resp, err := t.Next.Respond(ctx, r)
	if err == nil || eval.FaultOf(err).Status != eval.ContextOverflow || r.Type != eval.Completion || len(r.Messages) > 0 {
		return resp, err
	}
	from, cerr := t.cut(ctx, r)
	if cerr != nil {
		return nil, cerr
	}
	if from == 0 {
		return nil, err
	}
	short := *r
	short.Prompt, short.Shared = r.Prompt[from:], 0
	resp, err = t.Next.Respond(ctx, &short)
	if err != nil {
		return nil, err
	}
	resp.Notes = append(resp.Notes, fmt.Sprintf("cut_left=%d", from))
	return resp, nil
}

// cut finds from where the prompt fits beside the answer; 0 if that is not known.
// Where the answer has no bound, half of the window is left to it.
func (t *Truncate) cut(ctx context.Context, r *eval.Request) (from int, err error) {
	window := t.Window()
	if window <= 0 {
		return 0, nil
	}
	room := window / 2
	if m := r.Sampling.MaxTokens; m != nil {
		room = window - *m
	}
	room-- // a BOS token
	if room <= 0 {
		return 0, nil
	}
	for range 64 {
		ids, err := t.Tokens.Tokenize(ctx, r.Prompt[from:], false)
		if err != nil {
			return 0, err
		}
		over := len(ids) - room
		if over <= 0 {
			return from, nil
		}
		left := len(r.Prompt) - from
		from += max(1, left*over/len(ids))
		for from < len(r.Prompt) && !utf8.RuneStart(r.Prompt[from]) {
			from++
		}
		if from >= len(r.Prompt) {
			return 0, nil
		}
	}
	return 0, nil
}

// Unwrap is Next.
func (t *Truncate) Unwrap() eval.Responder { return t.Next }
