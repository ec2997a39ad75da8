package llamacpp

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/chattemplate"
	"olmoeval/internal/gguf"
	"olmoeval/internal/nearest"
)

// Boundaries between context and continuation.
const (
	// BoundaryLMEval encodes context and continuation together and counts off
	// the context's own tokens. It is the default.
	BoundaryLMEval = "lm_eval"
	// BoundarySeparate encodes the two apart.
	BoundarySeparate = "separate"
)

// How keys and values are kept.
const (
	KVF16 = "f16"
	KVF32 = "f32"
)

// Config says which checkpoint to load and how. The zero value of a field is
// its default.
type Config struct {
	// Path is the GGUF file, or the first of a checkpoint in several.
	Path string `json:"path"`
	// LibDir is where llama.cpp's libraries are; see [Libraries].
	LibDir string `json:"lib_dir,omitempty"`
	// ContextLength is the window in tokens; 0 is what the model was trained
	// for, at most 8192.
	ContextLength int `json:"max_model_len,omitempty"`
	// GPULayers is how many layers are computed on a GPU; nil leaves it to the
	// libraries.
	GPULayers *int `json:"gpu_layers,omitempty"`
	// Threads computes; 0 is the machine's cores.
	Threads int `json:"threads,omitempty"`
	// Parallel is how many requests are answered at once, each in a context
	// with memory of its own that shares the threads; 0 is 1. It changes no
	// answer.
	Parallel int `json:"parallel,omitempty"`
	// KVCache is how keys and values are kept: [KVF16], the default, as
	// llama.cpp's own programs do, or [KVF32], which takes twice the memory and
	// computes as the weights are written.
	KVCache string `json:"kv_cache,omitempty"`
	// AddBOS puts the BOS token before prompts and contexts; nil follows the
	// checkpoint.
	AddBOS   *bool  `json:"add_bos_token,omitempty"`
	Boundary string `json:"boundary,omitempty"`
	// ChatTemplate is Jinja text, or the path of a file with it, in place of the
	// checkpoint's.
	ChatTemplate string `json:"chat_template,omitempty"`
	// ChatTemplateKwargs are further variables of the template.
	ChatTemplateKwargs map[string]any `json:"chat_template_kwargs,omitempty"`
	// EOS is a text added to the stop sequences of completions.
	EOS string `json:"eos,omitempty"`
	// Logprobs gives generated tokens their log-probabilities; nil means true.
	Logprobs *bool `json:"logprobs,omitempty"`
	// Now is the clock of templates that write the date; nil refuses them.
	Now func() time.Time `json:"-"`
	// As is what the user knows of the model: name, revision, family, step,
	// tokens. Kind, ID, Weights, Path, Pinned and Options are filled in.
	As eval.Model `json:"-"`
	// Getenv reads the environment to find the libraries; nil reads none.
	Getenv func(string) string `json:"-"`
}

// Bounds of a configuration.
const (
	defaultContext = 8192
	maxContext     = 1 << 24
	maxParallel    = 64
)

// Validate reports the first mistake.
func (c *Config) Validate() error {
	known, caches := []string{BoundaryLMEval, BoundarySeparate}, []string{KVF16, KVF32}
	switch {
	case c.Path == "":
		return errors.New("llamacpp: no checkpoint; type: -m PATH.gguf")
	case c.Boundary != "" && !slices.Contains(known, c.Boundary):
		return fmt.Errorf("llamacpp: unknown boundary %q%s; known: %s", c.Boundary, nearest.Hint(c.Boundary, known), strings.Join(known, ", "))
	case c.KVCache != "" && !slices.Contains(caches, c.KVCache):
		return fmt.Errorf("llamacpp: unknown kv_cache %q; known: %s", c.KVCache, strings.Join(caches, ", "))
	case c.ContextLength < 0 || c.ContextLength > maxContext:
		return fmt.Errorf("llamacpp: max_model_len=%d: want 1 to %d tokens, or 0 for the model's own", c.ContextLength, maxContext)
	case c.Threads < 0 || c.GPULayers != nil && *c.GPULayers < 0:
		return errors.New("llamacpp: threads and gpu_layers must not be negative")
	case c.Parallel < 0 || c.Parallel > maxParallel:
		return fmt.Errorf("llamacpp: parallel=%d: want 0 to %d", c.Parallel, maxParallel)
	}
	return nil
}

// window is the context length in tokens, and whether it is less than what the
// model was trained for.
func (c *Config) window(f *gguf.File) (n int, capped bool) {
	trained := f.ContextLength()
	switch {
	case c.ContextLength > 0:
		return c.ContextLength, false
	case trained == 0:
		return 4096, false
	case trained > defaultContext:
		return defaultContext, true
	}
	return trained, false
}

// template is the chat template to use, nil if there is none. One of the
// checkpoint's that cannot be read is none, for the reason given in why.
func (c *Config) template(f *gguf.File) (t *chattemplate.Template, why string, err error) {
	source := c.ChatTemplate
	if source == "" {
		if source = f.ChatTemplate(); source == "" {
			return nil, "the checkpoint has no chat template (chat_template=FILE gives one)", nil
		}
		if t, err = chattemplate.Parse(source); err != nil {
			return nil, err.Error(), nil
		}
		return t, "", nil
	}
	if !strings.Contains(source, "{") {
		b, err := os.ReadFile(source)
		if err != nil {
			return nil, "", fmt.Errorf("llamacpp: chat_template: %w", err)
		}
		source = string(b)
	}
	if t, err = chattemplate.Parse(source); err != nil {
		return nil, "", fmt.Errorf("llamacpp: %w", err)
	}
	return t, "", nil
}

// model is the checkpoint's identity.
func (c *Config) model(weights string) eval.Model {
	m := c.As
	m.Kind, m.ID, m.Path = "llamacpp", c.Path, c.Path
	if m.Name == "" {
		m.Name = c.Path
	}
	m.Weights, m.Pinned = weights, true
	options := map[string]any{}
	set := func(key string, value any, used bool) {
		if used {
			options[key] = value
		}
	}
	set("max_model_len", c.ContextLength, c.ContextLength != 0)
	set("eos", c.EOS, c.EOS != "")
	set("boundary", c.Boundary, c.Boundary != "" && c.Boundary != BoundaryLMEval)
	set("kv_cache", c.KVCache, c.KVCache != "" && c.KVCache != KVF16)
	set("chat_template", c.ChatTemplate, c.ChatTemplate != "")
	set("chat_template_kwargs", c.ChatTemplateKwargs, len(c.ChatTemplateKwargs) > 0)
	if c.AddBOS != nil {
		options["add_bos_token"] = *c.AddBOS
	}
	m.Options = nil
	if len(options) > 0 {
		m.Options = options
	}
	return m
}
