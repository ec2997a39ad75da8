package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/modelspec"
	"olmoeval/internal/provider/llamacpp"
)

// probeTime bounds one check of doctor.
const probeTime = 5 * time.Second

// try runs a program for a short while.
func try(ctx context.Context, path string, args ...string) (out []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = time.Second
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	err = cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("no answer within %v", probeTime)
	}
	return both.Bytes(), err
}

// findGPUs asks NVIDIA's own tool.
func (a *app) findGPUs(ctx context.Context) finding {
	path := a.executable("nvidia-smi")
	if path == "" {
		return absent("gpus", findOff, "no nvidia-smi: no NVIDIA GPU here", "models can be served elsewhere: -m NAME,base_url=http://HOST:8000/v1")
	}
	out, err := try(ctx, path, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
	if err != nil {
		return absent("gpus", findMissing, "nvidia-smi: "+firstOf(lastLine(out), err.Error()), "see that the driver is loaded: nvidia-smi")
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if lines[0] == "" {
		return absent("gpus", findOff, "nvidia-smi lists none", "")
	}
	return found("gpus", fmt.Sprintf("%s: %s", plural(len(lines), "GPU"), lines[0]))
}

// findServers looks for programs that serve checkpoints.
func (a *app) findServers(context.Context) finding {
	var have []string
	for _, name := range []string{modelspec.VLLM, "sglang", modelspec.LlamaServer} {
		if path := a.executable(name); path != "" {
			have = append(have, name+" at "+path)
		}
	}
	if len(have) == 0 {
		return absent("servers", findOff, "neither vllm, sglang nor llama-server is on PATH",
			"to serve checkpoints here, install one, or say where it is: -m PATH,kind=vllm,server=/venv/bin/vllm")
	}
	return found("servers", strings.Join(have, ", "))
}

// findLlamaCPP says whether GGUF files can be loaded in process.
func (a *app) findLlamaCPP(context.Context) finding {
	if !llamacpp.Built {
		return absent("llamacpp", findOff, "this program was built without llama.cpp", "to load GGUF files in process: make llamacpp")
	}
	dir, err := llamacpp.Libraries("", a.Getenv)
	if err != nil {
		return absent("llamacpp", findMissing, err.Error(), eval.FaultOf(err).Hint)
	}
	return found("llamacpp", "libraries in "+dir)
}

// findBubblewrap starts the lightest sandbox once.
func (a *app) findBubblewrap(ctx context.Context) finding {
	const check = "sandbox namespace"
	path := a.executable("bwrap")
	if path == "" {
		return absent(check, findOff, "no bubblewrap", "apt-get install bubblewrap (or your system's package of that name)")
	}
	out, err := try(ctx, path, "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev", "true")
	if err != nil {
		return absent(check, findMissing, "bubblewrap: "+firstOf(lastLine(out), err.Error()), "allow user namespaces: sysctl kernel.unprivileged_userns_clone=1")
	}
	return found(check, "bubblewrap works")
}

// findContainers asks an engine for its version, which only a running one tells.
func (a *app) findContainers(ctx context.Context, name string) finding {
	check := "sandbox container " + name
	path := a.executable(name)
	if path == "" {
		return absent(check, findOff, "no "+name, "")
	}
	args := []string{"version", "--format", "{{.Server.Version}}"}
	if name == "podman" {
		args = []string{"info", "--format", "{{.Version.Version}}"}
	}
	out, err := try(ctx, path, args...)
	if err != nil {
		fix := "start its daemon, or add yourself to the group docker"
		if name == "podman" {
			fix = "see: podman info"
		}
		return absent(check, findMissing, name+": "+firstOf(lastLine(out), err.Error()), fix)
	}
	return found(check, name+" "+lastLine(out))
}

// findHub says how data sets are reached. No token is ever printed.
func (a *app) findHub(ctx context.Context) finding {
	o := a.dataOptions()
	token := "no token"
	if o.HFToken != "" {
		token = "token set"
	}
	if o.Offline {
		return absent("hub", findOff, "HF_HUB_OFFLINE is set: only the cache is read; "+token, "")
	}
	endpoint := firstOf(o.HFEndpoint, "https://huggingface.co")
	shown := redacted(endpoint)
	status, err := probe(ctx, http.MethodHead, endpoint, "")
	switch {
	case err != nil && o.Mirror != "":
		return absent("hub", findOff, fmt.Sprintf("%s: %v; the mirror is read", shown, err), "")
	case err != nil:
		return absent("hub", findMissing, fmt.Sprintf("%s: %v", shown, err), "set HTTPS_PROXY, or HF_ENDPOINT, or work from a mirror: OLMO_EVAL_MIRROR=DIR")
	case status >= 500:
		return absent("hub", findMissing, fmt.Sprintf("%s answers %d", shown, status), "try again later, or work from a mirror: OLMO_EVAL_MIRROR=DIR")
	case o.HFToken == "":
		f := found("hub", shown+" answers; "+token)
		f.Fix = textOrNil("gated data sets need HF_TOKEN")
		return f
	}
	return found("hub", shown+" answers; "+token)
}

// findEndpoint asks the server of OPENAI_BASE_URL for its models.
func (a *app) findEndpoint(ctx context.Context) finding {
	const check = "endpoint"
	base := strings.TrimSuffix(a.Getenv("OPENAI_BASE_URL"), "/")
	key := a.Getenv("OPENAI_API_KEY")
	hasKey := "OPENAI_API_KEY is not set"
	if key != "" {
		hasKey = "OPENAI_API_KEY is set"
	}
	if base == "" {
		return absent(check, findOff, "OPENAI_BASE_URL is not set; "+hasKey, "set it, or name the server in the model: -m NAME,base_url=http://HOST:8000/v1")
	}
	shown := redacted(base)
	ids, status, err := servedModels(ctx, base+"/models", key)
	switch {
	case err != nil:
		return absent(check, findMissing, fmt.Sprintf("%s: %v", shown, err), "start the server, or mend OPENAI_BASE_URL")
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return absent(check, findMissing, fmt.Sprintf("%s refuses the key (%d); %s", shown, status, hasKey), "set OPENAI_API_KEY")
	case status != http.StatusOK:
		return absent(check, findMissing, fmt.Sprintf("%s/models answers %d", shown, status), "the URL should end where /models begins, as in http://HOST:8000/v1")
	}
	if len(ids) > 3 {
		ids = append(ids[:3], "…")
	}
	return found(check, fmt.Sprintf("%s serves %s", shown, firstOf(strings.Join(ids, ", "), "no model")))
}

func servedModels(ctx context.Context, address, key string) (ids []string, status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	resp, err := ask(ctx, http.MethodGet, address, key)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, resp.StatusCode, nil
	}
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 4<<20)).Decode(&list); err != nil {
		return nil, 0, fmt.Errorf("/models is no JSON: %w", err)
	}
	for _, m := range list.Data {
		ids = append(ids, m.ID)
	}
	return ids, resp.StatusCode, nil
}

// probe asks an address for a sign of life.
func probe(ctx context.Context, method, address, key string) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	resp, err := ask(ctx, method, address, key)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// ask sends a request; its errors do not name the address, which may hold a
// password.
func ask(ctx context.Context, method, address, key string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, errors.New("no address that can be asked")
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	var u *url.Error
	if errors.As(err, &u) {
		if u.Timeout() {
			return nil, fmt.Errorf("no answer within %v", probeTime)
		}
		var dns *net.DNSError
		if errors.As(u.Err, &dns) {
			return nil, fmt.Errorf("%s: %s", dns.Name, dns.Err)
		}
		return nil, u.Err
	}
	return resp, err
}

// redacted is an address without its password and query.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the address given"
	}
	u.RawQuery = ""
	return u.Redacted()
}
