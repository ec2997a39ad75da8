package serve

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestArgv(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"m-00001-of-00002.gguf", "m-00002-of-00002.gguf", "mmproj-m.gguf"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	share := 0.85
	full := Spec{Model: "org/m", Tokenizer: "tok", Revision: "abc", ServedName: "mine", MaxModelLen: 8192, DType: "bfloat16", GPUMemory: &share,
		TrustRemoteCode: true, ChatTemplate: "t.jinja", ToolCallParser: "hermes", ReasoningParser: "qwen3"}
	of := func(kind string, change func(*Spec)) Spec {
		s := full
		s.Kind = kind
		if change != nil {
			change(&s)
		}
		return s
	}
	for _, c := range []struct {
		spec     Spec
		python   bool
		parallel int
		config   string
		want     string
	}{
		{Spec{Kind: VLLM, Model: "org/m"}, false, 1, "", "/x serve org/m --host 127.0.0.1 --port 9 --served-model-name org/m --enable-prefix-caching"},
		{Spec{Kind: VLLM, Model: "org/m"}, true, 1, "", "/x -m vllm.entrypoints.openai.api_server --model org/m --host 127.0.0.1 --port 9 --served-model-name org/m --enable-prefix-caching"},
		{of(VLLM, nil), false, 2, "", "/x serve org/m --host 127.0.0.1 --port 9 --served-model-name mine --enable-prefix-caching --tokenizer tok --revision abc --tensor-parallel-size 2 --max-model-len 8192 --dtype bfloat16 --gpu-memory-utilization 0.85 --trust-remote-code --chat-template t.jinja --enable-auto-tool-choice --tool-call-parser hermes --reasoning-parser qwen3"},
		{of(SGLang, nil), true, 4, "/k", "/x -m sglang.launch_server --config /k --model-path org/m --host 127.0.0.1 --port 9 --served-model-name mine --tokenizer-path tok --revision abc --tensor-parallel-size 4 --context-length 8192 --dtype bfloat16 --mem-fraction-static 0.85 --trust-remote-code --chat-template t.jinja --tool-call-parser hermes --reasoning-parser qwen3"},
		{Spec{Kind: LlamaServer, Model: dir, ServedName: "m", MaxModelLen: 512}, false, 1, "", "/x --model " + dir + "/m-00001-of-00002.gguf --alias m --host 127.0.0.1 --port 9 --ctx-size 512"},
		{Spec{Kind: LlamaServer, Model: "org/m-GGUF", ChatTemplate: "t"}, false, 1, "", "/x --hf-repo org/m-GGUF --alias org/m-GGUF --host 127.0.0.1 --port 9 --chat-template-file t --jinja"},
		{Spec{Kind: VLLM, Model: "m", MaxModelLen: 10, Args: map[string]any{"enforce_eager": true, "--disable_log_stats": false, "max_num_seqs": 256.0, "hf_overrides": map[string]any{"b": 1, "a": []any{"x"}},
			"seed": json.Number("7"), "nothing": nil, "enable-prefix-caching": false, "max_model_len": 20, "rope_theta": 5e6, "name": "a b"}}, false, 1, "",
			`/x serve m --host 127.0.0.1 --port 9 --served-model-name m --no-enable-prefix-caching --enforce-eager --hf-overrides {"a":["x"],"b":1} --max-model-len 20 --max-num-seqs 256 --name a b --rope-theta 5000000 --seed 7`},
	} {
		got, err := argv(&c.spec, "/x", c.python, 9, c.parallel, c.config)
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%v\n got %q\nwant %q", err, strings.Join(got, " "), c.want)
		}
	}
}

func TestValidate(t *testing.T) {
	share := 1.5
	for text, s := range map[string]Spec{
		`unknown kind "vlm"`:          {Kind: "vlm", Model: "m"},
		"no model":                    {Kind: VLLM},
		"start with -":                {Kind: VLLM, Model: "--host"},
		"gpu_memory_utilization":      {Kind: VLLM, Model: "m", GPUMemory: &share},
		`must not hold "api_key"`:     {Kind: VLLM, Model: "m", Args: map[string]any{"api_key": "x"}},
		`must not hold "--host"`:      {Kind: SGLang, Model: "m", Args: map[string]any{"--host": "0.0.0.0"}},
		"which are one flag":          {Kind: VLLM, Model: "m", Args: map[string]any{"max_num_seqs": 1, "max-num-seqs": 2}},
		"is no name of a flag":        {Kind: VLLM, Model: "m", Args: map[string]any{"a b": 1}},
		"num_instances, tensor_paral": {Kind: VLLM, Model: "m", Replicas: -1},
		"want all, or ids":            {Kind: VLLM, Model: "m", GPUs: []string{"all", "1"}},
	} {
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%+v: %v, want %q", s, err, text)
		}
	}
}

