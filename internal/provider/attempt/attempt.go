// Package attempt carries what is known of a try in a context: layers that try
// again set its number with [With], providers that care (mocks) read it with
// [Of]; a layer that wants to know when a try leaves the queue asks with
// [Watch], and the layer that ends the waiting says so with [Start].
package attempt

import "context"

type (
	key   struct{}
	start struct{}
	beat  struct{}
)

// With says that calls made with the returned context are try n, counting
// from 1.
func With(ctx context.Context, n int) context.Context {
	return context.WithValue(ctx, key{}, n)
}

// Of is the number of the try, 1 where nobody counts.
func Of(ctx context.Context) int {
	if n, ok := ctx.Value(key{}).(int); ok {
		return n
	}
	return 1
}

// Watch has started called when a try made with the returned context has its
// place at the endpoint and is sent. It must not block.
func Watch(ctx context.Context, started func()) context.Context {
	return context.WithValue(ctx, start{}, started)
}

// Start tells who watches that the try is sent now.
func Start(ctx context.Context) {
	if started, ok := ctx.Value(start{}).(func()); ok {
		started()
	}
}

// WithBeat has beat called for calls made with the returned context that stream
// their answer: when they are sent, and with all that comes. It must not block.
func WithBeat(ctx context.Context, f func()) context.Context {
	return context.WithValue(ctx, beat{}, f)
}

// Beat is what a provider that streams calls when it sends and when bytes come;
// never nil.
func Beat(ctx context.Context) func() {
	if f, ok := ctx.Value(beat{}).(func()); ok {
		return f
	}
	return func() {}
}
