// Command conformance compares the catalogue with the recorded behaviour of the
// reference system: for every recorded spec whose task is here, the instances
// and requests made of the mirror's rows byte for byte, the sampling, and the
// answers and scores of recorded outputs.
//
//	go run ./internal/conformance [-family F] [-n 5] [DIR]
//
// DIR is the corpus, by default $OLMO_EVAL_CONFORMANCE or shared/conformance
// beside the checkout. It prints the first differences of each family as
// unified diffs, then the shares, and exits with 1 if a family's requests are
// not all equal, or its scoring is below 99.5 %, without a listed reason (see
// [reasons]).
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"olmoeval/internal/corpus"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string) int {
	fs := flag.NewFlagSet("conformance", flag.ContinueOnError)
	only := fs.String("family", "", "a module of the reference, or what specs begin with; all without")
	keep := fs.Int("n", 5, "differences to show of each family, of requests and of scoring")
	if err := fs.Parse(args); err != nil {
		return 2
	}
	dir := fs.Arg(0)
	if dir == "" {
		var err error
		if dir, err = corpus.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 2
		}
	}
	c, err := newChecker(dir, *only, *keep)
	if err == nil {
		err = c.run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if len(c.families) == 0 {
		fmt.Fprintf(os.Stderr, "no recorded spec belongs to %q\n", *only)
		return 2
	}
	if !c.report(os.Stdout) {
		return 1
	}
	return 0
}
