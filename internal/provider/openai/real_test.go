package openai_test

import (
	"net/http/httptest"
	"testing"

	"olmoeval/internal/mockserver"
	"olmoeval/internal/provider/mock"
	"olmoeval/internal/provider/openai"
	"olmoeval/internal/provider/providertest"
)

// TestConformance8MockServer asks the mock server, which speaks vLLM's dialect
// and was written apart from this client.
func TestConformance8MockServer(t *testing.T) {
	for name, stream := range map[string]bool{"whole": false, "stream": true} {
		t.Run(name, func(t *testing.T) {
			m, err := mock.Parse("mock:random,seed=3")
			if err != nil {
				t.Fatal(err)
			}
			srv := httptest.NewServer(mockserver.New(mockserver.Config{Model: m}))
			t.Cleanup(srv.Close)
			c, err := openai.New(openai.Config{BaseURLs: []string{srv.URL}, Model: "m", Stream: stream})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			providertest.RunReal(t, providertest.Real{Provider: c, Skip: map[string]string{
				"usage": "the mock says its whole text", "stop": "the mock says its whole text"}})
		})
	}
}
