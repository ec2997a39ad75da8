package llamacpp

import (
	"context"
	"fmt"

	"olmoeval/eval"
)

// session is a runner and what its sequence 0 holds.
type session struct {
	runner
	kept []token
	buf  []float64 // for sampling
}

// prime has sequence 0 hold ids and returns what is expected behind the last;
// the others are empty. Blocks that it holds already are not computed again.
// The logits are valid until the next decode.
func (s *session) prime(ctx context.Context, ids []token) (logits []float32, cached int, err error) {
	common := 0
	for common < len(ids)-1 && common < len(s.kept) && s.kept[common] == ids[common] {
		common++
	}
	common -= common % block
	if !s.cut(0, common) {
		s.clear()
		common = 0
	}
	s.kept = s.kept[:common]
	batch := make([]entry, 0, min(block, len(ids)-common))
	for from := common; from < len(ids); from += len(batch) {
		if ctx.Err() != nil {
			return nil, 0, stopped(ctx)
		}
		batch = batch[:0]
		for i := from; i < len(ids) && len(batch) < block; i++ {
			batch = append(batch, entry{id: ids[i], pos: i, want: i == len(ids)-1})
		}
		if err := s.decode(batch); err != nil {
			s.reset()
			return nil, 0, err
		}
		s.kept = append(s.kept, ids[from:from+len(batch)]...)
	}
	logits, err = s.logits(len(batch) - 1)
	return logits, common, err
}

// reset forgets all, after a failure.
func (s *session) reset() {
	s.clear()
	s.kept = s.kept[:0]
}

// drop empties the sequences 1 to n.
func (s *session) drop(n int) {
	for seq := 1; seq <= n; seq++ {
		if !s.cut(seq, 0) {
			s.reset()
			return
		}
	}
}

// stopped is the outcome of a request whose context ended.
func stopped(ctx context.Context) error {
	return &eval.Fault{Status: eval.Cancelled, Err: fmt.Errorf("llamacpp: %w", context.Cause(ctx))}
}
