package cli

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"olmoeval/eval"
)

// late is a provider that is begun when it is first asked what it can do: until
// then nothing is downloaded and no server is started, so that a plan that is
// refused, or has nothing to ask, costs nothing.
type late struct {
	model eval.Model
	begin func(context.Context) (*begun, error)

	mu  sync.Mutex
	err error
	now atomic.Pointer[begun]
}

// begun is what a late provider became.
type begun struct {
	eval.Provider
	// ask answers requests: the provider, or a layer of what runs it.
	ask eval.Responder
	// end is called after the provider was closed; may be nil.
	end func() error
}

var (
	_ eval.Provider  = (*late)(nil)
	_ eval.Tokenizer = (*late)(nil)
)

// Model is known before it is begun.
func (l *late) Model() eval.Model { return l.model }

// Caps begins it, once, and asks.
func (l *late) Caps(ctx context.Context) (eval.Caps, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return eval.Caps{}, l.err
	}
	b := l.now.Load()
	if b == nil {
		var err error
		if b, err = l.begin(ctx); err != nil {
			if ctx.Err() == nil {
				l.err = err
			}
			return eval.Caps{}, err
		}
		l.now.Store(b)
	}
	return b.Provider.Caps(ctx)
}

var errNotBegun = errors.New("the model was asked before it was ready")

// Respond asks what was begun.
func (l *late) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	if b := l.now.Load(); b != nil {
		return b.ask.Respond(ctx, r)
	}
	return nil, errNotBegun
}

// Tokenize asks what was begun, if it knows its tokens.
func (l *late) Tokenize(ctx context.Context, text string, special bool) ([]int, error) {
	b := l.now.Load()
	if b == nil {
		return nil, errNotBegun
	}
	t, ok := b.Provider.(eval.Tokenizer)
	if !ok {
		return nil, errors.New("the model does not tell its tokens")
	}
	return t.Tokenize(ctx, text, special)
}

// Close ends what was begun.
func (l *late) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = errNotBegun
	b := l.now.Load()
	if b == nil {
		return nil
	}
	err := b.Provider.Close()
	if b.end != nil {
		err = errors.Join(err, b.end())
	}
	return err
}
