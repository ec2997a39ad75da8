package prompt

import (
	"olmoeval/eval"
	"olmoeval/internal/pyrand"
)

// OwnSplit is the part of a formatter whose worked examples are drawn from the
// questions that are asked, so that no question stands among its own examples.
// Embed it beside the formatter and let Prepare call [OwnSplit.Spread].
type OwnSplit struct {
	// LeaveOut draws one example more than are shown; each question sees the
	// first of them that do not have its id.
	LeaveOut bool `json:"leave_out"`
}

// DrawShots chooses the worked examples among n rows where k are asked for:
// their indices, in order. With LeaveOut there is one more, if there are rows.
func (p *OwnSplit) DrawShots(n, k int, seed int64) []int {
	if p.LeaveOut {
		k++
	}
	return pyrand.New(seed).Sample(n, min(k, n))
}

// Spread prepares the examples once for each of them that may be the question's
// own, and once for all other questions. Without LeaveOut it is prepare itself.
func (p *OwnSplit) Spread(shots []*eval.Instance, prepare func([]*eval.Instance) (eval.Renderer, error)) (eval.Renderer, error) {
	if !p.LeaveOut || len(shots) == 0 {
		return prepare(shots)
	}
	k := len(shots) - 1
	others, err := prepare(shots[:k])
	if err != nil {
		return nil, err
	}
	own := map[string]eval.Renderer{}
	for _, shot := range shots[:k] { // without the last, the rest is what others see
		id := shot.OwnID()
		if id == "" || own[id] != nil {
			continue
		}
		if own[id], err = prepare(without(shots, id, k)); err != nil {
			return nil, err
		}
	}
	return func(in *eval.Instance) (*eval.Request, error) {
		render := others
		if r, ok := own[in.OwnID()]; ok {
			render = r
		}
		req, err := render(in)
		if req != nil {
			req.Shared = 0 // the examples depend on the question
		}
		return req, err
	}, nil
}

// without is the first k examples that do not have the id.
func without(shots []*eval.Instance, id string, k int) []*eval.Instance {
	var rest []*eval.Instance
	for _, shot := range shots {
		if shot.OwnID() != id && len(rest) < k {
			rest = append(rest, shot)
		}
	}
	return rest
}
