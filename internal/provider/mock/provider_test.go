package mock

import (
	"testing"

	"olmoeval/internal/provider/providertest"
)

// TestProvider: a mock is a model like any other, but that it says its whole
// text whatever the limit.
func TestProvider(t *testing.T) {
	for _, spec := range []string{"mock:random,seed=3", "mock"} {
		t.Run(spec, func(t *testing.T) {
			m, err := Parse(spec)
			if err != nil {
				t.Fatal(err)
			}
			providertest.RunReal(t, providertest.Real{Provider: m, Skip: map[string]string{
				"usage": "limits do not bind", "stop": "stop sequences do not bind"}})
		})
	}
}
