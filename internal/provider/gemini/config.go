package gemini

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
	// BaseURL is https://generativelanguage.googleapis.com if empty; a bare host
	// gets /v1beta.
	BaseURL string `json:"base_url,omitempty"`
	// Model is a name such as gemini-2.5-flash, or a path such as tunedModels/x.
	Model  string         `json:"model"`
	APIKey httpapi.Secret `json:"api_key,omitempty"`
	// KeyEnv names the variable the key comes from, for hints; "" means
	// GEMINI_API_KEY.
	KeyEnv string `json:"api_key_env,omitempty"`
	// Timeout bounds each HTTP call; 0 leaves it to the context.
	Timeout time.Duration `json:"timeout,omitempty"`
	// MaxContext is the window in tokens; 0 takes what the API reports.
	MaxContext int `json:"max_model_len,omitempty"`
	// Logprobs asks for the log-probabilities of what is generated, which only
	// some models tell.
	Logprobs bool `json:"logprobs,omitempty"`
	// Stream reads answers as they are written, one sample a call.
	Stream bool `json:"stream,omitempty"`
	// ToolChoice is sent with requests that have tools: auto, any, none.
	ToolChoice string `json:"tool_choice,omitempty"`
	// ReasoningEffort is for requests that say none: minimal, low, medium, high,
	// none, or a number of tokens.
	ReasoningEffort string `json:"reasoning_effort,omitempty"`
	// ExtraBody is merged into every request and wins over what is there; safety
	// settings go here.
	ExtraBody map[string]any  `json:"extra_body,omitempty"`
	Headers   httpapi.Headers `json:"headers,omitempty"`
	// Dial reaches the host where the network does not; nil dials.
	Dial httpapi.Dial `json:"-"`
	// As is what the user knows of the model. ID and Options are filled in, and
	// Kind where it is empty.
	As eval.Model `json:"-"`
}

const publicURL = "https://generativelanguage.googleapis.com"

// Validate reports the first mistake.
func (c *Config) Validate() error {
	if c.Model == "" {
		return fmt.Errorf("gemini: no model name; for example gemini-2.5-flash")
	}
	if _, err := c.base(); err != nil {
		return err
	}
	if choices := []string{"", "auto", "any", "none"}; !slices.Contains(choices, c.ToolChoice) {
		return fmt.Errorf("gemini: unknown tool_choice %q%s", c.ToolChoice, nearest.Hint(c.ToolChoice, choices[1:]))
	}
	if err := checkEffort(c.ReasoningEffort); err != nil {
		return err
	}
	if c.MaxContext < 0 || c.Timeout < 0 {
		return fmt.Errorf("gemini: max_model_len and timeout must not be negative")
	}
	for _, key := range []string{"contents", "systemInstruction", "tools"} {
		if _, ok := c.ExtraBody[key]; ok {
			return fmt.Errorf("gemini: extra_body must not hold %q, which has a setting of its own", key)
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
		return nil, fmt.Errorf("gemini: base_url %q: want %s", text, publicURL)
	}
	if u.Query().Has("key") {
		return nil, fmt.Errorf("gemini: base_url must not hold a key: set %s", c.keyEnv())
	}
	if u.Path == "" {
		u.Path = "/v1beta"
	}
	return u, nil
}

// path is the model's place under the base.
func (c *Config) path() string {
	if strings.Contains(c.Model, "/") {
		return c.Model
	}
	return "models/" + c.Model
}

func (c *Config) keyEnv() string {
	if c.KeyEnv != "" {
		return c.KeyEnv
	}
	return "GEMINI_API_KEY"
}

// model is what the configuration says of the model.
func (c *Config) model() eval.Model {
	m := c.As
	m.ID = c.Model
	if m.Kind == "" {
		m.Kind = "gemini"
	}
	if m.Name == "" {
		m.Name = c.Model
	}
	m.Options = httpapi.Options("max_model_len", c.MaxContext, "tool_choice", c.ToolChoice,
		"reasoning_effort", c.ReasoningEffort, "extra_body", c.ExtraBody)
	return m
}

// budgets are the thinking tokens of an effort, for models that take a number;
// they are those of Google's own translation.
var budgets = map[string]int{"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}

func checkEffort(effort string) error {
	words := []string{"", "none", "minimal", "low", "medium", "high"}
	if slices.Contains(words, effort) {
		return nil
	}
	if n, err := strconv.Atoi(effort); err == nil && n >= -1 {
		return nil
	}
	return fmt.Errorf("gemini: reasoning_effort %q%s: want none, minimal, low, medium, high or a number of tokens",
		effort, nearest.Hint(effort, words[1:]))
}
