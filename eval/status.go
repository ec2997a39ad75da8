package eval

import (
	"errors"
	"time"
)

// Status is the outcome of one instance.
type Status string

// The outcomes. What the model caused counts as it scored (usually 0); what we
// or the machines caused is tried again, then excluded and reported.
const (
	OK               Status = "ok"
	ModelRefused     Status = "model_refused"
	ContentFiltered  Status = "content_filtered"
	ContextOverflow  Status = "context_overflow"
	Truncated        Status = "max_tokens_truncated"
	InvalidToolCall  Status = "invalid_tool_call"
	MaxTurns         Status = "max_turns"
	AgentTimeout     Status = "agent_timeout"
	CodeWrong        Status = "user_code_wrong"
	CodeCompile      Status = "user_code_compile"
	CodeRuntime      Status = "user_code_runtime"
	CodeTimeout      Status = "user_code_timeout"
	CodeOOM          Status = "user_code_oom"
	CodeOutputLimit  Status = "user_code_output_limit"
	JudgeError       Status = "judge_error"
	ScoringError     Status = "scoring_error" // an extractor or scorer of ours or the user's failed
	InfraServerDown  Status = "infra_server_down"
	InfraNetwork     Status = "infra_network"
	InfraRateLimited Status = "infra_rate_limited"
	InfraBadResponse Status = "infra_bad_response" // not JSON, NaN, the wrong number of outputs
	InfraSandbox     Status = "infra_sandbox_start"
	InfraSandboxLost Status = "infra_sandbox_lost"
	InfraDisk        Status = "infra_disk"
	ConfigError      Status = "config_error"
	Cancelled        Status = "cancelled"
)

// Counted reports whether an instance with this status enters the metrics. All
// that the model did is counted; all that we failed to do is not.
func (s Status) Counted() bool {
	switch s {
	case JudgeError, ScoringError, InfraServerDown, InfraNetwork, InfraRateLimited, InfraBadResponse,
		InfraSandbox, InfraSandboxLost, InfraDisk, ConfigError, Cancelled, "":
		return false
	}
	return true
}

// Retryable reports whether asking or scoring again may help.
func (s Status) Retryable() bool { return !s.Counted() && s != ConfigError }

// Fault is an error with a known outcome.
type Fault struct {
	Status Status
	// Abort says that every other request will fail alike (a wrong key, an
	// unknown model): the run stops with exit code 4.
	Abort bool
	// After is how long the server asked us to wait, 0 if it did not say.
	After time.Duration
	// Hint is one line saying what to type next, "" if there is none.
	Hint string
	Err  error
}

func (f *Fault) Error() string { return f.Err.Error() }
func (f *Fault) Unwrap() error { return f.Err }

// FaultOf finds the Fault in an error; an error without one is an
// infrastructure fault of the network kind.
func FaultOf(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return &Fault{Status: InfraNetwork, Err: err}
}
