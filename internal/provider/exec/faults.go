package exec

import (
	"errors"
	"fmt"
	"io/fs"
	osexec "os/exec"
	"strings"
	"syscall"
	"time"

	"olmoeval/eval"
)

// kinds are what a process may say of a request it cannot answer.
var kinds = map[string]eval.Fault{
	"context_overflow": {Status: eval.ContextOverflow},
	"content_filtered": {Status: eval.ContentFiltered},
	"refused":          {Status: eval.ModelRefused},
	"bad_request":      {Status: eval.ConfigError},
	"unsupported":      {Status: eval.ConfigError},
	"unauthorized": {Status: eval.ConfigError, Abort: true,
		Hint: "the engine wants a key; export it and name it in env=[HF_TOKEN]"},
	"model_unavailable": {Status: eval.ConfigError, Abort: true,
		Hint: "check the model's name or path, and what the engine wrote to stderr"},
	"rate_limited":  {Status: eval.InfraRateLimited},
	"overloaded":    {Status: eval.InfraServerDown},
	"out_of_memory": {Status: eval.InfraServerDown},
	"internal":      {Status: eval.InfraServerDown},
	"cancelled":     {Status: eval.Cancelled},
}

// EngineError is in the chain of a fault that a process reported in good order.
type EngineError struct {
	Kind    string
	Message string
	where   string
}

func (e *EngineError) Error() string { return fmt.Sprintf("%s: %s: %s", e.where, e.Kind, e.Message) }

// Overloaded reports whether fewer requests at a time would help.
func (e *EngineError) Overloaded() bool { return e.Kind == "overloaded" || e.Kind == "out_of_memory" }

// reported is the fault that an error message stands for.
func (p *Provider) reported(in *incoming) error {
	f, ok := kinds[in.Kind]
	if !ok {
		return p.fault(eval.InfraBadResponse, "answered with an error of unknown kind %q: %s", in.Kind, oneLine(in.Message))
	}
	message := oneLine(p.redact(in.Message))
	if message == "" {
		message = "no message"
	}
	f.Err = &EngineError{Kind: in.Kind, Message: message, where: p.String()}
	if in.RetryAfter > 0 {
		f.After = time.Duration(min(in.RetryAfter, 86400) * float64(time.Second))
	}
	return &f
}

// fault says what a process did wrong, in one line.
func (p *Provider) fault(status eval.Status, format string, args ...any) *eval.Fault {
	return &eval.Fault{Status: status, Err: fmt.Errorf("%s: %s", p, p.redact(fmt.Sprintf(format, args...)))}
}

// startFault is about a process that cannot be started at all.
func (p *Provider) startFault(err error) *eval.Fault {
	f := p.fault(eval.ConfigError, "cannot be started: %v", err)
	f.Abort = true
	name := p.cfg.Command[0]
	switch {
	case errors.Is(err, osexec.ErrNotFound):
		f.Hint = fmt.Sprintf("install %s or put it in PATH", name)
	case errors.Is(err, fs.ErrPermission):
		f.Hint = "chmod +x " + name
	case errors.Is(err, fs.ErrNotExist):
		f.Hint = "check the program's path in command=[…]"
	case errors.Is(err, syscall.ENOEXEC):
		f.Hint = "name the interpreter, such as command=[python3," + name + "]"
	}
	return f
}

// oneLine shortens a text to one line of at most 500 bytes.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\ufffd")), " ")
	if len(s) > 500 {
		s = strings.ToValidUTF8(s[:500], "") + "…"
	}
	return s
}
