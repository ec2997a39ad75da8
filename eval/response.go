package eval

import "context"

// Responder answers requests: a provider, a layer round one, a harness. Respond
// may be called by many goroutines. An error is a [Fault] where its kind is
// known; a Response has as many outputs as the request asks for (samples, or
// continuations), or it is an error.
type Responder interface {
	Respond(context.Context, *Request) (*Response, error)
}

// Response is what came back.
type Response struct {
	Outputs []Output `json:"outputs"`
	Usage   Usage    `json:"usage,omitzero"`
	Timing  Timing   `json:"timing,omitzero"`
	// Attempts counts the tries it took, 1 when the first succeeded.
	Attempts int `json:"attempts,omitempty"`
	// Notes say what a reader of the numbers should know, such as
	// "boundary=text_offset".
	Notes []string `json:"notes,omitempty"`
}

// Timing says where a request's time went, in milliseconds. The zero value means
// that nobody measured, or that nothing was sent.
type Timing struct {
	// Queue is the wait for a place at the endpoint, over all attempts.
	Queue float64 `json:"queue_ms"`
	// Backoff is the wait between attempts.
	Backoff float64 `json:"backoff_ms,omitempty"`
	// First is from sending to the first token, of a stream only.
	First float64 `json:"first_token_ms,omitempty"`
	// Total is from sending the attempt that was answered to its last byte.
	Total float64 `json:"total_ms"`
}

// Usage counts tokens as the server reports them.
type Usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CachedTokens     int `json:"cached_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	// ReasoningTokens are those of CompletionTokens that were thinking, where the
	// server tells.
	ReasoningTokens int     `json:"reasoning_tokens,omitempty"`
	Cost            float64 `json:"cost"` // US dollars, 0 if unknown
}

// Add returns the sum.
func (u Usage) Add(v Usage) Usage {
	return Usage{
		PromptTokens:     u.PromptTokens + v.PromptTokens,
		CachedTokens:     u.CachedTokens + v.CachedTokens,
		CompletionTokens: u.CompletionTokens + v.CompletionTokens,
		ReasoningTokens:  u.ReasoningTokens + v.ReasoningTokens,
		Cost:             u.Cost + v.Cost,
	}
}

// Output is one sample of a generation, or one scored continuation.
type Output struct {
	// Text is the generated text without any reasoning, or the continuation.
	Text string `json:"text"`
	// Reasoning is the model's thinking where the server keeps it apart.
	Reasoning string     `json:"reasoning,omitempty"`
	ToolCalls []ToolCall `json:"tool_calls,omitempty"`
	// FinishReason is the server's word: "stop", "length", "content_filter" …
	FinishReason string `json:"finish_reason,omitempty"`
	// Logprobs are the tokens' natural log-probabilities where asked for.
	Logprobs []TokenLogprob `json:"logprobs,omitempty"`
	// Loglik is the score of a continuation; nil for a generation without.
	Loglik *Loglik `json:"loglik,omitempty"`

	// Answer is what the extractor found, nil if nothing.
	Answer any `json:"answer"`
	// Answers are all candidates, where an extractor finds several.
	Answers []string `json:"answers,omitempty"`
	// Scores are the scorers' verdicts on this output, by scorer name.
	Scores map[string]Score `json:"scores,omitempty"`
}

// TokenLogprob is one token with its natural log-probability.
type TokenLogprob struct {
	Token   string  `json:"token"`
	Logprob float64 `json:"logprob"`
}

// Loglik is the log-likelihood of one continuation. Sum is always finite: a
// server that reports none is a fault.
type Loglik struct {
	Sum    float64 `json:"sum_logits"` // natural log
	Tokens int     `json:"num_tokens"`
	// Greedy says whether every token was the model's first choice; nil if the
	// server does not tell.
	Greedy *bool `json:"is_greedy,omitempty"`
	// Margin is the smallest distance, over the tokens, from the best other
	// token's log-probability up to the chosen one's: how near the continuation
	// was to being greedy, or to not being so; nil if the server does not tell.
	Margin *float64 `json:"margin,omitempty"`
	// Cut says that tokens of the context or continuation did not fit.
	Cut bool `json:"cut,omitempty"`
}

// Score is a scorer's verdict on one output.
type Score struct {
	Value float64 `json:"value"`
	// Status is set where the verdict has a cause of its own, such as
	// user_code_timeout.
	Status Status         `json:"status,omitempty"`
	Note   string         `json:"note,omitempty"`
	Detail map[string]any `json:"detail,omitempty"`
}
