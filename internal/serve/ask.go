package serve

import (
	"context"
	"errors"
	"fmt"
	"time"

	"olmoeval/eval"
)

// Responder is a layer round the client of the pool's servers: a request that
// failed because a server died is asked again when one is ready, without its
// caller knowing; all other failures pass. Put it within what retries, limits
// and counts, and round what bounds one attempt. A request is answered once: it
// is asked again only when it was not.
func (p *Pool) Responder(next eval.Responder) eval.Responder { return &asker{p, next} }

var _ eval.Responder = (*asker)(nil)

type asker struct {
	pool *Pool
	next eval.Responder
}

// deathsOfOne is how many deaths one request may meet: one that kills each
// server it is sent to must not do so for ever.
const deathsOfOne = 6

// Respond asks until there is an answer or a failure that is not the death of a
// server.
func (a *asker) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	met := 0
	pause := 5 * time.Millisecond
	for {
		deaths, err := a.pool.await(ctx)
		if err != nil {
			return nil, err
		}
		resp, err := a.next.Respond(ctx, r)
		if err == nil {
			return resp, nil
		}
		if ctx.Err() != nil || !transport(err) {
			return nil, err
		}
		var down *DownError
		if errors.As(err, &down) {
			// It was not sent. The client now asks another server, or await waits;
			// but one that knows several as down may choose this again.
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return nil, err
			}
			pause = min(2*pause, time.Second)
			continue
		}
		died, cerr := a.pool.diedSince(ctx, deaths)
		if cerr != nil || !died {
			return nil, err
		}
		if met++; met >= deathsOfOne {
			return nil, &eval.Fault{Status: eval.InfraServerDown, Err: fmt.Errorf("the server died %d times while it had this request: %w", met, err)}
		}
	}
}

// transport reports whether a failure may be the death of a server.
func transport(err error) bool {
	f := eval.FaultOf(err)
	return !f.Abort && (f.Status == eval.InfraNetwork || f.Status == eval.InfraServerDown)
}

// diedSince reports whether a server died since there were so many deaths. A
// connection breaks before the death of its server is noticed, so servers that
// seem to run are asked.
func (p *Pool) diedSince(ctx context.Context, deaths int) (bool, error) {
	now := time.Now()
	for _, r := range p.replicas {
		p.mu.Lock()
		died := p.deaths != deaths
		p.mu.Unlock()
		if died {
			return true, nil
		}
		if _, err := r.alive(ctx, now); err != nil {
			return false, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.deaths != deaths, nil
}
