package openai

import (
	"container/list"
	"context"
	"fmt"
	"slices"
	"sync"

	"olmoeval/eval"
	"olmoeval/internal/provider/boundary"
	"olmoeval/internal/provider/httpapi"
	"olmoeval/internal/provider/wire"
)

// tokenCache remembers what /tokenize said: contexts repeat.
type tokenCache struct {
	mu    sync.Mutex
	byKey map[tokenKey]*list.Element // of *tokenEntry
	order list.List                  // most recently used first
	size  int
}

type tokenKey struct {
	text    string
	special bool
}

type tokenEntry struct {
	key tokenKey
	ids []int
}

// cacheBytes bounds the cache, about.
const cacheBytes = 48 << 20

func (t *tokenCache) get(k tokenKey) ([]int, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.byKey[k]
	if !ok {
		return nil, false
	}
	t.order.MoveToFront(e)
	return e.Value.(*tokenEntry).ids, true
}

func (t *tokenCache) put(k tokenKey, ids []int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.byKey[k]; ok {
		return
	}
	if t.byKey == nil {
		t.byKey = map[tokenKey]*list.Element{}
	}
	e := &tokenEntry{k, ids}
	t.byKey[k] = t.order.PushFront(e)
	t.size += e.size()
	for t.size > cacheBytes {
		old := t.order.Remove(t.order.Back()).(*tokenEntry)
		delete(t.byKey, old.key)
		t.size -= old.size()
	}
}

func (e *tokenEntry) size() int { return 160 + len(e.key.text) + 8*len(e.ids) }

// tokenize asks the server for the ids of a text. The result is shared: it
// must not be edited.
func (c *Client) tokenize(ctx context.Context, text string, special bool) ([]int, error) {
	k := tokenKey{text, special}
	if ids, ok := c.tokens.get(k); ok {
		return ids, nil
	}
	e := c.pick()
	defer c.leave(e)
	b := make([]byte, 0, len(c.body.head)+len(text)+len(text)/8+64)
	b = append(b, c.body.head...)
	b = wire.AppendString(append(b, `,"prompt":`...), text)
	if special {
		b = append(b, `,"add_special_tokens":true}`...)
	} else {
		b = append(b, `,"add_special_tokens":false}`...)
	}
	buf, err := c.post(ctx, e, e.tokenize, b)
	if err != nil {
		return nil, err
	}
	defer httpapi.Release(buf)
	ids, err := readIDs(buf.Bytes())
	if err != nil {
		return nil, badResponse("%s: %w", e.tokenize.Redacted(), err)
	}
	c.tokens.put(k, ids)
	return ids, nil
}

// readIDs finds the list of whole numbers under "tokens".
func readIDs(body []byte) ([]int, error) {
	ids, found := []int(nil), false
	bad := false
	s := wire.NewScanner(body)
	s.Object(func(key []byte) {
		if string(key) != "tokens" || s.Peek() != '[' {
			s.Skip()
			return
		}
		found = true
		ids = make([]int, 0, 64)
		s.Array(func(int) {
			v, ok := s.Number()
			id := int(v)
			bad = bad || !ok || float64(id) != v || id < 0
			ids = append(ids, id)
		})
	})
	if err := s.End(); err != nil {
		return nil, err
	}
	if !found || bad {
		return nil, fmt.Errorf("no list of token ids")
	}
	return ids, nil
}

// split finds the token ids of a context and a continuation.
func (c *Client) split(ctx context.Context, f *facts, context, continuation string) (head, rest []int, err error) {
	return boundary.Tokens[int]{Empty: f.empty, Prefix: f.bos, Separate: c.cfg.Boundary == BoundarySeparate,
		Encode: func(text string) ([]int, error) { return c.tokenize(ctx, text, false) }}.Split(context, continuation)
}

var _ eval.Tokenizer = (*Client)(nil)

// Tokenize asks the server's /tokenize, which not all servers have.
func (c *Client) Tokenize(ctx context.Context, text string, special bool) ([]int, error) {
	ids, err := c.tokenize(ctx, text, special)
	return slices.Clone(ids), err
}
