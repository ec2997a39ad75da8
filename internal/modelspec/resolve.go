package modelspec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"

	"github.com/goccy/go-yaml"

	"olmoeval/eval"
	"olmoeval/internal/dotted"
	"olmoeval/internal/nearest"
	"olmoeval/internal/weights"
)

// Config is a model with everything needed to reach it.
type Config struct {
	// Name is what the user calls it; Model what is asked for at the server.
	Name  string `json:"name,omitempty" yaml:"name"`
	Model string `json:"model,omitempty" yaml:"model"`
	// Kind is the provider: see [Kinds].
	Kind     string `json:"kind,omitempty" yaml:"kind"`
	BaseURL  Texts  `json:"base_url,omitempty" yaml:"base_url"` // several are replicas
	Revision string `json:"revision,omitempty" yaml:"revision"`
	Family   string `json:"family,omitempty" yaml:"family"`
	Step     *int64 `json:"step,omitempty" yaml:"step"`
	Tokens   *int64 `json:"tokens,omitempty" yaml:"tokens"`
	// APIKeyEnv names the environment variable with the key.
	APIKeyEnv string `json:"api_key_env,omitempty" yaml:"api_key_env"`
	// MaxModelLen bounds context and answer in tokens; 0 asks the server.
	MaxModelLen int   `json:"max_model_len,omitempty" yaml:"max_model_len"`
	AddBOS      *bool `json:"add_bos_token,omitempty" yaml:"add_bos_token"`
	// EOS is a text added to the stop sequences of completions.
	EOS string `json:"eos,omitempty" yaml:"eos"`
	// Boundary between context and continuation: lm_eval (default), separate or
	// text_offset.
	Boundary string `json:"boundary,omitempty" yaml:"boundary"`
	// Logprobs asks for the tokens of generations; nil means false.
	Logprobs *bool `json:"logprobs,omitempty" yaml:"logprobs"`
	Stream   bool  `json:"stream,omitempty" yaml:"stream"`
	// MaxConcurrency bounds requests in flight, 0 adapts.
	MaxConcurrency     int            `json:"max_concurrency,omitempty" yaml:"max_concurrency"`
	ChatTemplateKwargs map[string]any `json:"chat_template_kwargs,omitempty" yaml:"chat_template_kwargs"`
	ExtraBody          map[string]any `json:"extra_body,omitempty" yaml:"extra_body"`
	// ReasoningEffort is the server's word, sent where a task says none.
	ReasoningEffort string `json:"reasoning_effort,omitempty" yaml:"reasoning_effort"`
	// Headers are sent with every request; ${NAME} stands for an environment
	// variable, so that no secret needs to be written down.
	Headers map[string]string `json:"headers,omitempty" yaml:"headers"`
	// APIVersion is Azure's; Region is Bedrock's.
	APIVersion string `json:"api_version,omitempty" yaml:"api_version"`
	Region     string `json:"region,omitempty" yaml:"region"`
	// Price is in US dollars for a million tokens.
	Price *Price `json:"price,omitempty" yaml:"price"`
	// Command starts an exec provider: a program and its arguments.
	Command Texts `json:"command,omitempty" yaml:"command"`
	// Env names variables that an exec provider gets though they look like
	// secrets, such as HF_TOKEN; Options are handed to it as they are.
	Env     Texts          `json:"env,omitempty" yaml:"env"`
	Options map[string]any `json:"options,omitempty" yaml:"options"`
	// Tokenizer is a directory or hub id with tokenizer.json where the model's
	// own is not to be used.
	Tokenizer string `json:"tokenizer,omitempty" yaml:"tokenizer"`

	// GPULayers and Threads are llama.cpp's, in process.
	GPULayers *int `json:"gpu_layers,omitempty" yaml:"gpu_layers"`
	Threads   int  `json:"threads,omitempty" yaml:"threads"`
	// KVCache is how llama.cpp keeps keys and values, in process: f16 (default)
	// or f32.
	KVCache string `json:"kv_cache,omitempty" yaml:"kv_cache"`

	// The rest is for servers that are started here, and for processes.

	// NumInstances is how many replicas; 0 means one, or as many as the GPUs
	// hold with gpus=all.
	NumInstances int `json:"num_instances,omitempty" yaml:"num_instances"`
	// TensorParallel is GPUs a replica; 0 goes by the size of the weights.
	TensorParallel int `json:"tensor_parallel_size,omitempty" yaml:"tensor_parallel_size"`
	// GPUs are the ids that may be used, or "all" (default: those of
	// CUDA_VISIBLE_DEVICES, else all).
	GPUs            Texts    `json:"gpus,omitempty" yaml:"gpus"`
	GPUMemory       *float64 `json:"gpu_memory_utilization,omitempty" yaml:"gpu_memory_utilization"`
	DType           string   `json:"dtype,omitempty" yaml:"dtype"`
	TrustRemoteCode bool     `json:"trust_remote_code,omitempty" yaml:"trust_remote_code"`
	ChatTemplate    string   `json:"chat_template,omitempty" yaml:"chat_template"`
	ToolCallParser  string   `json:"tool_call_parser,omitempty" yaml:"tool_call_parser"`
	ReasoningParser string   `json:"reasoning_parser,omitempty" yaml:"reasoning_parser"`
	// Server is the executable, such as /venv/bin/vllm; "" is looked for on PATH.
	Server string `json:"server,omitempty" yaml:"server"`
	// ServerArgs are further flags: {enforce_eager: true} is --enforce-eager.
	ServerArgs map[string]any `json:"server_args,omitempty" yaml:"server_args"`
	// StartTimeout, such as 20m, bounds a cold start; "" goes by the size of the
	// weights.
	StartTimeout string `json:"start_timeout,omitempty" yaml:"start_timeout"`

	// Origins says where each field came from.
	Origins map[string]string `json:"-" yaml:"-"`
}

