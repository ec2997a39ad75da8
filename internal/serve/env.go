package serve

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// environ is a list of NAME=value.
type environ []string

func (e environ) lookup(name string) (string, bool) {
	for i := len(e) - 1; i >= 0; i-- {
		if key, value, _ := strings.Cut(e[i], "="); key == name {
			return value, true
		}
	}
	return "", false
}

func (e environ) get(name string) string {
	value, _ := e.lookup(name)
	return value
}

// look finds a program: a path as it is, a name in the folders of PATH.
func (e environ) look(name string) (string, bool) {
	if strings.ContainsRune(name, filepath.Separator) {
		abs, err := filepath.Abs(name)
		return abs, err == nil && executable(abs)
	}
	for _, dir := range filepath.SplitList(e.get("PATH")) {
		if path, err := filepath.Abs(filepath.Join(dir, name)); err == nil && dir != "" && executable(path) {
			return path, true
		}
	}
	return "", false
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}

// keptBack are variables that are ours or that steer which server is started;
// keys of providers are kept back by their ending.
var keptBack = []string{"VLLM_PYTHON", "VLLM_PORT", "VLLM_HOST_IP", "VLLM_DEBUG_REQUESTS", "VLLM_DEBUG_NO_RETRY", "VLLM_API_KEY", "LLAMA_API_KEY",
	"OPENAI_BASE_URL", "BEAKER_TOKEN", "MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "PGPASSWORD", "DB_SECRET_ARN",
	"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"}

// forwarded reports whether a variable of ours is the server's to see.
func forwarded(name string) bool {
	return !slices.Contains(keptBack, name) && !strings.HasPrefix(name, "OLMO_EVAL_") && !strings.HasSuffix(name, "_API_KEY") &&
		!strings.HasPrefix(name, "LLAMA_ARG_")
}

// settings are the variables that we set, but for the key: they are recorded.
func settings(s *Spec, gpus string, internalPort int) map[string]string {
	set := map[string]string{"PYTHONUNBUFFERED": "1", "DO_NOT_TRACK": "1"}
	if gpus != "" {
		// By the numbers of nvidia-smi, not by speed, which is CUDA's default.
		set["CUDA_VISIBLE_DEVICES"], set["CUDA_DEVICE_ORDER"] = gpus, "PCI_BUS_ID"
	}
	if s.Kind == VLLM {
		set["VLLM_PORT"] = strconv.Itoa(internalPort)
		if s.MaxModelLen > 0 {
			set["VLLM_ALLOW_LONG_MAX_MODEL_LEN"] = "1"
		}
	}
	maps.Copy(set, s.Env)
	return set
}

// childEnv is the environment of a server.
func childEnv(own environ, s *Spec, set map[string]string, key string) []string {
	all := map[string]string{}
	for _, entry := range own {
		if name, value, ok := strings.Cut(entry, "="); ok && name != "" && forwarded(name) {
			all[name] = value
		}
	}
	// Without GPUs of ours the caller's choice of none, or of what we could not
	// see, stands.
	if v, ok := own.lookup("CUDA_VISIBLE_DEVICES"); ok {
		all["CUDA_VISIBLE_DEVICES"] = v
	}
	maps.Copy(all, set)
	switch s.Kind {
	case VLLM:
		all["VLLM_API_KEY"] = key
	case LlamaServer:
		all["LLAMA_API_KEY"] = key
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if value, ours := set[name]; ours && value == "" {
			continue
		}
		out = append(out, name+"="+all[name])
	}
	return out
}

// secretsOf are values of an environment that no log may show.
func secretsOf(env []string) []string {
	var out []string
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		for _, end := range []string{"_KEY", "_TOKEN", "_SECRET", "_PASSWORD"} {
			if strings.HasSuffix(name, end) && len(value) >= 8 {
				out = append(out, value)
				break
			}
		}
	}
	return out
}
