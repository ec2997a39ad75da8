package openai

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
	"olmoeval/internal/provider/httpapi"
)

// Boundaries between context and continuation.
const (
	// BoundaryLMEval encodes context and continuation together and counts off
	// the context's own tokens; white space at the context's end belongs to the
	// continuation. It is the default.
	BoundaryLMEval = "lm_eval"
	// BoundarySeparate encodes the two apart.
	BoundarySeparate = "separate"
	// BoundaryTextOffset sends text and reads the boundary from text offsets.
	BoundaryTextOffset = "text_offset"
)

// Config is how a server is spoken to. The zero value of a field is its
// default.
type Config struct {
	// BaseURLs are replicas of one model behind one queue, each usually ending
	// in /v1, which is added to a bare host.
	BaseURLs []string `json:"base_url"`
	// Azure speaks to OpenAI's models at Azure: Model is the deployment, a bare
	// host gets /openai/v1, and the key travels as api-key. APIVersion, where
	// set, goes into every address.
	Azure      bool   `json:"azure,omitempty"`
	APIVersion string `json:"api_version,omitempty"`
	// Model is what the server calls it.
	Model  string         `json:"model"`
	APIKey httpapi.Secret `json:"api_key,omitempty"`
	// KeyEnv names the variable the key comes from, for hints; "" means
	// OPENAI_API_KEY, or AZURE_OPENAI_API_KEY.
	KeyEnv string `json:"api_key_env,omitempty"`
	// Timeout bounds each HTTP call; 0 leaves it to the context.
	Timeout time.Duration `json:"timeout,omitempty"`
	// MaxContext is the window in tokens; 0 takes what the server reports.
	MaxContext int `json:"max_model_len,omitempty"`
	// AddBOS puts the BOS token before a context when scoring, and has the server
	// add its special tokens to completions; nil follows the tokenizer when
	// scoring, where the server tells, and adds none to completions.
	AddBOS *bool `json:"add_bos_token,omitempty"`
	// EOS is a text added to the stop sequences of completions.
	EOS      string `json:"eos,omitempty"`
	Boundary string `json:"boundary,omitempty"`
	// PromptLogprobs is how many alternatives per prompt token are asked for
	// when scoring, to learn whether it was the first choice; nil means 1. With
	// 0 the server must report ranks; with 2, first choices have a margin too.
	PromptLogprobs *int `json:"prompt_logprobs,omitempty"`
	// Logprobs asks for the tokens of generations; nil means true.
	Logprobs *bool `json:"logprobs,omitempty"`
	Stream   bool  `json:"stream,omitempty"`
	// ToolChoice is sent with requests that have tools: auto, none, required.
	ToolChoice string `json:"tool_choice,omitempty"`
	// SentencePiece turns U+2581 of completions into spaces.
	SentencePiece bool `json:"completion_sentencepiece_cleanup,omitempty"`
	// TrimStop cuts completions at the first stop sequence, for servers that
	// do not.
	TrimStop           bool           `json:"completion_client_side_stop_trim,omitempty"`
	ChatTemplateKwargs map[string]any `json:"chat_template_kwargs,omitempty"`
	// ReasoningEffort is the server's word, sent with requests that say none.
	ReasoningEffort string `json:"reasoning_effort,omitempty"`
	// ExtraBody is added to every completion and chat.
	ExtraBody map[string]any  `json:"extra_body,omitempty"`
	Headers   httpapi.Headers `json:"headers,omitempty"`
	// Dial reaches the hosts of BaseURLs where the network does not, such as
	// servers started by this program, whose ports may change; nil dials.
	Dial httpapi.Dial `json:"-"`
	// As is what the user knows of the model: name, revision, family, step,
	// tokens, weights, path. ID and Options are filled in, and Kind where it is
	// empty.
	As eval.Model `json:"-"`
}

