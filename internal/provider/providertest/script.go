package providertest

import (
	"net/http"
	"sync"
	"testing"

	"olmoeval/eval"
)

// Fake is how a provider is tested against a scripted model.
type Fake struct {
	// Start begins a model that acts out the script, and makes a provider of
	// it. What it starts it ends by t.Cleanup.
	Start func(t *testing.T, s Script) Running
	// Secret is the key that Start gives the provider, "" for none. It should be
	// long, so that it occurs nowhere by chance.
	Secret string
	// KeyEnv is the variable that the hint of a wrong key names.
	KeyEnv string
	// PerSample says that a request for n samples reaches the model as n.
	PerSample bool
	// Completion has the suite send prompts rather than chats.
	Completion bool
	// Skip names checks that do not apply (see Checks), each with the reason.
	Skip map[string]string
}

// Running is a provider beside its fake model.
type Running struct {
	Provider eval.Provider
	// Config is what the provider was made from; it is printed to look for the
	// secret.
	Config any
	// Arrived is closed when a request has reached the model; nil where that
	// cannot be told.
	Arrived <-chan struct{}
}

// Script is what a model does: Acts[i] answers the i-th request for a
// generation that reaches it, the last also all later ones. It can travel to
// another process as JSON.
type Script struct {
	Acts []Act `json:"acts"`
}

// Act is an answer, or a failure.
type Act struct {
	Fail Failure `json:"fail,omitempty"`
	// Message goes with a failure.
	Message string `json:"message,omitempty"`
	// RetryAfter is what RateLimited asks to wait, in seconds.
	RetryAfter int `json:"retry_after,omitempty"`
	// Says are the samples; a request for n gets the first n.
	Says []Sample `json:"says,omitempty"`
	// Usage is reported with the answer.
	Usage eval.Usage `json:"usage"`
}

// Sample is one thing that the model says.
type Sample struct {
	Text      string `json:"text"`
	Reasoning string `json:"reasoning,omitempty"`
	// ToolCalls may have arguments that are not JSON: a wire format that carries
	// arguments as objects carries those as a string.
	ToolCalls []eval.ToolCall `json:"tool_calls,omitempty"`
	// Finish is stop, length or tool_calls, whatever the wire calls them.
	Finish string `json:"finish"`
}

// Failure is a way to fail, in the wire format's own form.
type Failure string

// The failures. Unauthorized and UnknownModel hold for every call, also those
// that ask for models.
const (
	Unauthorized Failure = "unauthorized"  // a wrong key
	UnknownModel Failure = "unknown_model" // no such model
	RateLimited  Failure = "rate_limited"  // too many requests; see Act.RetryAfter
	ServerError  Failure = "server_error"  // the server broke
	Overloaded   Failure = "overloaded"    // all machines are busy
	TooLong      Failure = "too_long"      // the prompt does not fit
	Filtered     Failure = "filtered"      // a content filter stepped in
	NotJSON      Failure = "not_json"      // an answer that is cut off or garbage
	NaN          Failure = "nan"           // an answer with NaN for a number
	Hang         Failure = "hang"          // no answer until the asker goes away
)

// Always reports whether every call must fail so.
func (f Failure) Always() bool { return f == Unauthorized || f == UnknownModel }

// Stage hands a script's acts out in order. It is for fakes of Fake.Start and
// may be used by many goroutines.
type Stage struct {
	script  Script
	mu      sync.Mutex
	next    int
	once    sync.Once
	arrived chan struct{} // closed by the first Next
}

// NewStage makes the stage of a script.
func NewStage(s Script) *Stage { return &Stage{script: s, arrived: make(chan struct{})} }

// Next is what the model does with the request that just came.
func (s *Stage) Next() Act {
	s.once.Do(func() { close(s.arrived) })
	s.mu.Lock()
	defer s.mu.Unlock()
	i := min(s.next, len(s.script.Acts)-1)
	s.next++
	return s.script.Acts[i]
}

// First is the first act, without taking it; for calls besides generations.
func (s *Stage) First() Act { return s.script.Acts[0] }

// Taken is how many requests were answered.
func (s *Stage) Taken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next
}

// Arrived is for Running.Arrived.
func (s *Stage) Arrived() <-chan struct{} { return s.arrived }

// HangHTTP keeps a request without an answer until its sender goes away. The
// request's body must have been read.
func HangHTTP(r *http.Request) { <-r.Context().Done() }
