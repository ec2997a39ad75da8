package eval

import "slices"

// Record is an instance with all that happened to it: one line of a run's
// record file, and the unit of resuming.
type Record struct {
	// Index is the instance's position in the task's selection, from 0.
	Index int `json:"index"`
	// ID is the data set's own id where those are unique, else the digest.
	ID string `json:"item_id"`
	// Digest is the item digest: see [ItemDigest].
	Digest   string    `json:"item_digest"`
	Status   Status    `json:"status"`
	Error    string    `json:"error,omitempty"`
	Instance *Instance `json:"instance"`
	Request  *Request  `json:"request"`
	// PromptDigest identifies what was asked: see [Request.Digest].
	PromptDigest string   `json:"prompt_digest"`
	Outputs      []Output `json:"outputs"`
	// Values are the observations by metric id; nil where the metric has none
	// for this instance.
	Values map[string]*Observation `json:"values"`
	// Seed is what the samples were drawn with, nil for none.
	Seed     *int64   `json:"seed,omitempty"`
	Usage    Usage    `json:"usage,omitzero"`
	Timing   Timing   `json:"timing,omitzero"`
	Attempts int      `json:"attempts,omitempty"`
	Notes    []string `json:"notes,omitempty"`
	// WallMS is how long answering and scoring took, in milliseconds.
	WallMS float64 `json:"wall_ms"`
}

// Reused reports whether nothing was sent for the answer: it was copied from an
// equal request of the run or came from a cache, which Notes say.
func (r *Record) Reused() bool {
	return slices.Contains(r.Notes, "reused") || slices.Contains(r.Notes, "cached")
}

// Observation is what one instance contributes to a metric. A mean is
// Σ value·weight / Σ weight.
type Observation struct {
	Value  float64 `json:"v"`
	Weight float64 `json:"w"`
}

// ScoreOf is the mean over outputs of a scorer's values; ok is false if an
// output lacks it or there is none.
func (r *Record) ScoreOf(scorer string) (v float64, ok bool) {
	for i := range r.Outputs {
		s, has := r.Outputs[i].Scores[scorer]
		if !has {
			return 0, false
		}
		v += s.Value
	}
	n := len(r.Outputs)
	if n == 0 {
		return 0, false
	}
	return v / float64(n), true
}