func TestEnviron(t *testing.T) {
	own := environ{"PATH=/bin", "A=1", "A=2", "VLLM_PYTHON=/venv/bin/python", "OLMO_EVAL_HOME=/h", "TOGETHER_API_KEY=t", "CUDA_VISIBLE_DEVICES=4,5", "EMPTY="}
	s := &Spec{Kind: LlamaServer, Model: "m", Env: map[string]string{"EXTRA": "x", "PATH": ""}}
	got := childEnv(own, s, settings(s, "4", 0), "key")
	want := []string{"A=2", "CUDA_DEVICE_ORDER=PCI_BUS_ID", "CUDA_VISIBLE_DEVICES=4", "DO_NOT_TRACK=1", "EMPTY=", "EXTRA=x", "LLAMA_API_KEY=key", "PYTHONUNBUFFERED=1"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := childEnv(own, s, settings(s, "", 0), "key"); environ(got).get("CUDA_VISIBLE_DEVICES") != "4,5" {
		t.Errorf("without gpus of ours: %q", got)
	}
}

func TestWidth(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"text_config":{"num_attention_heads":28}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := attentionHeads(dir); got != 28 {
		t.Errorf("heads %d", got)
	}
	for _, c := range []struct {
		args           map[string]any
		parallel, each int
	}{
		{nil, 1, 1}, {map[string]any{"pipeline_parallel_size": 2.0}, 1, 2}, {map[string]any{"tp": "4", "dp_size": 2}, 4, 8},
		{map[string]any{"tensor_parallel_size": json.Number("4"), "dp": 4, "enable_dp_attention": true}, 4, 4},
	} {
		s := &Spec{Kind: SGLang, Model: "m", Args: c.args}
		parallel, each, err := width(s, nil, true)
		if err != nil || parallel != c.parallel || each != c.each {
			t.Errorf("%v: %d of %d, %v", c.args, parallel, each, err)
		}
	}
	if parallel, _, err := width(&Spec{Kind: VLLM, Model: "m", ParallelHint: 4}, nil, true); parallel != 4 || err != nil {
		t.Errorf("without the size of the weights: %d, %v", parallel, err)
	}
}

func TestDiagnose(t *testing.T) {
	for line, want := range map[string]string{
		"OSError: [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use":                                           "took the port",
		"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.":                                                                             "lower gpu_memory_utilization",
		"ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9000 MiB on device 0: cudaMalloc failed: out of memory":                                       "lower gpu_memory_utilization",
		"ValueError: Free memory on device (3.2/79.2 GiB) on startup is less than desired GPU memory utilization (0.9, 71.3 GiB).":                            "another process uses the gpu",
		"ValueError: To serve at least one request with the models's max seq len (131072), (16.00 GiB KV cache is needed, which is larger than the available": "lower max_model_len",
		"OSError: You are trying to access a gated repo.":                                                                                                     "https://huggingface.co/org/m",
		"ValueError: The checkpoint you are trying to load has model type `x` but Transformers does not recognize this architecture.":                         "does not know the architecture",
		"llama_model_load: error loading model: error loading model architecture: unknown model architecture: 'x'":                                            "does not know the architecture",
		"Please pass the argument `trust_remote_code=True` to allow custom code to be run.":                                                                   "trust_remote_code=true",
		"ModuleNotFoundError: No module named 'vllm'":                                                                                                         "server=",
		"RuntimeError: The NVIDIA driver on your system is too old (found version 11040).":                                                                    "update the driver",
		"vllm: error: unrecognized arguments: --foo 1":                                                                                                        "lacks a flag",
		"ValueError: Total number of attention heads (28) must be divisible by tensor parallel size (8).":                                                     "divides the attention heads",
	} {
		i := diagnose(line)
		if i < 0 {
			t.Errorf("%q says nothing", line)
			continue
		}
		f := (&Failure{What: "x", advice: i}).fault(&Spec{Kind: VLLM, Model: "org/m"})
		if !strings.Contains(f.Hint, want) {
			t.Errorf("%q: hint %q, want %q", line, f.Hint, want)
		}
	}
	for _, line := range []string{"INFO non-default args: {'trust_remote_code': True, 'tool_call_parser': 'hermes'}", "INFO 11-24 Avg prompt throughput", ""} {
		if i := diagnose(line); i >= 0 {
			t.Errorf("%q: %q", line, advices[i].hint)
		}
	}
}