// ours are the parts of a body that have a place of their own.
var ours = []string{"model", "prompt", "messages", "n", "stream", "stream_options", "max_tokens", "max_completion_tokens",
	"temperature", "top_p", "top_k", "stop", "seed", "tools", "tool_choice", "echo", "prompt_logprobs", "chat_template_kwargs"}

// Validate reports the first mistake.
func (c *Config) Validate() error {
	if len(c.BaseURLs) == 0 {
		return fmt.Errorf("openai: no base_url; give base_url=http://HOST:PORT/v1 or set OPENAI_BASE_URL")
	}
	for _, base := range c.BaseURLs {
		if _, err := c.base(base); err != nil {
			return err
		}
	}
	if c.Model == "" {
		return fmt.Errorf("openai: no model name")
	}
	known := []string{BoundaryLMEval, BoundarySeparate, BoundaryTextOffset}
	if c.Boundary != "" && !slices.Contains(known, c.Boundary) {
		return fmt.Errorf("openai: unknown boundary %q%s", c.Boundary, nearest.Hint(c.Boundary, known))
	}
	if choices := []string{"", "auto", "none", "required"}; !slices.Contains(choices, c.ToolChoice) {
		return fmt.Errorf("openai: unknown tool_choice %q%s", c.ToolChoice, nearest.Hint(c.ToolChoice, choices[1:]))
	}
	if p := c.PromptLogprobs; p != nil && (*p < 0 || *p > 20) {
		return fmt.Errorf("openai: prompt_logprobs=%d: want 0 to 20", *p)
	}
	if c.MaxContext < 0 || c.Timeout < 0 {
		return fmt.Errorf("openai: max_model_len and timeout must not be negative")
	}
	for _, key := range ours {
		if _, ok := c.ExtraBody[key]; ok {
			return fmt.Errorf("openai: extra_body must not hold %q, which has a setting of its own", key)
		}
	}
	return nil
}

// base reads a base URL; a bare host gets the usual path.
func (c *Config) base(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("openai: base_url %q: want http://HOST:PORT/v1", text)
	}
	if u.Path == "" {
		u.Path = "/v1"
		if c.Azure {
			u.Path = "/openai/v1"
		}
	}
	if c.APIVersion != "" {
		q := u.Query()
		q.Set("api-version", c.APIVersion)
		u.RawQuery = q.Encode()
	}
	return u, nil
}

// model is what the configuration says of the model.
func (c *Config) model() eval.Model {
	m := c.As
	m.ID = c.Model
	switch {
	case m.Kind != "":
	case c.Azure:
		m.Kind = "azure"
	default:
		m.Kind = "openai"
	}
	if m.Name == "" {
		m.Name = c.Model
	}
	options := map[string]any{}
	set := func(key string, value any, used bool) {
		if used {
			options[key] = value
		}
	}
	set("chat_template_kwargs", c.ChatTemplateKwargs, len(c.ChatTemplateKwargs) > 0)
	set("extra_body", c.ExtraBody, len(c.ExtraBody) > 0)
	set("reasoning_effort", c.ReasoningEffort, c.ReasoningEffort != "")
	set("max_model_len", c.MaxContext, c.MaxContext != 0)
	set("eos", c.EOS, c.EOS != "")
	set("boundary", c.Boundary, c.Boundary != "" && c.Boundary != BoundaryLMEval)
	set("tool_choice", c.ToolChoice, c.ToolChoice != "")
	set("completion_sentencepiece_cleanup", true, c.SentencePiece)
	set("completion_client_side_stop_trim", true, c.TrimStop)
	if c.AddBOS != nil {
		options["add_bos_token"] = *c.AddBOS
	}
	if len(options) > 0 {
		m.Options = options
	}
	return m
}

// keyEnv is the variable that hints name.
func (c *Config) keyEnv() string {
	if c.KeyEnv != "" {
		return c.KeyEnv
	}
	if c.Azure {
		return "AZURE_OPENAI_API_KEY"
	}
	return "OPENAI_API_KEY"
}
