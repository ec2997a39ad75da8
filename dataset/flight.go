package dataset

import (
	"context"

	"olmoeval/internal/nearest"
)

// flight is work done once for all who ask for it at the same time, and kept
// when it succeeded.
type flight struct {
	turn  chan struct{} // holds one token: whoever takes it works
	done  bool
	value any
}

// shared does the work of key once. A failure is not kept: the next caller
// tries again.
func shared[T any](ctx context.Context, s *Store, key string, work func(context.Context) (T, error)) (T, error) {
	s.mu.Lock()
	f := s.once[key]
	if f == nil {
		f = &flight{turn: make(chan struct{}, 1)}
		f.turn <- struct{}{}
		s.once[key] = f
	}
	s.mu.Unlock()
	select {
	case <-ctx.Done():
		var zero T
		return zero, ctx.Err()
	case <-f.turn:
		defer func() { f.turn <- struct{}{} }()
	}
	if f.done {
		return f.value.(T), nil
	}
	v, err := work(ctx)
	if err == nil {
		f.value, f.done = v, true
	}
	return v, err
}

func hint(name string, known []string) string { return nearest.Hint(name, known) }
