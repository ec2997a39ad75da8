package anthropic

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
	"olmoeval/internal/provider/httpapi"
)

// Config is how the API is spoken to. The zero value of a field is its default.
type Config struct {
	// BaseURL is https://api.anthropic.com if empty; a bare host gets /v1.
	BaseURL string         `json:"base_url,omitempty"`
	Model   string         `json:"model"`
	APIKey  httpapi.Secret `json:"api_key,omitempty"`
	// KeyEnv names the variable the key comes from, for hints; "" means
	// ANTHROPIC_API_KEY.
	KeyEnv string `json:"api_key_env,omitempty"`
	// Timeout bounds each HTTP call; 0 leaves it to the context.
	Timeout time.Duration `json:"timeout,omitempty"`
	// MaxContext is the window in tokens; 0 takes what the API reports.
	MaxContext int `json:"max_model_len,omitempty"`
	// MaxTokens bounds answers of requests that say no bound, which the API
	// needs; 0 is as many as the model can (see longest).
	MaxTokens int `json:"max_tokens,omitempty"`
	// Stream reads answers as they are written, which tells the time to the
	// first token and keeps long answers from looking like a lost connection.
	Stream bool `json:"stream,omitempty"`
	// ToolChoice is sent with requests that have tools: auto, any, none.
	ToolChoice string `json:"tool_choice,omitempty"`
	// ReasoningEffort is for requests that say none: see Client.thinking.
	ReasoningEffort string `json:"reasoning_effort,omitempty"`
	// ExtraBody is merged into every request and wins over what is there.
	ExtraBody map[string]any  `json:"extra_body,omitempty"`
	Headers   httpapi.Headers `json:"headers,omitempty"`
	// Dial reaches the host where the network does not; nil dials.
	Dial httpapi.Dial `json:"-"`
	// As is what the user knows of the model. ID and Options are filled in, and
	// Kind where it is empty.
	As eval.Model `json:"-"`
}

const publicURL = "https://api.anthropic.com"

// Validate reports the first mistake.
func (c *Config) Validate() error {
	if c.Model == "" {
		return fmt.Errorf("anthropic: no model name; for example claude-sonnet-4-5")
	}
	if _, err := c.base(); err != nil {
		return err
	}
	if choices := []string{"", "auto", "any", "none"}; !slices.Contains(choices, c.ToolChoice) {
		return fmt.Errorf("anthropic: unknown tool_choice %q%s", c.ToolChoice, nearest.Hint(c.ToolChoice, choices[1:]))
	}
	if err := checkEffort(c.ReasoningEffort); err != nil {
		return err
	}
	if c.MaxContext < 0 || c.MaxTokens < 0 || c.Timeout < 0 {
		return fmt.Errorf("anthropic: max_model_len, max_tokens and timeout must not be negative")
	}
	for _, key := range []string{"model", "messages", "system", "stream", "tools"} {
		if _, ok := c.ExtraBody[key]; ok {
			return fmt.Errorf("anthropic: extra_body must not hold %q, which has a setting of its own", key)
		}
	}
	return nil
}

func (c *Config) base() (*url.URL, error) {
	text := c.BaseURL
	if text == "" {
		text = publicURL
	}
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("anthropic: base_url %q: want %s", text, publicURL)
	}
	if u.Path == "" {
		u.Path = "/v1"
	}
	return u, nil
}

func (c *Config) keyEnv() string {
	if c.KeyEnv != "" {
		return c.KeyEnv
	}
	return "ANTHROPIC_API_KEY"
}

// model is what the configuration says of the model.
func (c *Config) model() eval.Model {
	m := c.As
	m.ID = c.Model
	if m.Kind == "" {
		m.Kind = "anthropic"
	}
	if m.Name == "" {
		m.Name = c.Model
	}
	m.Options = httpapi.Options(
		"max_model_len", c.MaxContext, "max_tokens", c.MaxTokens, "tool_choice", c.ToolChoice,
		"reasoning_effort", c.ReasoningEffort, "extra_body", c.ExtraBody)
	return m
}

// budgets are the thinking tokens of an effort, for models that take a number.
var budgets = map[string]int{"minimal": 1024, "low": 2048, "medium": 8192, "high": 24576}

// checkEffort wants a word that some model knows, or a number of tokens.
func checkEffort(effort string) error {
	words := []string{"", "none", "minimal", "low", "medium", "high", "xhigh", "max"}
	if slices.Contains(words, effort) {
		return nil
	}
	if n, err := strconv.Atoi(effort); err == nil && n >= smallestBudget {
		return nil
	}
	return fmt.Errorf("anthropic: reasoning_effort %q%s: want none, minimal, low, medium, high, xhigh, max or a number of tokens from %d",
		effort, nearest.Hint(effort, words[1:]), smallestBudget)
}

// smallestBudget is the fewest thinking tokens that the API takes.
const smallestBudget = 1024
