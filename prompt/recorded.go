package prompt

import (
	"errors"
	"slices"

	"olmoeval/eval"
)

// Recorded sends requests that were written out beforehand: the one that
// [Record] put beside each instance.
type Recorded struct{}

var _ eval.Formatter = (*Recorded)(nil)

// RequestType is [eval.Loglikelihood].
func (*Recorded) RequestType() eval.RequestType { return eval.Loglikelihood }

// Prepare takes no worked examples: they are in the requests.
func (*Recorded) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	if len(shots) > 0 {
		return nil, errors.New("recorded requests hold their worked examples; set num_fewshot=0")
	}
	return func(in *eval.Instance) (*eval.Request, error) {
		r, ok := in.Metadata[recordedKey].(recorded)
		if !ok {
			return nil, errors.New("the instance has no recorded request")
		}
		req := r.Request
		req.Continuations = slices.Clone(req.Continuations)
		return &req, nil
	}, nil
}

const recordedKey = "_request"

// recorded is a request that travels with an instance and is not written with
// it: as JSON it is null.
type recorded struct{ eval.Request }

// MarshalJSON is null.
func (recorded) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// Record puts a request beside an instance.
func Record(in *eval.Instance, r eval.Request) { in.Metadata[recordedKey] = recorded{r} }
