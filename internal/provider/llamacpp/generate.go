package llamacpp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"olmoeval/eval"
)

// sample is one answer on its way.
type sample struct {
	*sampler
	seq      int
	text     strings.Builder
	tokens   []eval.TokenLogprob
	count    int
	last     token
	finished string // the finish reason, "" while it goes on
	end      int    // where a stop sequence begins in text, -1 without
}

// generate answers a completion or a chat.
func (m *loaded) generate(ctx context.Context, s *session, r *eval.Request) (*eval.Response, error) {
	ids, err := m.prompt(r)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, &eval.Fault{Status: eval.ConfigError, Err: errors.New("llamacpp: the prompt has no tokens, and the checkpoint no BOS token to stand for it")}
	}
	room := m.window - len(ids)
	if room < 1 {
		return nil, &eval.Fault{Status: eval.ContextOverflow,
			Err: fmt.Errorf("a prompt of %d tokens leaves no room for an answer in a window of %d", len(ids), m.window)}
	}
	most := room
	if n := r.Sampling.MaxTokens; n != nil {
		most = min(room, max(0, *n))
	}
	start := time.Now()
	resp := &eval.Response{Outputs: make([]eval.Output, r.Sampling.Samples()), Attempts: 1}
	together := max(1, min(width, (s.cells()-len(ids))/max(1, most)))
	for k := 0; k < len(resp.Outputs); k += together {
		outputs := resp.Outputs[k:min(len(resp.Outputs), k+together)]
		if err := m.group(ctx, s, r, ids, most, k, outputs, resp, start); err != nil {
			return nil, err
		}
	}
	resp.Usage.PromptTokens = len(ids)
	return resp, nil
}

// group makes the samples from number first on, side by side.
func (m *loaded) group(ctx context.Context, s *session, r *eval.Request, ids []token, most, first int, outputs []eval.Output, resp *eval.Response, start time.Time) (err error) {
	logits, cached, err := s.prime(ctx, ids)
	if err != nil {
		return err
	}
	if first == 0 {
		resp.Usage.CachedTokens = cached
	}
	defer func() {
		if s.drop(len(outputs)); err != nil {
			s.reset()
		}
	}()
	all := make([]*sample, len(outputs))
	for i := range all {
		all[i] = &sample{sampler: newSampler(&r.Sampling, first+i, ids, s.buf), seq: 1 + i, end: -1}
		if most == 0 {
			all[i].finished = "length"
			continue
		}
		if err := m.step(all[i], logits, r, most); err != nil {
			return err
		}
		s.buf = all[i].work
		s.fork(0, all[i].seq)
	}
	if resp.Timing.First == 0 {
		resp.Timing.First = milliseconds(time.Since(start))
	}
	if err := m.lockstep(ctx, s, all, len(ids), r, most); err != nil {
		return err
	}
	for i, a := range all {
		outputs[i] = a.output()
		resp.Usage.CompletionTokens += a.count
	}
	return nil
}

// lockstep adds a token to every sample that goes on, until none does.
func (m *loaded) lockstep(ctx context.Context, s *session, all []*sample, prompt int, r *eval.Request, most int) error {
	for {
		var batch []entry
		var going []*sample
		for _, a := range all {
			if a.finished == "" {
				batch = append(batch, entry{id: a.last, pos: prompt + a.count - 1, seq: a.seq, want: true})
				going = append(going, a)
			}
		}
		if len(going) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return stopped(ctx)
		}
		if err := s.decode(batch); err != nil {
			return err
		}
		for i, a := range going {
			logits, err := s.logits(i)
			if err != nil {
				return err
			}
			a.work = s.buf // one buffer serves all: samples take turns
			if err := m.step(a, logits, r, most); err != nil {
				return err
			}
			s.buf = a.work
		}
	}
}

// step draws a token for a sample and sees whether it is the last.
func (m *loaded) step(a *sample, logits []float32, r *eval.Request, most int) error {
	if err := finite(logits); err != nil {
		return err
	}
	a.last = a.next(logits)
	a.count++
	if m.ends(a.last) {
		a.finished = "stop"
		return nil
	}
	piece := m.piece(a.last, false)
	if m.logprobs {
		v, _, err := logprob(logits, a.last)
		if err != nil {
			return err
		}
		a.tokens = append(a.tokens, eval.TokenLogprob{Token: strings.ToValidUTF8(piece, "\ufffd"), Logprob: v})
	}
	before := a.text.Len()
	a.text.WriteString(piece)
	stops := m.stops(r)
	if a.end = firstStop(a.text.String(), before, stops); a.end >= 0 {
		a.finished = "stop"
	} else if piece == "" && slices.Contains(stops, m.piece(a.last, true)) {
		a.finished = "stop" // a special token, given as a stop sequence
	} else if a.count >= most {
		a.finished = "length"
	}
	return nil
}

// stops are the stop sequences of a request.
func (m *loaded) stops(r *eval.Request) []string {
	list := r.Sampling.Stop
	if e := m.cfg.EOS; e != "" && r.Type == eval.Completion && !slices.Contains(list, e) {
		list = append(list[:len(list):len(list)], e)
	}
	return list
}

// firstStop is where the first stop sequence begins that ends behind from, -1
// if there is none.
func firstStop(text string, from int, stops []string) int {
	first := -1
	for _, stop := range stops {
		if stop == "" {
			continue
		}
		begin := max(0, from-len(stop)+1)
		if i := strings.Index(text[begin:], stop); i >= 0 && (first < 0 || begin+i < first) {
			first = begin + i
		}
	}
	return first
}

func (a *sample) output() eval.Output {
	text := a.text.String()
	if a.end >= 0 {
		text = text[:a.end]
	}
	return eval.Output{Text: strings.ToValidUTF8(text, "\ufffd"), FinishReason: a.finished, Logprobs: a.tokens}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
