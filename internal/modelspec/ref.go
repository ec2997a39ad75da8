package modelspec

import "olmoeval/eval"

// operational fields do not change which model it is.
var (
	operationalRoot   = []string{"api_base", "base_url", "force_download", "max_concurrency", "num_instances", "required_secrets"}
	operationalKwargs = []string{"enable_expert_parallel", "enable_prefix_caching", "force_download", "gpu_memory_utilization",
		"max_num_batched_tokens", "max_num_seqs", "pipeline_parallel_size", "tensor_parallel_size"}
)

// HashProvider is the reference's model_hash of a provider configuration: 16
// hex digits of SHA-256 over its canonical JSON without operational fields; ""
// for an empty one.
func HashProvider(provider map[string]any) string {
	if len(provider) == 0 {
		return ""
	}
	out := map[string]any{}
	for k, v := range provider {
		out[k] = v
	}
	for _, k := range operationalRoot {
		delete(out, k)
	}
	if kw, ok := out["kwargs"].(map[string]any); ok {
		rest := map[string]any{}
		for k, v := range kw {
			rest[k] = v
		}
		for _, k := range operationalKwargs {
			delete(rest, k)
		}
		if v, ok := rest["attention_backend"]; ok {
			out["attention_backend"] = v
			delete(rest, "attention_backend")
		}
		if len(rest) > 0 {
			out["kwargs"] = rest
		} else {
			delete(out, "kwargs")
		}
	}
	return eval.HashJSON(out)
}

// refPresets are fields of the reference's presets that ours do not have.
var refPresets = map[string]map[string]any{
	"llama3.1-8b":           {"kind": "vllm"},
	"llama3.1-8b-instruct":  {"kind": "vllm"},
	"llama3.1-70b":          {"kind": "vllm"},
	"llama3.1-70b-instruct": {"kind": "vllm"},
	"olmo-3-1025-7b": {"kind": "vllm", "revision": "stage2-step47684", "trust_remote_code": true, "max_model_len": 4096,
		"kwargs": map[string]any{"gpu_memory_utilization": 0.7, "add_bos_token": false}},
	"olmo-2-7b":              {"kind": "vllm", "trust_remote_code": true},
	"olmo-2-13b":             {"kind": "vllm", "trust_remote_code": true},
	"qwen2.5-7b":             {"kind": "vllm"},
	"qwen3-coder-30b":        {"kind": "vllm_server", "kwargs": map[string]any{"enable_expert_parallel": true, "tool_call_parser": "qwen3_coder"}},
	"deepseek-r1-distill-8b": {"kind": "vllm", "max_model_len": 32768},
	"mistral-7b":             {"kind": "vllm"},
	"gpt-4o":                 {"kind": "litellm", "api_base": "https://api.openai.com/v1"},
	"gpt-4o-mini":            {"kind": "litellm", "api_base": "https://api.openai.com/v1", "model": "openai/gpt-4o-mini"},
	"gpt-4-turbo":            {"kind": "litellm", "api_base": "https://api.openai.com/v1", "model": "openai/gpt-4-turbo"},
	"o3-mini-2025-01-31-medium": {"kind": "litellm", "api_base": "https://api.openai.com/v1", "model": "openai/o3-mini-2025-01-31",
		"kwargs": map[string]any{"reasoning_effort": "medium", "drop_params": true}},
	"mock": {"kind": "mock"},
}

// ModelHash is the reference's model_hash for what -m names, "" when fields
// were added that it does not have.
func (c *Config) ModelHash(s Spec) string {
	for _, o := range s.Fields {
		switch o.Path[0] {
		case "base_url", "max_concurrency", "name", "family", "step", "tokens", "api_key_env":
		default:
			return ""
		}
	}
	preset, ok := refPresets[s.Name]
	switch {
	case !ok && c.Kind == "mock":
		return ""
	case !ok:
		return HashProvider(map[string]any{"kind": "vllm_server", "model": s.Name})
	}
	provider := map[string]any{"model": c.Model}
	for k, v := range preset {
		provider[k] = v
	}
	return HashProvider(provider)
}
