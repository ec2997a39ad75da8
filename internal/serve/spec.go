package serve

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"olmoeval/internal/nearest"
)

// Kinds of server.
const (
	VLLM        = "vllm"
	SGLang      = "sglang"
	LlamaServer = "llama-server"
)

// Kinds lists them.
func Kinds() []string { return []string{VLLM, SGLang, LlamaServer} }

// Spec says which model to serve, with what. The zero value of a field is the
// server's own default where the field names no other.
type Spec struct {
	Kind string
	// Model is a directory, a GGUF file, or an id that the server resolves.
	Model string
	// Tokenizer is a directory or id where it is not the model's.
	Tokenizer string
	Revision  string // of an id
	// ServedName is what requests call the model; "" means Model.
	ServedName string
	// Executable is a program, such as /venv/bin/vllm or a python that has the
	// server installed, or the folder of its environment; "" is looked for on
	// PATH.
	Executable string
	// Args are further flags: {"enforce_eager": true} is --enforce-eager, false
	// and nil are left out, lists and maps are JSON. They win over the fields.
	Args map[string]any
	// Replicas is how many servers; 0 means one, or as many as the GPUs hold
	// with GPUs "all".
	Replicas int
	// TensorParallel is GPUs a replica; 0 goes by WeightsBytes, and where that is
	// 0, by ParallelHint.
	TensorParallel int
	ParallelHint   int
	// GPUs are the ids that may be used, or "all"; empty means those of
	// CUDA_VISIBLE_DEVICES, or all.
	GPUs            []string
	MaxModelLen     int
	DType           string
	GPUMemory       *float64 // share of a GPU's memory, of (0, 1]
	TrustRemoteCode bool
	ChatTemplate    string // a file
	ToolCallParser  string
	ReasoningParser string
	// WeightsBytes is the size of the weights, 0 if unknown.
	WeightsBytes int64
	// StartTimeout bounds a cold start; 0 means [DefaultStartTimeout].
	StartTimeout time.Duration
	// LogDir gets the servers' output; "" keeps only the last lines, in memory.
	LogDir string
	// Env is added to the server's environment; an empty value removes.
	Env map[string]string
}

// name is what requests call the model.
func (s *Spec) name() string {
	if s.ServedName != "" {
		return s.ServedName
	}
	return s.Model
}

// String is for messages: "vllm org/model".
func (s *Spec) String() string { return s.Kind + " " + s.name() }

// Validate reports the first mistake.
func (s *Spec) Validate() error {
	switch {
	case !slices.Contains(Kinds(), s.Kind):
		return fmt.Errorf("serve: unknown kind %q%s; known: %s", s.Kind, nearest.Hint(s.Kind, Kinds()), strings.Join(Kinds(), ", "))
	case s.Model == "":
		return fmt.Errorf("serve: no model")
	case strings.HasPrefix(s.Model, "-"):
		return fmt.Errorf("serve: model %q: a name must not start with -", s.Model)
	case s.Replicas < 0 || s.TensorParallel < 0 || s.MaxModelLen < 0:
		return fmt.Errorf("serve: %s: num_instances, tensor_parallel_size and max_model_len must not be negative", s)
	case s.GPUMemory != nil && (*s.GPUMemory <= 0 || *s.GPUMemory > 1):
		return fmt.Errorf("serve: %s: gpu_memory_utilization=%g: want a share above 0, at most 1", s, *s.GPUMemory)
	case s.allGPUs() && len(s.GPUs) > 1:
		return fmt.Errorf("serve: %s: gpus: want all, or ids", s)
	}
	_, err := flags(s, 0, 1)
	return err
}

func (s *Spec) allGPUs() bool { return slices.Contains(s.GPUs, "all") }

// DefaultStartTimeout is how long a server may take to be ready: 10 minutes to
// start and compile, and a minute for each 3 GiB of weights, which a slow
// network disk reads at 50 MiB a second; at most an hour, and half an hour
// where the size is not known.
func DefaultStartTimeout(weights int64) time.Duration {
	if weights <= 0 {
		return 30 * time.Minute
	}
	return min(10*time.Minute+time.Duration(float64(weights)/(3<<30)*float64(time.Minute)), time.Hour)
}

func (s *Spec) startTimeout() time.Duration {
	if s.StartTimeout > 0 {
		return s.StartTimeout
	}
	return DefaultStartTimeout(s.WeightsBytes)
}

// program finds what to execute; python says that it is an interpreter, which
// is to run the server's module.
func (s *Spec) program(env environ) (path string, python bool, err error) {
	command := map[string]string{VLLM: "vllm", SGLang: "python3", LlamaServer: "llama-server"}[s.Kind]
	path = s.Executable
	if path == "" && s.Kind == VLLM {
		path = env.get("VLLM_PYTHON")
	}
	if path == "" {
		path = command
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "bin", command)
	}
	found, ok := env.look(path)
	if !ok {
		return "", false, fmt.Errorf("serve: %s: no program %q; install it, or say where it is: server=/path/to/%s", s, path, command)
	}
	return found, strings.HasPrefix(filepath.Base(found), "python"), nil
}
