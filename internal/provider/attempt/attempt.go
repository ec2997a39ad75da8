// Package attempt carries the number of a try in a context: layers that try
// again set it with [With], providers that care (mocks) read it with [Of].
package attempt

import "context"

type key struct{}

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
