// Package olmoeval is the whole program as a function, for a binary with one's
// own benchmarks:
//
//	func main() { olmoeval.Main(benchmarks.All(), mine()) }
package olmoeval

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"olmoeval/eval"
	"olmoeval/internal/cli"
)

// Main runs the command line with the given benchmarks and exits. The first
// interrupt lets requests in flight finish; the second ends the program at once.
func Main(sets ...eval.Set) {
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "olmo-eval:", err)
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal has its default effect
	os.Exit(cli.Main(ctx, cli.Env{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Environ: os.Environ(), Dir: dir, TTY: isTerminal(os.Stderr), Sets: sets,
	}))
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
