package exec

import "olmoeval/eval"

// deaths is how many processes one request may take with it. A process that
// ends while a request was alone in it ended by that request, most likely; it
// must neither end processes for ever nor have the engine given up.
const deaths = 2

func (p *Provider) deadlyKey(r *eval.Request) string {
	return string(r.Sampling.AppendKey([]byte(p.digester.Digest(r))))
}

// blame notes that a process ended while r was alone in it, and reports whether
// that is known of it already.
func (p *Provider) blame(r *eval.Request) (known bool) {
	key := p.deadlyKey(r)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deadly[key]++
	return p.deadly[key] > 1
}

// harmless is the fault of a request that ended too many processes.
func (p *Provider) harmless(r *eval.Request) error {
	p.mu.Lock()
	none := len(p.deadly) == 0
	p.mu.Unlock()
	if none {
		return nil
	}
	key := p.deadlyKey(r)
	p.mu.Lock()
	n := p.deadly[key]
	p.mu.Unlock()
	if n < deaths {
		return nil
	}
	return p.fault(eval.InfraServerDown, "is not asked again: the process ended %d times while it had nothing but this request", n)
}
