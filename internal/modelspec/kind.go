package modelspec

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"olmoeval/internal/nearest"
)

// Kinds of provider.
const (
	Mock      = "mock"
	OpenAI    = "openai"    // any OpenAI-compatible endpoint
	Azure     = "azure"     // OpenAI's models at Azure
	Anthropic = "anthropic" // Anthropic's Messages
	Gemini    = "gemini"    // Google's Gemini
	Bedrock   = "bedrock"   // AWS Bedrock's Converse
	Exec      = "exec"      // a program that speaks JSON lines
	LlamaCPP  = "llamacpp"  // a GGUF checkpoint, in process
	// Servers that are started here, each speaking the OpenAI API.
	VLLM        = "vllm"
	SGLang      = "sglang"
	LlamaServer = "llama-server"
)

// Kinds lists the kinds, in the order of help texts.
func Kinds() []string {
	return []string{OpenAI, VLLM, SGLang, LlamaServer, LlamaCPP, Exec, Anthropic, Gemini, Azure, Bedrock, Mock}
}

// Started reports whether a kind is a server that is started here.
func Started(kind string) bool { return kind == VLLM || kind == SGLang || kind == LlamaServer }

// keyEnv names the variable that holds a kind's key, unless api_key_env does.
var keyEnv = map[string]string{
	OpenAI: "OPENAI_API_KEY", Azure: "AZURE_OPENAI_API_KEY", Anthropic: "ANTHROPIC_API_KEY", Gemini: "GEMINI_API_KEY",
}

// KeyEnv names the variable that holds a kind's key, "" for none.
func KeyEnv(kind string) string { return keyEnv[kind] }

// choose fills in what was not said: the kind, the endpoint of the environment,
// where the key is.
func (c *Config) choose(getenv func(string) string) {
	if c.Kind == "" {
		switch url := getenv("OPENAI_BASE_URL"); {
		case len(c.BaseURL) > 0:
			c.Kind = OpenAI
		case strings.HasSuffix(c.Model, ".gguf"):
			c.Kind, c.Origins["kind"] = LlamaCPP, "a .gguf file"
		case len(c.Command) > 0:
			c.Kind, c.Origins["kind"] = Exec, "command"
		case url != "":
			c.Kind = OpenAI
		case c.checkpoint() && onPath(VLLM, getenv("PATH")):
			c.Kind, c.Origins["kind"] = VLLM, "vllm is on PATH"
		}
	}
	if url := getenv("OPENAI_BASE_URL"); c.Kind == OpenAI && len(c.BaseURL) == 0 && url != "" {
		c.BaseURL, c.Origins["base_url"] = Texts{url}, "OPENAI_BASE_URL"
	}
	if c.APIKeyEnv == "" {
		c.APIKeyEnv = keyEnv[c.Kind]
	}
}

// checkpoint reports whether the model names weights that a server could load:
// a directory, or an id of the hub or an object store.
func (c *Config) checkpoint() bool {
	if strings.Contains(c.Model, "://") || strings.HasPrefix(c.Model, "hf:") {
		return true
	}
	if info, err := os.Stat(c.Model); err == nil {
		return info.IsDir()
	}
	return strings.Count(c.Model, "/") == 1
}

// onPath reports whether a command is in one of PATH's folders.
func onPath(name, path string) bool {
	return slices.ContainsFunc(filepath.SplitList(path), func(dir string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
	})
}

// check refuses a model that no provider can serve.
func (c *Config) check(p Presets, preset bool) error {
	for _, u := range c.BaseURL {
		if !strings.HasPrefix(u, "http://") && !strings.HasPrefix(u, "https://") {
			return fmt.Errorf("model %q: base_url %q: want http://… or https://…", c.Name, u)
		}
	}
	switch {
	case c.Kind != "" && !slices.Contains(Kinds(), c.Kind):
		return fmt.Errorf("model %q: unknown kind %q%s", c.Name, c.Kind, nearest.Hint(c.Kind, Kinds()))
	case c.Kind == Exec && len(c.Command) == 0:
		return fmt.Errorf("model %q: kind exec needs a program: command=[python3,engine.py]", c.Name)
	case c.Kind == Azure && len(c.BaseURL) == 0:
		return fmt.Errorf("model %q: kind azure needs base_url=https://RESOURCE.openai.azure.com/openai/v1", c.Name)
	case Started(c.Kind) && len(c.BaseURL) > 0:
		return fmt.Errorf("model %q: kind %s starts a server of its own; leave out base_url, or kind to use the one that runs", c.Name, c.Kind)
	case c.Kind != "" && (c.Kind != OpenAI || len(c.BaseURL) > 0):
		return nil
	}
	hint := ""
	if !preset && !strings.Contains(c.Name, "/") {
		if n, ok := nearest.Name(c.Name, p.Names()); ok {
			hint = fmt.Sprintf(" (or did you mean the preset %q?)", n)
		}
	}
	start := ""
	if c.checkpoint() {
		start = fmt.Sprintf("; -m %s,kind=vllm starts a server for it (sglang and llama-server likewise)", c.Name)
	}
	return fmt.Errorf("model %q: no endpoint serves it%s%s; for one that runs, type: -m %s,base_url=http://127.0.0.1:8000/v1 (or set OPENAI_BASE_URL)", c.Name, hint, start, c.Name)
}
