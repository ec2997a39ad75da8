package perf

import (
	"context"
	"slices"

	"olmoeval/eval"
)

// Priced fills in what responses cost. It stands next to the provider, inside
// the layers that retry, copy and cache: what they answer without asking costs
// nothing. A cost that the provider reports itself stays.
type Priced struct {
	Next  eval.Responder
	Price Price
}

var _ eval.Responder = (*Priced)(nil)

// Unwrap is what is priced.
func (p *Priced) Unwrap() eval.Responder { return p.Next }

// Respond asks Next.
func (p *Priced) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	resp, err := p.Next.Respond(ctx, r)
	if resp == nil {
		return nil, err
	}
	switch {
	case slices.Contains(resp.Notes, "reused") || slices.Contains(resp.Notes, "cached"):
		resp.Usage.Cost = 0
	case resp.Usage.Cost == 0:
		resp.Usage.Cost = p.Price.Cost(resp.Usage)
	}
	return resp, err
}
