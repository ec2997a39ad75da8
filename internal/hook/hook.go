// Package hook talks to long-lived external processes over JSON Lines: a
// scorer or an extractor in any language. [NewPool] keeps up to n processes of
// one [Command], and [Pool.Call] sends one of them a request line and returns its
// answer line.
//
// What a process does wrong (it dies, writes no JSON, answers out of order, is
// too slow) is an [eval.Fault] with status scoring_error that says so with the
// end of its stderr, never an answer. The process is then killed with its whole
// group and the next call starts a fresh one. All processes of a pool die when
// the context given to NewPool ends, or at [Pool.Close].
package hook

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/child"
)

// DefaultTimeout bounds one answer, the start of the process included.
const DefaultTimeout = 60 * time.Second

// maxLine bounds one line of a process in bytes.
const maxLine = 64 << 20

// Command is how a process is started. Its environment is that of this program.
type Command struct {
	// Args are the program and its arguments. A program with a slash in its
	// name is relative to Dir; any other is searched in PATH.
	Args []string
	// Dir is the working directory, "" for this program's own.
	Dir string
	// Timeout bounds one answer; 0 means DefaultTimeout.
	Timeout time.Duration
}

// String is the command line, for messages.
func (c Command) String() string { return strings.Join(c.Args, " ") }

// Files are the arguments that name existing regular files, as paths that work
// from this program's directory, in order.
func (c Command) Files() []string { return c.spec().Files() }

func (c Command) spec() child.Spec { return child.Spec{Args: c.Args, Dir: c.Dir} }

// Digest identifies the command by its arguments and the bytes of its files:
// SHA-256 in hex. Where the files lie does not matter as long as the arguments
// are relative.
func (c Command) Digest() (string, error) { return c.spec().Digest() }

func (c Command) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return DefaultTimeout
}

// fault says what a process did wrong. The message is one line.
func (c Command) fault(stderr string, format string, args ...any) *eval.Fault {
	msg := fmt.Sprintf("process %q: %s", c.String(), fmt.Sprintf(format, args...))
	if stderr != "" {
		msg += "; stderr ends: " + stderr
	}
	return &eval.Fault{Status: eval.ScoringError, Err: errors.New(msg)}
}