// Price is what tokens cost, in US dollars for a million.
type Price struct {
	Prompt     float64  `json:"prompt" yaml:"prompt"`
	Cached     *float64 `json:"cached,omitempty" yaml:"cached"` // nil: as Prompt
	Completion float64  `json:"completion" yaml:"completion"`
}

// Texts is one text or several.
type Texts []string

// UnmarshalJSON takes a string or a list of strings.
func (t *Texts) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = Texts{s}
		return nil
	}
	var list []string
	err := json.Unmarshal(b, &list)
	*t = list
	return err
}

// UnmarshalYAML takes a string or a list of strings.
func (t *Texts) UnmarshalYAML(unmarshal func(any) error) error {
	var s string
	if err := unmarshal(&s); err == nil {
		*t = Texts{s}
		return nil
	}
	var list []string
	err := unmarshal(&list)
	*t = list
	return err
}

// Presets are named models.
type Presets map[string]Config

// Names lists the presets, sorted.
func (p Presets) Names() []string {
	names := make([]string, 0, len(p))
	for n := range p {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// Resolve makes a configuration of a spec: the preset's fields or a bare model
// id, then the environment's endpoint, then the fields given.
func (p Presets) Resolve(s Spec, getenv func(string) string) (*Config, error) {
	if IsMock(s.Name) {
		return &Config{Name: s.Name, Model: s.Name, Kind: "mock", Origins: map[string]string{"model": "-m"}}, nil
	}
	c, preset := p[s.Name]
	if !preset {
		c = Config{Model: s.Name}
	}
	c.Origins = map[string]string{}
	origin := "-m"
	if preset {
		origin = "preset " + s.Name
	}
	tree, err := dotted.Tree(c)
	if err != nil {
		return nil, err
	}
	m := tree.(map[string]any)
	for k := range m {
		c.Origins[k] = origin
	}
	for _, o := range s.Fields {
		if o.Value, err = object(o.Value); err != nil {
			return nil, fmt.Errorf("model %q: %s: %w", s.Name, o.Key(), err)
		}
		if m, err = dotted.Set(m, o); err != nil {
			return nil, fmt.Errorf("model %q: %w", s.Name, err)
		}
		c.Origins[o.Path[0]] = "-m"
	}
	origins := c.Origins
	if c, err = decode(m); err != nil {
		return nil, fmt.Errorf("model %q: %w", s.Name, err)
	}
	c.Origins = origins
	if c.Name == "" {
		c.Name = s.Name
	}
	c.choose(getenv)
	if c.Step == nil {
		if n, ok := Step(s.Name); ok {
			c.Step = &n
			c.Origins["step"] = "name"
		}
	}
	return &c, c.check(p, preset)
}

// object reads a text in braces as the YAML mapping it is, so that
// price={prompt: 3, completion: 15} needs no quotes round its keys. Other values
// are returned as they are.
func object(v any) (any, error) {
	text, ok := v.(string)
	if !ok || !strings.HasPrefix(text, "{") || !strings.HasSuffix(text, "}") {
		return v, nil
	}
	var m map[string]any
	if err := yaml.Unmarshal([]byte(text), &m); err != nil {
		return nil, fmt.Errorf("%s: want {key: value, …}", text)
	}
	return m, nil
}

func decode(m map[string]any) (Config, error) {
	var c Config
	b, err := json.Marshal(m)
	if err != nil {
		return c, err
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	err = dec.Decode(&c)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return c, fmt.Errorf("field %s: want %s, got %s", wrong.Field, wrong.Type, wrong.Value)
	case err != nil:
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			name = strings.Trim(name, `"`)
			return c, fmt.Errorf("unknown field %q%s", name, nearest.Hint(name, Fields()))
		}
		return c, err
	}
	return c, nil
}

// Fields lists the provider fields that -m takes.
func Fields() []string {
	var out []string
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "-" && name != "" {
			out = append(out, name)
		}
	}
	return out
}

// Identity is what the user says of the model, with the digest of its weights
// where they can be read; the provider adds the options that change answers.
func (c *Config) Identity() eval.Model {
	m := eval.Model{Name: c.Name, Kind: c.Kind, ID: c.Model, Revision: c.Revision, Family: c.Family, Step: c.Step, Tokens: c.Tokens}
	if info, err := os.Stat(c.Model); err == nil && (info.IsDir() || filepath.Ext(c.Model) == ".gguf") {
		if abs, err := filepath.Abs(c.Model); err == nil {
			m.Path = abs
		}
		// Weights that cannot be read have no digest: the path stands for them.
		m.Weights, _ = weights.Digest(c.Model)
		m.Pinned = m.Weights != ""
	}
	return m
}
