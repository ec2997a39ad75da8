package modelspec

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"olmoeval/internal/corpus"
	"olmoeval/internal/dotted"
)

func none(string) string { return "" }

func TestModelHashAgainstCorpus(t *testing.T) {
	type row struct {
		Fn   string            `json:"fn"`
		Args []json.RawMessage `json:"args"`
		Out  any               `json:"out"`
	}
	n := 0
	corpus.Exact(t, "cli", func(r row) {
		if r.Fn != "compute_model_hash" {
			return
		}
		var provider map[string]any
		dec := json.NewDecoder(strings.NewReader(string(r.Args[0])))
		dec.UseNumber()
		if err := dec.Decode(&provider); err != nil {
			t.Fatal(err)
		}
		n++
		if got := HashProvider(provider); got != r.Out {
			t.Errorf("HashProvider(%s) = %s, want %v", r.Args[0], got, r.Out)
		}
	})
	if n < 9 {
		t.Errorf("compared %d hashes, want 9", n)
	}
	// As the reference's own run of the mock recorded it.
	m := Config{Kind: "mock", Model: "mock"}
	if got := m.ModelHash(Spec{Name: "mock"}); got != "c2e79f066e9322c0" {
		t.Errorf("model hash of mock = %s", got)
	}
}

func TestPresetsAgainstCorpus(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(corpus.Dir(t), "presets.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Models map[string]map[string]any `json:"model_presets"`
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&all); err != nil {
		t.Fatal(err)
	}
	n := 0
	for name, p := range Builtin() {
		want, ok := all.Models[name]
		if !ok {
			continue
		}
		n++
		if got := p.ModelHash(Spec{Name: name}); got != HashProvider(want) {
			t.Errorf("%s: model hash %s, want %s", name, got, HashProvider(want))
		}
	}
	if n < 16 {
		t.Errorf("compared %d presets", n)
	}
}

func TestBuiltin(t *testing.T) {
	all := Builtin()
	if len(all) < 70 {
		t.Errorf("%d presets", len(all))
	}
	for name, c := range all {
		if c.Model == "" || c.Kind != "" && !slices.Contains(Kinds(), c.Kind) || c.TensorParallel&(c.TensorParallel-1) != 0 {
			t.Errorf("%s: %+v", name, c)
		}
		// Each can be served here, or is behind an API.
		s := Spec{Name: name}
		if c.Kind == "" {
			s.Fields = []dotted.Override{{Path: []string{"kind"}, Value: VLLM}}
		}
		if _, err := all.Resolve(s, none); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	olmo := all["olmo-3-1025-7b"]
	if olmo.MaxModelLen != 4096 || olmo.AddBOS == nil || *olmo.AddBOS || olmo.Revision != "stage2-step47684" {
		t.Errorf("olmo-3-1025-7b: %+v", olmo)
	}
	if args := all["qwen3-coder-30b"].ServerArgs; args["enable_expert_parallel"] != true {
		t.Errorf("qwen3-coder-30b: %v", args)
	}
	delete(all, "mock")
	if _, ok := Builtin()["mock"]; !ok {
		t.Error("the map is not the caller's own")
	}
}

func BenchmarkBuiltin(b *testing.B) {
	for b.Loop() {
		var file struct {
			Models Presets `yaml:"models"`
		}
		if err := yaml.Unmarshal(presetFile, &file); err != nil {
			b.Fatal(err)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string][]string{
		"a,base_url=http://x/v1,step=5":      {"a", "base_url=http://x/v1", "step=5"},
		"a,base_url=[u1,u2]":                 {"a", "base_url=[u1,u2]"},
		`a,extra_body={"x":[1,2],"y":"a,b"}`: {"a", `extra_body={"x":[1,2],"y":"a,b"}`},
		`"org,with,commas/x",revision="a,b"`: {`"org,with,commas/x"`, `revision="a,b"`},
	} {
		got, err := Split(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("Split(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
	for _, bad := range []string{"", ",a=1", "a,b", "a,x={", "step=5"} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("Parse(%q) gives no error", bad)
		}
	}
}

func TestResolve(t *testing.T) {
	specs, err := Parse("my-ckpt/step22000,base_url=http://127.0.0.1:8000/v1,family=ours")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Builtin().Resolve(specs[0], none)
	if err != nil {
		t.Fatal(err)
	}
	if c.Step == nil || *c.Step != 22000 || c.Family != "ours" || c.BaseURL[0] != "http://127.0.0.1:8000/v1" || c.Origins["step"] != "name" {
		t.Errorf("got %+v", c)
	}
	_, err = Builtin().Resolve(Spec{Name: "llama3.1-8b"}, none)
	if err == nil || !strings.Contains(err.Error(), "base_url=") {
		t.Errorf("a model without an endpoint: %v, want the line that would work", err)
	}
	specs, _ = Parse("x,base_ulr=http://x")
	if _, err = Builtin().Resolve(specs[0], none); err == nil || !strings.Contains(err.Error(), `"base_url"`) {
		t.Errorf("unknown field: %v, want the nearest name", err)
	}
}

func TestStep(t *testing.T) {
	for name, want := range map[string]int64{
		"step22000": 22000, "checkpoint-500": 500, "/x/olmo/step1000-unsharded": 1000, "run_step_7": 7, "global_step12": 12,
	} {
		if got, ok := Step(name); !ok || got != want {
			t.Errorf("Step(%q) = %d, %v", name, got, ok)
		}
	}
	if _, ok := Step("footstep9"); ok {
		t.Error("footstep9 has no step")
	}
}

func FuzzSplit(f *testing.F) {
	f.Add(`a,b={"c":[1,2]},d="x,y"`)
	f.Fuzz(func(t *testing.T, s string) {
		if specs, err := Parse(strings.ReplaceAll(s, "@", "")); err == nil {
			for _, sp := range specs {
				_, _ = Builtin().Resolve(sp, none)
			}
		}
	})
}
