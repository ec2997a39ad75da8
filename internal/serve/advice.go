package serve

import (
	"strings"

	"olmoeval/eval"
)

// advice is what a line of a dying server means for its user.
type advice struct {
	// has are texts in lower case, one of which is in the line.
	has []string
	// hint may hold {model}.
	hint string
	// config says that only a change of the configuration helps.
	config bool
}

// portTaken is the advice that another port answers.
const portTaken = 0

// advices go from the most telling to the least: of all that a server printed,
// the first of this list counts.
var advices = []advice{
	portTaken: {has: []string{"address already in use", "errno 98", "eaddrinuse", "couldn't bind http server socket", "port is already in use", "port is already allocated"},
		hint: "another program took the port; try again"},
	{has: []string{"is less than desired gpu memory utilization"},
		hint: "another process uses the gpu (nvidia-smi shows it): stop it, choose others with gpus=, or lower gpu_memory_utilization"},
	{has: []string{"larger than the maximum number of tokens that can be stored in kv cache", "larger than the available kv cache memory",
		"no available memory for the cache blocks", "not enough memory. please try to increase --mem-fraction-static", "kv cache is needed, which is larger"},
		hint: "the kv cache does not fit: lower max_model_len, raise gpu_memory_utilization, or raise tensor_parallel_size", config: true},
	{has: []string{"cuda out of memory", "hip out of memory", "torch.outofmemoryerror", "torch.cuda.outofmemoryerror", "cuda error: out of memory",
		"cudamalloc failed: out of memory", "unable to allocate cuda", "failed to allocate cuda", "cuda_error_out_of_memory"},
		hint: "the gpu has too little memory: lower gpu_memory_utilization or max_model_len, raise tensor_parallel_size, or set server_args.max_num_seqs lower"},
	{has: []string{"gated repo", "gatedrepoerror", "not in the authorized list", "awaiting a review from the repo authors"},
		hint: "accept the model's terms on its page, https://huggingface.co/{model}, and set HF_TOKEN", config: true},
	{has: []string{"repositorynotfounderror", "is not a local folder and is not a valid model identifier", "is not a valid model identifier listed on", "revisionnotfounderror",
		"is not a valid git identifier"},
		hint: "check the model's name and revision; a private one needs HF_TOKEN", config: true},
	{has: []string{"set the option `trust_remote_code=true`", "pass the argument `trust_remote_code=true`", "please pass `trust_remote_code=true`",
		"contains custom code which must be executed", "set `--trust-remote-code`", "requires you to execute the"},
		hint: "the checkpoint comes with code of its own: trust_remote_code=true runs it", config: true},
	{has: []string{"are not supported for now", "does not recognize this architecture", "unknown model architecture", "has no vllm implementation",
		"unsupported model architecture", "unsupported architecture", "is not supported by sglang", "cannot find model module"},
		hint: "this version of the server does not know the architecture: update it (and transformers), or take another kind", config: true},
	{has: []string{"must be divisible by tensor parallel size", "not divisible by tensor parallel", "is not divisible by tp_size", "must be divisible by tp_size"},
		hint: "set tensor_parallel_size to a number that divides the attention heads", config: true},
	{has: []string{"greater than the derived max_model_len"}, hint: "lower max_model_len to what the model was made for", config: true},
	{has: []string{"driver on your system is too old", "driver version is insufficient", "unsupported ptx version", "forward compatibility was attempted"},
		hint: "the nvidia driver is older than this server's cuda: update the driver, or install a build for its cuda version", config: true},
	{has: []string{"no kernel image is available", "supported on gpus with compute capability", "requires compute capability"},
		hint: "the gpu is too old for this build or dtype: try dtype=half, or another version of the server", config: true},
	{has: []string{"no cuda gpus are available", "failed to infer device type", "found no nvidia driver", "libcuda.so.1: cannot open"},
		hint: "the server sees no gpu: check nvidia-smi and CUDA_VISIBLE_DEVICES, or use a build for cpus", config: true},
	{has: []string{"no module named"},
		hint: "the server is not installed in this python: server=/path/to/venv names the right one", config: true},
	{has: []string{"unrecognized arguments", "unrecognized argument", "invalid argument:", "no such option", "unknown argument"},
		hint: "this version of the server lacks a flag: check server_args, or update the server", config: true},
	{has: []string{"invalid tool call parser", "invalid reasoning parser", "tool-call-parser: invalid choice", "reasoning-parser: invalid choice"},
		hint: "check tool_call_parser and reasoning_parser against the server's --help", config: true},
	{has: []string{"can't load tokenizer", "couldn't instantiate the backend tokenizer", "does not exist or is not currently imported"},
		hint: "the tokenizer cannot be loaded: name another with tokenizer=", config: true},
	{has: []string{"safetensorerror", "incompletemetadata", "headertoolarge", "invalid magic", "tensor data is not within the file bounds", "error loading model"},
		hint: "the checkpoint is incomplete or damaged: download or write it again", config: true},
	{has: []string{"no space left on device"}, hint: "a disk is full: free space, or move HF_HOME"},
	{has: []string{"bus error", "insufficient shared memory", "unable to open shared memory"},
		hint: "too little shared memory: start the container with --shm-size=16g or --ipc=host"},
	{has: []string{"too many open files"}, hint: "raise the limit of open files: ulimit -n 65536"},
	{has: []string{"nccl error", "ncclsystemerror", "ncclunhandledcudaerror"},
		hint: "the gpus cannot speak to each other: set NCCL_DEBUG=INFO and read the log, or try server_args.disable_custom_all_reduce=true"},
}

// diagnose is the place in advices of what a line says, or -1.
func diagnose(line string) int {
	lower := strings.ToLower(line)
	for i := range advices {
		for _, text := range advices[i].has {
			if strings.Contains(lower, text) {
				return i
			}
		}
	}
	return -1
}

// telling is the line that says most of a failure: the last that reads like an
// error, else the last.
func telling(lines []string) string {
	for i := len(lines) - 1; i >= 0; i-- {
		for _, word := range []string{"Error", "error:", "ERROR", "Exception", "FATAL", "fatal", "failed", "panic:"} {
			if strings.Contains(lines[i], word) {
				return shorten(lines[i])
			}
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return shorten(lines[len(lines)-1])
}

func shorten(line string) string {
	line = strings.Join(strings.Fields(line), " ")
	if len(line) > 300 {
		line = strings.ToValidUTF8(line[:300], "") + "…"
	}
	return line
}

// Failure is why a server is not there. It is in the chain of the fault.
type Failure struct {
	// What happened, in one line with the most telling line of the output.
	What string
	// Tail are the last lines of the output, and Log its file ("" without one).
	Tail []string
	Log  string

	advice int // in advices, or -1
}

func (f *Failure) Error() string {
	text := f.What
	if line := telling(f.Tail); line != "" {
		text += ": " + line
	}
	if f.Log != "" {
		text += " (log: " + f.Log + ")"
	}
	return text
}

// fault makes it a reason to stop.
func (f *Failure) fault(s *Spec) *eval.Fault {
	out := &eval.Fault{Status: eval.InfraServerDown, Abort: true, Err: f}
	if f.advice >= 0 {
		a := advices[f.advice]
		out.Hint = strings.ReplaceAll(a.hint, "{model}", s.Model)
		if a.config {
			out.Status = eval.ConfigError
		}
	} else if f.Log != "" {
		out.Hint = "read " + f.Log
	}
	return out
}
