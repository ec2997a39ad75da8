package cache

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"

	"olmoeval/eval"
)

// Identity says whose answers are kept.
type Identity struct {
	// Text is equal for two models only if their answers may stand for each
	// other.
	Text string
	// Name is for people.
	Name string
	// Seeds says that sample k of a request is drawn with Seed+k, so that samples
	// that are missing can be asked for by themselves; else all are asked for.
	Seeds bool
}

var commit = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`) })

// IdentityOf is the identity of a model by its weights' digest, a commit of the
// hub, or what its server reports together with a fingerprint; the engine's
// version, the context and the fingerprint are in it wherever they are known. An
// error says why a model has none, and its answers must not be kept.
func IdentityOf(m eval.Model, c eval.Caps) (Identity, error) {
	known := m.Weights != "" || m.Pinned || commit().MatchString(m.Revision) || c.Reported["weights"] != "" ||
		c.Fingerprint != "" && len(c.Reported) > 0
	switch {
	case m.Kind == "mock":
		return Identity{}, errors.New("response cache: a mock looks at more than the request")
	case !known:
		return Identity{}, fmt.Errorf("response cache: it cannot be told which weights answer as %s: there is no digest of them, no commit and no fingerprint", m.Name)
	}
	id := m.Identity()
	reported := map[string]any{}
	for k, v := range c.Reported {
		// Names of paths say less than the weights' digest.
		if m.Weights == "" || k != "id" && k != "root" {
			reported[k] = v
		}
	}
	id["reported"], id["max_context"], id["fingerprint"] = reported, c.MaxContext, c.Fingerprint
	return Identity{Text: string(eval.AppendCanonical(nil, id)), Name: m.Name, Seeds: c.Seed}, nil
}

// Follow is p; when it is asked for its abilities, the layer learns whose answers
// it keeps. What p can do besides, such as telling its tokens, it can still.
// note, if not nil, is told why nothing is kept.
func (l *Layer) Follow(p eval.Provider, note func(error)) eval.Provider {
	f := follower{p, l, note}
	if tok, ok := p.(eval.Tokenizer); ok {
		return struct {
			follower
			eval.Tokenizer
		}{f, tok}
	}
	return f
}

type follower struct {
	eval.Provider
	layer *Layer
	note  func(error)
}

func (f follower) Caps(ctx context.Context) (eval.Caps, error) {
	caps, err := f.Provider.Caps(ctx)
	if err != nil {
		return caps, err
	}
	id, err := IdentityOf(f.Model(), caps)
	if err == nil {
		err = f.layer.Identify(id)
	}
	if err != nil && f.note != nil {
		f.note(err)
	}
	return caps, nil
}

// Declared passes on what is known without asking.
func (f follower) Declared() (eval.Caps, bool) {
	if d, ok := f.Provider.(eval.Declarer); ok {
		return d.Declared()
	}
	return eval.Caps{}, false
}

var (
	_ eval.Provider = follower{}
	_ eval.Declarer = follower{}
)
