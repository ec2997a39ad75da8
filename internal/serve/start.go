package serve

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"olmoeval/eval"
	"olmoeval/internal/serve/proc"
)

// Start starts the servers of one model and returns when all are ready. Its
// error is an *eval.Fault that stops a run, with a [Failure] in its chain where
// a server said why. Once it has returned, ctx no longer matters: Close stops
// the servers.
func Start(ctx context.Context, s Spec, o Options) (*Pool, error) {
	pools, err := StartAll(ctx, []Spec{s}, o)
	if err != nil {
		return nil, err
	}
	return pools[0], nil
}

// StartAll is Start for several models that share the GPUs: the first, which is
// the one that is measured, gets its share first. All start together; when one
// fails none is left.
func StartAll(ctx context.Context, specs []Spec, o Options) ([]*Pool, error) {
	o, err := o.filled()
	if err != nil {
		return nil, asFault(err)
	}
	pools := make([]*Pool, len(specs))
	for i := range specs {
		if pools[i], err = newPool(specs[i], o); err != nil {
			return nil, asFault(err)
		}
	}
	err = prepare(o, pools)
	if err == nil {
		err = allot(ctx, o, pools)
	}
	if err == nil {
		err = launch(ctx, pools)
	}
	if err != nil {
		for _, p := range pools {
			_ = p.Close() // it never fails
		}
		return nil, asFault(err)
	}
	return pools, nil
}

// prepare makes the folders and ends what earlier runs have left.
func prepare(o Options, pools []*Pool) error {
	for _, dir := range []string{o.RuntimeDir, filepath.Join(o.RuntimeDir, "gpus"), filepath.Join(o.RuntimeDir, "ports")} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		// For all users, as a folder of temporary files; only its owner can.
		_ = os.Chmod(dir, 0o777|os.ModeSticky)
	}
	reaped, err := proc.Reap(serversDir(o), o.Timing.Grace)
	if err != nil {
		return err
	}
	if len(reaped) > 0 && len(pools) > 0 {
		pools[0].event(Note, 0, "ended servers that an earlier run had left: "+strings.Join(reaped, ", "))
	}
	return nil
}

// serversDir is this user's alone.
func serversDir(o Options) string {
	return filepath.Join(o.RuntimeDir, fmt.Sprintf("servers-%d", os.Getuid()))
}

// launch starts all replicas of all pools; the first failure ends it.
func launch(ctx context.Context, pools []*Pool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, p := range pools {
		var life context.Context
		life, p.cancel = context.WithCancel(context.WithoutCancel(ctx)) // until Close
		for _, r := range p.replicas {
			up := make(chan error, 1)
			p.wg.Go(func() { r.run(life, ctx, up) })
			wg.Go(func() {
				if err := <-up; err != nil {
					cancel(err)
				}
			})
		}
	}
	wg.Wait()
	return context.Cause(ctx)
}

// asFault makes an error one that stops the run.
func asFault(err error) error {
	var f *eval.Fault
	if errors.As(err, &f) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &eval.Fault{Status: eval.Cancelled, Abort: true, Err: fmt.Errorf("starting servers: %w", err)}
	}
	return &eval.Fault{Status: eval.ConfigError, Abort: true, Err: err}
}

func newKey() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}
