package llamacpp

import (
	"context"
	"fmt"
	"slices"

	"olmoeval/eval"
	"olmoeval/internal/provider/boundary"
)

// scored is one continuation on its way.
type scored struct {
	head, rest []token
	cut        bool
	headless   bool // its first token has nothing before it
	values     []float64
	greedy     bool
	margin     float64 // the least yet
}

// noteHeadless says that a first token without any context was not scored.
const noteHeadless = "first_token=unscored"

// score answers a log-likelihood request.
func (m *loaded) score(ctx context.Context, s *session, r *eval.Request) (*eval.Response, error) {
	items, err := m.items(r)
	if err != nil {
		return nil, err
	}
	resp := &eval.Response{Outputs: make([]eval.Output, len(items)), Attempts: 1}
	for start := 0; start < len(items); {
		end := start + 1
		for end < len(items) && slices.Equal(items[end].head, items[start].head) {
			end++
		}
		if err := s.scoreAll(ctx, items[start:end], resp); err != nil {
			return nil, err
		}
		start = end
	}
	for i := range items {
		it := &items[i]
		l := &eval.Loglik{Tokens: len(it.values), Cut: it.cut, Greedy: &it.greedy}
		if len(it.values) > 0 {
			l.Margin = &it.margin
		}
		for _, v := range it.values {
			l.Sum += v
		}
		if it.headless && !slices.Contains(resp.Notes, noteHeadless) {
			resp.Notes = append(resp.Notes, noteHeadless)
		}
		resp.Outputs[i] = eval.Output{Text: r.Continuations[i], Loglik: l}
	}
	return resp, nil
}

// items finds the tokens of each continuation and cuts contexts that do not
// fit from the left. As where a server scores, one place of the window stays
// free.
func (m *loaded) items(r *eval.Request) ([]scored, error) {
	limit := m.window
	if n := r.MaxLength; n != nil && *n > 0 {
		limit = min(limit, *n)
	}
	seen := map[string][]token{}
	split := boundary.Tokens[token]{Empty: m.empty, Prefix: m.prefix, Separate: m.cfg.Boundary == BoundarySeparate,
		Encode: func(text string) ([]token, error) {
			if ids, ok := seen[text]; ok {
				return ids, nil
			}
			ids, err := m.tokenize(text)
			seen[text] = ids
			return ids, err
		}}
	items := make([]scored, len(r.Continuations))
	for i, continuation := range r.Continuations {
		it := &items[i]
		it.greedy = true
		if continuation == "" {
			continue // nothing to score
		}
		before := r.Context(i)
		if len(r.Messages) > 0 {
			before = r.Messages[0].Content
		}
		head, rest, err := split.Split(before, continuation)
		if err != nil {
			return nil, err
		}
		it.headless = len(head) == 0
		room := limit - 1 - len(rest)
		if room < 0 || room == 0 && !it.headless {
			return nil, &eval.Fault{Status: eval.ContextOverflow,
				Err: fmt.Errorf("a continuation of %d tokens leaves no room for its context in a window of %d", len(rest), limit)}
		}
		if len(head) > room {
			head, it.cut = head[len(head)-room:], true
		}
		if it.headless && len(rest) < 2 {
			return nil, &eval.Fault{Status: eval.ConfigError, Hint: "the checkpoint has no BOS token; use a context",
				Err: fmt.Errorf("continuation %q is one token with nothing before it and cannot be scored", continuation)}
		}
		if it.headless {
			head, rest = rest[:1], rest[1:]
		}
		it.head, it.rest = head, rest
	}
	return items, nil
}

// scoreAll scores continuations of one context, which is computed once.
func (s *session) scoreAll(ctx context.Context, items []scored, resp *eval.Response) error {
	if len(items[0].head) == 0 {
		return nil // empty continuations
	}
	logits, cached, err := s.prime(ctx, items[0].head)
	if err != nil {
		return err
	}
	resp.Usage.CachedTokens += cached
	for i := range items {
		it := &items[i]
		resp.Usage.PromptTokens += len(it.head) + len(it.rest)
		if i > 0 {
			resp.Usage.CachedTokens += len(it.head)
		}
		if len(it.rest) > 0 {
			if err := it.add(logits, it.rest[0]); err != nil {
				return err
			}
		}
	}
	for start := 0; start < len(items); {
		end, room := start, s.cells()-len(items[0].head)
		for end < len(items) && end-start < width && (end == start || len(items[end].rest) <= room) {
			room -= len(items[end].rest)
			end++
		}
		if err := s.branches(ctx, items[start:end]); err != nil {
			return err
		}
		start = end
	}
	return nil
}

// branches scores the tokens behind the first, each continuation in a sequence
// that goes on from the context's.
func (s *session) branches(ctx context.Context, items []scored) (err error) {
	type place struct {
		it   *scored
		next token
	}
	var batch []entry
	var places []place
	flush := func() error {
		if ctx.Err() != nil {
			return stopped(ctx)
		}
		if len(batch) == 0 {
			return nil
		}
		if err := s.decode(batch); err != nil {
			return err
		}
		for i, p := range places {
			logits, err := s.logits(i)
			if err != nil {
				return err
			}
			if err := p.it.add(logits, p.next); err != nil {
				return err
			}
		}
		batch, places = batch[:0], places[:0]
		return nil
	}
	forked := 0
	defer func() {
		if s.drop(forked); err != nil {
			s.reset()
		}
	}()
	for i := range items {
		it := &items[i]
		if len(it.rest) < 2 {
			continue
		}
		forked++
		s.fork(0, forked)
		for k, id := range it.rest[:len(it.rest)-1] {
			if len(batch) == block {
				if err := flush(); err != nil {
					return err
				}
			}
			batch = append(batch, entry{id: id, pos: len(it.head) + k, seq: forked, want: true})
			places = append(places, place{it, it.rest[k+1]})
		}
	}
	return flush()
}

// add scores one more token.
func (it *scored) add(logits []float32, id token) error {
	v, margin, err := logprob(logits, id)
	if err != nil {
		return err
	}
	if len(it.values) == 0 || margin < it.margin {
		it.margin = margin
	}
	it.values, it.greedy = append(it.values, v), it.greedy && margin >= 0
	return nil
}
