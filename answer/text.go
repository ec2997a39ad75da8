package answer

import "olmoeval/eval"

// Text takes the output as it is: the generated text, or the continuation of a
// log-likelihood request.
type Text struct{}

var _ eval.Extractor = Text{}

// Extract returns the text, which may be empty.
func (Text) Extract(_ *eval.Instance, out *eval.Output) any { return out.Text }

// None finds no answer on purpose: the outputs of the task are only scored by
// their log-likelihood, as in MMLU.
type None struct{}

var _ eval.Extractor = None{}

// Extract returns nil.
func (None) Extract(*eval.Instance, *eval.Output) any { return nil }
