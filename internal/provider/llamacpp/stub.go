//go:build !llamacpp

package llamacpp

import (
	"errors"

	"olmoeval/eval"
)

// Built says whether this program can load models.
const Built = false

// New says how to build a program that can load models.
func New(c Config) (*Provider, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return nil, &eval.Fault{Status: eval.ConfigError, Abort: true, Err: errors.New("llamacpp: this program was built without it"),
		Hint: "type: go build -tags llamacpp ./cmd/olmo-eval (or make llamacpp), or serve the file with kind=llama-server"}
}
