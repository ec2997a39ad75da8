package openai

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"olmoeval/eval"
	"olmoeval/internal/provider/boundary"
	"olmoeval/internal/provider/httpapi"
	"olmoeval/internal/provider/wire"
)

// noteOffset says how the boundary was found.
const noteOffset = "boundary=text_offset"

// scoreByEcho has the items scored as texts: the server repeats each prompt
// with the log-probabilities of its tokens.
func (c *Client) scoreByEcho(ctx context.Context, items []scored, resp *eval.Response) error {
	resp.Notes = append(resp.Notes, noteOffset)
	yes := true
	for start := 0; start < len(items); {
		end := min(len(items), start+maxPrompts)
		if c.quirks.Has(onePrompt) {
			end = start + 1
		}
		var texts []string
		var which []int
		for i := start; i < end; i++ {
			if items[i].continuation == "" {
				resp.Outputs[i].Loglik = &eval.Loglik{Greedy: &yes}
				continue
			}
			texts, which = append(texts, items[i].context+items[i].continuation), append(which, i)
		}
		if len(texts) > 0 {
			again, err := c.echoCall(ctx, texts, which, items, resp)
			if err != nil {
				return err
			}
			if again {
				continue
			}
		}
		start = end
	}
	return nil
}

func (c *Client) echoCall(ctx context.Context, texts []string, which []int, items []scored, resp *eval.Response) (again bool, err error) {
	e := c.pick()
	defer c.leave(e)
	buf, err := c.post(ctx, e, e.completions, c.body.echoing(texts))
	if err != nil {
		var problem *httpapi.StatusError
		if len(texts) > 1 && asStatus(err, &problem) && (problem.Code == 400 || problem.Code == 422) &&
			eval.FaultOf(err).Status == eval.ConfigError && c.quirks.Set(onePrompt) {
			return true, nil
		}
		return false, err
	}
	var rep reply
	err = httpapi.Decode(buf.Bytes(), &rep)
	httpapi.Release(buf)
	if err == nil && len(texts) > 1 && len(rep.Choices) == 1 && c.quirks.Set(onePrompt) {
		return true, nil
	}
	if err == nil {
		err = rep.check(len(texts))
	}
	if err != nil {
		return false, err
	}
	for i := range rep.Choices {
		ch := &rep.Choices[i]
		k := which[ch.Index]
		if ch.Logprobs.Null() {
			return false, badResponse("%w", errNoEcho)
		}
		t, err := readEcho(ch.Logprobs, texts[ch.Index], boundary.StripRight(items[k].context))
		if err != nil {
			return false, badResponse("echo: %w", err)
		}
		if err := t.into(&resp.Outputs[k], &items[k], resp); err != nil {
			return false, err
		}
	}
	resp.Usage = resp.Usage.Add(rep.Usage.eval())
	return false, nil
}

// readEcho sums the tokens of an echoed prompt that end after the context; one
// that spans the boundary is the continuation's.
func readEcho(b []byte, prompt, context string) (tail, error) {
	t := tail{greedy: true, ranked: true}
	st, err := readSteps(b)
	if err != nil {
		return t, err
	}
	starts, err := offsets(b, st.tokens, prompt)
	if err != nil {
		return t, err
	}
	covered := 0
	for i := range st.tokens {
		if starts[i] >= len(prompt) {
			break // generated
		}
		covered = starts[i+1]
		if starts[i+1] <= len(context) {
			continue
		}
		if st.logprobs[i] == nil {
			if i > 0 {
				return t, fmt.Errorf("no log-probability at token %d", i)
			}
			t.headless = true
			continue
		}
		p := *st.logprobs[i]
		t.sum += p
		t.tokens++
		switch {
		case i >= len(st.best) || st.best[i] == nil:
			t.ranked, t.margin.lost = false, true
		case p+1e-6 >= *st.best[i]:
			t.margin.open = true // the best is the token itself
		default:
			t.greedy = false
			t.margin.add(p - *st.best[i])
		}
	}
	if covered < len(prompt) {
		return t, fmt.Errorf("the prompt's last %d bytes have no tokens", len(prompt)-covered)
	}
	if t.tokens == 0 && !t.headless {
		return t, errNoEcho
	}
	return t, nil
}

// offsets is where each token begins, in bytes, and the end of the last. Where
// the tokens' texts make up the prompt they say it themselves; else the
// server's text_offset does, which counts characters.
func offsets(b []byte, tokens []string, prompt string) ([]int, error) {
	out := make([]int, 1, len(tokens)+1)
	joined := strings.Join(tokens, "")
	if strings.HasPrefix(joined, prompt) {
		for i, t := range tokens {
			out = append(out, out[i]+len(t))
		}
		return out, nil
	}
	var given []int
	s := wire.NewScanner(b)
	s.Object(func(key []byte) {
		if string(key) != "text_offset" || s.Peek() != '[' {
			s.Skip()
			return
		}
		s.Array(func(int) { v, _ := s.Number(); given = append(given, int(v)) })
	})
	if s.End() != nil || len(given) != len(tokens) || len(given) == 0 || given[0] != 0 {
		return nil, errNoEcho
	}
	out = out[:0]
	at, chars := 0, 0
	for i, o := range given {
		if i > 0 && o < given[i-1] {
			return nil, fmt.Errorf("text_offset falls at token %d", i)
		}
		for chars < o && at < len(prompt) {
			_, n := utf8.DecodeRuneInString(prompt[at:])
			at += n
			chars++
		}
		out = append(out, at)
	}
	return append(out, len(prompt)), nil
}
