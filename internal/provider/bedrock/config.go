package bedrock

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
	"olmoeval/internal/provider/httpapi"
)

// Config is how the API is spoken to. The zero value of a field is its default.
type Config struct {
	// Model is the id or ARN of a model or an inference profile.
	Model       string      `json:"model"`
	Credentials Credentials `json:"credentials"`
	// Region is that of the credentials if empty.
	Region string `json:"region,omitempty"`
	// BaseURL is the region's public endpoint if empty.
	BaseURL string `json:"base_url,omitempty"`
	// Timeout bounds each HTTP call; 0 leaves it to the context.
	Timeout time.Duration `json:"timeout,omitempty"`
	// MaxContext is the window in tokens; the API does not tell it.
	MaxContext int `json:"max_model_len,omitempty"`
	// ToolChoice is sent with requests that have tools: auto, any.
	ToolChoice string `json:"tool_choice,omitempty"`
	// ExtraBody is merged into every request and wins over what is there; what
	// only some models take goes under additionalModelRequestFields.
	ExtraBody map[string]any  `json:"extra_body,omitempty"`
	Headers   httpapi.Headers `json:"headers,omitempty"`
	// Dial reaches the host where the network does not; nil dials.
	Dial httpapi.Dial `json:"-"`
	// As is what the user knows of the model. ID and Options are filled in, and
	// Kind where it is empty.
	As eval.Model `json:"-"`
}

// regions have names such as us-east-1 and us-gov-west-1.
var regions = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-\d+$`)

// Validate reports the first mistake.
func (c *Config) Validate() error {
	if c.Model == "" {
		return errors.New("bedrock: no model name; for example us.amazon.nova-lite-v1:0")
	}
	if !c.Credentials.present() {
		return errors.New("bedrock: no credentials; set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to one of ~/.aws/credentials")
	}
	region := first(c.Region, c.Credentials.Region)
	if region == "" {
		return errors.New("bedrock: no region; give region=us-east-1 or set AWS_REGION")
	}
	if !regions.MatchString(region) {
		return fmt.Errorf("bedrock: region %q: want one such as us-east-1", region)
	}
	if _, err := c.base(); err != nil {
		return err
	}
	if choices := []string{"", "auto", "any"}; !slices.Contains(choices, c.ToolChoice) {
		return fmt.Errorf("bedrock: unknown tool_choice %q%s", c.ToolChoice, nearest.Hint(c.ToolChoice, choices[1:]))
	}
	if c.MaxContext < 0 || c.Timeout < 0 {
		return errors.New("bedrock: max_model_len and timeout must not be negative")
	}
	for _, key := range []string{"messages", "system"} {
		if _, ok := c.ExtraBody[key]; ok {
			return fmt.Errorf("bedrock: extra_body must not hold %q, which has a setting of its own", key)
		}
	}
	return nil
}

func (c *Config) base() (*url.URL, error) {
	region := first(c.Region, c.Credentials.Region)
	text := c.BaseURL
	if text == "" {
		text = "https://bedrock-runtime." + region + ".amazonaws.com"
		if strings.HasPrefix(region, "cn-") {
			text += ".cn"
		}
	}
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("bedrock: base_url %q: want https://HOST", text)
	}
	return u, nil
}

// converse is the address of the model's call. The model is one part of the
// path, whatever it contains.
func (c *Config) converse() (*url.URL, error) {
	u, err := c.base()
	if err != nil {
		return nil, err
	}
	before := u.Path
	u.Path = before + "/model/" + c.Model + "/converse"
	u.RawPath = before + "/model/" + escape(c.Model, false) + "/converse"
	return u, nil
}

func (c *Config) keyEnv() string {
	if c.Credentials.Bearer != "" {
		return "AWS_BEARER_TOKEN_BEDROCK"
	}
	return "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
}

// model is what the configuration says of the model.
func (c *Config) model() eval.Model {
	m := c.As
	m.ID = c.Model
	if m.Kind == "" {
		m.Kind = "bedrock"
	}
	if m.Name == "" {
		m.Name = c.Model
	}
	m.Options = httpapi.Options("max_model_len", c.MaxContext, "tool_choice", c.ToolChoice, "extra_body", c.ExtraBody)
	return m
}
