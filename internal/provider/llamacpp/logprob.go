package llamacpp

import (
	"errors"
	"fmt"
	"math"

	"olmoeval/eval"
)

// logprob is the natural log-probability of a token under logits, and how far
// it lies above the best other token, below 0 if another is more probable. The
// sum is made in 64 bits.
func logprob(logits []float32, id token) (lp, margin float64, err error) {
	if id < 0 || int(id) >= len(logits) {
		return 0, 0, bad("token %d is not in a vocabulary of %d", id, len(logits))
	}
	own, other := logits[id], float32(math.Inf(-1))
	for i, v := range logits {
		if v != v {
			return 0, 0, errNaN
		}
		if v > other && i != int(id) {
			other = v
		}
	}
	best := float64(max(own, other))
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - best)
	}
	lp = float64(own) - best - math.Log(sum)
	margin = float64(own) - float64(other)
	if math.IsInf(lp, 0) || math.IsNaN(lp) || math.IsInf(margin, 0) || math.IsNaN(margin) {
		return 0, 0, bad("token %d has log-probability %v", id, lp)
	}
	return lp, margin, nil
}

// finite refuses logits among which no token could be chosen.
func finite(logits []float32) error {
	top := float32(math.Inf(-1))
	for _, v := range logits {
		if v != v {
			return errNaN
		}
		top = max(top, v)
	}
	if len(logits) == 0 || math.IsInf(float64(top), 0) {
		return errNaN
	}
	return nil
}

func bad(format string, args ...any) error {
	return &eval.Fault{Status: eval.InfraBadResponse, Err: fmt.Errorf("llamacpp: "+format, args...)}
}

var errNaN = &eval.Fault{Status: eval.InfraBadResponse,
	Err: errors.New("llamacpp: the network's output is not a number: a damaged checkpoint, or one that these libraries compute wrongly")}
