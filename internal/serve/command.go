package serve

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// flag is a name without dashes, and a value as in [Spec.Args].
type flag struct {
	name  string
	value any
}

// fixed are the flags that must be as we set them: where the server listens and
// what it asks for, and which model it serves under which name.
var fixed = map[string][]string{
	VLLM:        {"host", "port", "api-key", "model", "served-model-name", "uds", "ssl-keyfile", "ssl-certfile", "root-path", "headless", "config"},
	SGLang:      {"host", "port", "api-key", "model", "model-path", "served-model-name", "ssl-keyfile", "ssl-certfile", "fastapi-root-path", "config"},
	LlamaServer: {"host", "port", "api-key", "api-key-file", "model", "alias", "hf-repo", "ssl-key-file", "ssl-cert-file", "api-prefix"},
}

// flags are the flags of a server on a port, with parallel GPUs.
func flags(s *Spec, port, parallel int) ([]flag, error) {
	var out []flag
	switch s.Kind {
	case VLLM:
		out = vllmFlags(s, port, parallel)
	case SGLang:
		out = sglangFlags(s, port, parallel)
	default:
		out = llamaFlags(s, port)
	}
	given := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(s.Args)) {
		name := strings.ReplaceAll(strings.TrimLeft(key, "-"), "_", "-")
		if name == "" || strings.ContainsAny(name, " =\t\n") {
			return nil, fmt.Errorf("serve: %s: server_args: %q is no name of a flag", s, key)
		}
		if slices.Contains(fixed[s.Kind], name) {
			return nil, fmt.Errorf("serve: %s: server_args must not hold %q, which is set here", s, key)
		}
		if old, ok := given[name]; ok {
			return nil, fmt.Errorf("serve: %s: server_args has %q and %q, which are one flag", s, old, key)
		}
		given[name] = key
		out = slices.DeleteFunc(out, func(f flag) bool {
			return f.name == name || f.name == "no-"+name || "no-"+f.name == name
		})
		value := s.Args[key]
		if name == "enable-prefix-caching" && value == false && s.Kind == VLLM {
			name, value = "no-enable-prefix-caching", true // leaving it out would not turn it off
		}
		out = append(out, flag{name, value})
	}
	return out, nil
}

func vllmFlags(s *Spec, port, parallel int) []flag {
	out := []flag{{"host", "127.0.0.1"}, {"port", port}, {"served-model-name", s.name()}, {"enable-prefix-caching", true}}
	out = append(out, optional("tokenizer", s.Tokenizer)...)
	out = append(out, optional("revision", s.Revision)...)
	out = append(out, optional("tensor-parallel-size", above(parallel, 1))...)
	out = append(out, optional("max-model-len", s.MaxModelLen)...)
	out = append(out, optional("dtype", s.DType)...)
	if s.GPUMemory != nil {
		out = append(out, flag{"gpu-memory-utilization", *s.GPUMemory})
	}
	out = append(out, flag{"trust-remote-code", s.TrustRemoteCode})
	out = append(out, optional("chat-template", s.ChatTemplate)...)
	if s.ToolCallParser != "" {
		out = append(out, flag{"enable-auto-tool-choice", true}, flag{"tool-call-parser", s.ToolCallParser})
	}
	return append(out, optional("reasoning-parser", s.ReasoningParser)...)
}

func sglangFlags(s *Spec, port, parallel int) []flag {
	out := []flag{{"model-path", s.Model}, {"host", "127.0.0.1"}, {"port", port}, {"served-model-name", s.name()}}
	out = append(out, optional("tokenizer-path", s.Tokenizer)...)
	out = append(out, optional("revision", s.Revision)...)
	out = append(out, optional("tensor-parallel-size", above(parallel, 1))...)
	out = append(out, optional("context-length", s.MaxModelLen)...)
	out = append(out, optional("dtype", s.DType)...)
	if s.GPUMemory != nil {
		out = append(out, flag{"mem-fraction-static", *s.GPUMemory})
	}
	out = append(out, flag{"trust-remote-code", s.TrustRemoteCode})
	out = append(out, optional("chat-template", s.ChatTemplate)...)
	out = append(out, optional("tool-call-parser", s.ToolCallParser)...)
	return append(out, optional("reasoning-parser", s.ReasoningParser)...)
}

func llamaFlags(s *Spec, port int) []flag {
	model := flag{"model", gguf(s.Model)}
	if model.value == "" {
		model = flag{"hf-repo", s.Model}
	}
	out := []flag{model, {"alias", s.name()}, {"host", "127.0.0.1"}, {"port", port}}
	out = append(out, optional("ctx-size", s.MaxModelLen)...)
	out = append(out, optional("chat-template-file", s.ChatTemplate)...)
	return append(out, flag{"jinja", s.ToolCallParser != "" || s.ChatTemplate != ""})
}

// gguf is the weights' file: the path itself, or the first part of the only
// model in a folder; "" where the model is no path.
func gguf(model string) string {
	info, err := os.Stat(model)
	if err != nil {
		return ""
	}
	if !info.IsDir() {
		return model
	}
	files, _ := filepath.Glob(filepath.Join(model, "*.gguf")) // sorted: part 00001 comes first
	files = slices.DeleteFunc(files, func(f string) bool { return strings.HasPrefix(filepath.Base(f), "mmproj") })
	if len(files) == 0 {
		return model // the server says what is wrong with it
	}
	return files[0]
}

func above(n, least int) int {
	if n > least {
		return n
	}
	return 0
}

// optional is a flag, or none for a zero value.
func optional[T comparable](name string, value T) []flag {
	var zero T
	if value == zero {
		return nil
	}
	return []flag{{name, value}}
}

// argv is the whole command line; config is SGLang's file with the key.
func argv(s *Spec, program string, python bool, port, parallel int, config string) ([]string, error) {
	list, err := flags(s, port, parallel)
	if err != nil {
		return nil, err
	}
	args := []string{program}
	switch {
	case s.Kind == SGLang && python:
		args = append(args, "-m", "sglang.launch_server")
	case s.Kind == VLLM && python:
		args = append(args, "-m", "vllm.entrypoints.openai.api_server", "--model", s.Model)
	case s.Kind == VLLM:
		args = append(args, "serve", s.Model)
	}
	if config != "" {
		args = append(args, "--config", config)
	}
	for _, f := range list {
		text, ok, err := render(f.value)
		if err != nil {
			return nil, fmt.Errorf("serve: %s: server_args: %s: %w", s, f.name, err)
		}
		if !ok {
			continue
		}
		args = append(args, "--"+f.name)
		if f.value != true {
			args = append(args, text)
		}
	}
	return args, nil
}

// render is a value as a flag takes it; ok is false for one that is left out.
func render(value any) (text string, ok bool, err error) {
	switch v := value.(type) {
	case nil:
		return "", false, nil
	case bool:
		return "", v, nil
	case string:
		return v, true, nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true, nil
	}
	b, err := json.Marshal(value)
	return string(b), true, err
}
