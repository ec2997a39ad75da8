package layer

import (
	"context"
	"sync"
	"testing"

	"olmoeval/eval"
)

// BenchmarkLayers is what the layers cost a request, without a server, from 512
// goroutines.
func BenchmarkLayers(b *testing.B) {
	resp := text("x")
	resp.Usage.CompletionTokens = 5
	api := do(func(context.Context, *eval.Request) (*eval.Response, error) {
		r := *resp
		return &r, nil
	})
	for name, r := range map[string]eval.Responder{
		"Limit": &Limit{Next: api, Start: 512, Max: 512},
		"all":   Stack{Group: &Group{Start: 512, Max: 512}, Every: true}.Round(api),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			req := &eval.Request{Type: eval.Completion, Prompt: "x"}
			var wg sync.WaitGroup
			for w := range 512 {
				wg.Go(func() {
					for i := w; i < b.N; i += 512 {
						if _, err := r.Respond(context.Background(), req); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
