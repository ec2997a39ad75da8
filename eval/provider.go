package eval

import (
	"context"
	"io"
)

// Provider is a Responder that stands for a model.
type Provider interface {
	Responder
	io.Closer
	Model() Model
	// Caps asks what the model can do; it may send requests. It is called once
	// before a run, and its error says what is wrong and what to do.
	Caps(context.Context) (Caps, error)
}

// Declarer is an optional second interface of a Provider whose abilities are
// known without asking it; what it declares as absent is refused before anything
// is sent. ok is false where they are not known.
type Declarer interface {
	Declared() (c Caps, ok bool)
}

// Tokenizer is an optional second interface of a Provider that knows its tokens.
// special adds what the tokenizer puts round every text, such as BOS.
type Tokenizer interface {
	Tokenize(ctx context.Context, text string, special bool) ([]int, error)
}

// Model says which model it is. Identity is by meaning: see Identity.
type Model struct {
	// Name is what the user calls it.
	Name string `json:"name"`
	// Kind is the provider's: mock, openai …
	Kind string `json:"kind"`
	// ID is what is asked for at the server, or the mock's SPEC.
	ID       string `json:"id"`
	Revision string `json:"revision,omitempty"`
	Family   string `json:"family,omitempty"`
	Step     *int64 `json:"step,omitempty"`
	Tokens   *int64 `json:"tokens,omitempty"`
	// Weights is a digest of the weights where they can be read, "" if not.
	Weights string `json:"weights,omitempty"`
	// Path is the checkpoint's path of a local server.
	Path string `json:"path,omitempty"`
	// Pinned says that the identity fixes the weights (a digest, a hub commit,
	// a mock): a complete run need not be asked again.
	Pinned bool `json:"pinned"`
	// Options are the provider fields that change answers.
	Options map[string]any `json:"options,omitempty"`
}

// Identity is what makes two models the same for resuming: the weights' digest
// where there is one, else kind, id, revision, step and path. Ports and hosts
// are in none.
func (m Model) Identity() map[string]any {
	id := map[string]any{"kind": m.Kind}
	if m.Weights != "" {
		id["weights"] = m.Weights
	} else {
		id["id"] = m.ID
		if m.Path != "" {
			id["path"] = m.Path
		}
	}
	if m.Revision != "" {
		id["revision"] = m.Revision
	}
	if m.Step != nil {
		id["step"] = *m.Step
	}
	if len(m.Options) > 0 {
		id["options"] = m.Options
	}
	return id
}

// Caps says what a provider can do.
type Caps struct {
	Completion    bool `json:"completion"`
	Chat          bool `json:"chat"`
	Loglikelihood bool `json:"loglikelihood"`
	Tools         bool `json:"tools"`
	// N says that several samples come of one request; without, the layers ask
	// once for each. Seed, that sampling can be repeated; TokenIDs, that prompts
	// may be token ids; Logprobs, that generations may carry log-probabilities;
	// JSONSchema, that output can be held to a schema.
	N          bool `json:"n"`
	Seed       bool `json:"seed"`
	TokenIDs   bool `json:"token_ids"`
	Logprobs   bool `json:"logprobs"`
	JSONSchema bool `json:"json_schema"`
	// MaxContext is in tokens, 0 if unknown.
	MaxContext int `json:"max_context"`
	// Reported is what the server says of the model: id, root, version.
	Reported map[string]string `json:"reported,omitempty"`
	// Fingerprint is made of the answers to four fixed prompts, "" for models
	// that are pinned otherwise.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Notes are said in the plan, such as how log-likelihoods are obtained.
	Notes []string `json:"notes,omitempty"`
}
