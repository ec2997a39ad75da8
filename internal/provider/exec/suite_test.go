package exec

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"olmoeval/internal/provider/providertest"
)

// failures of a script as kinds of the protocol.
var failures = map[providertest.Failure]string{
	providertest.Unauthorized: "unauthorized", providertest.UnknownModel: "model_unavailable", providertest.RateLimited: "rate_limited",
	providertest.ServerError: "internal", providertest.Overloaded: "overloaded", providertest.TooLong: "context_overflow",
	providertest.Filtered: "content_filtered",
}

// asActor holds a script that the engine acts out.
const asActor = "OLMO_EVAL_TEST_SCRIPT"

// act answers requests as the script says.
func (e *engine) act(in *bufio.Reader) {
	var s providertest.Script
	if err := json.Unmarshal([]byte(os.Getenv(asActor)), &s); err != nil {
		panic(err)
	}
	stage := providertest.NewStage(s)
	if a := stage.First(); a.Fail.Always() {
		e.json(map[string]any{"type": "error", "kind": failures[a.Fail], "message": a.Message})
		e.waitForEnd(in)
		return
	}
	e.json(map[string]any{"type": "hello", "protocol": 1, "model": "m", "weights": "w", "max_in_flight": 4,
		"capabilities": map[string]any{"completion": true, "chat": true, "n": true, "tools": true}})
	for {
		r := e.read(in)
		if r.Type != "request" {
			continue
		}
		a := stage.Next()
		fmt.Fprintln(os.Stderr, "got it")
		switch a.Fail {
		case providertest.Hang:
		case providertest.NotJSON:
			e.line(`{"type":"answer","id":`)
		case providertest.NaN:
			e.line(fmt.Sprintf(`{"type":"answer","id":%d,"outputs":[{"text":"a","finish_reason":"stop","logprobs":[{"token":"a","logprob":NaN}]}]}`, r.ID))
		case "":
			outputs := []any{}
			for _, s := range a.Says {
				outputs = append(outputs, map[string]any{"text": s.Text, "reasoning": s.Reasoning, "tool_calls": s.ToolCalls, "finish_reason": s.Finish})
			}
			e.json(map[string]any{"type": "answer", "id": r.ID, "outputs": outputs, "usage": a.Usage})
		default:
			e.json(map[string]any{"type": "error", "id": r.ID, "kind": failures[a.Fail], "message": a.Message, "retry_after_s": a.RetryAfter})
		}
	}
}

func TestSuite(t *testing.T) {
	for _, completion := range []bool{false, true} {
		t.Run(fmt.Sprintf("completion=%t", completion), func(t *testing.T) {
			const secret = "hf_0123456789abcdefghij"
			providertest.Run(t, providertest.Fake{Secret: secret, KeyEnv: "HF_TOKEN", Completion: completion,
				Start: func(t *testing.T, s providertest.Script) providertest.Running {
					stderr := newSignals()
					var cfg Config
					script, err := json.Marshal(s)
					if err != nil {
						t.Fatal(err)
					}
					p := provider(t, nil, func(c *Config) {
						c.Stderr, c.Env = stderr, []string{"HF_TOKEN"}
						c.Environ = append(c.Environ, "HF_TOKEN="+secret, asActor+"="+string(script))
						cfg = *c
					})
					cfg.Stderr = nil
					arrived := make(chan struct{})
					go func() { stderr.until("got it", t.Context().Done()); close(arrived) }()
					return providertest.Running{Provider: p, Config: cfg, Arrived: arrived}
				}})
		})
	}
}

func TestTinySuite(t *testing.T) {
	providertest.RunReal(t, providertest.Real{Provider: tiny(t), Tolerance: 1e-12})
}
