package exec

import (
	"errors"
	"math"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"

	"olmoeval/eval"
)

const scripts = "../../../examples/python"

// python is the interpreter, or skips.
func python(t *testing.T) string {
	t.Helper()
	path, err := osexec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	return path
}

// tiny starts the script without dependencies.
func tiny(t *testing.T) *Provider {
	t.Helper()
	p, err := New(Config{Command: []string{python(t), "-B", "provider_tiny.py"}, Dir: scripts, Environ: os.Environ(), As: eval.Model{ID: "tiny"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// bigrams is the script's model, computed here.
func bigrams(t *testing.T) func(before, after byte) float64 {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(scripts, "provider_tiny.py"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(source), `TEXT = """`)
	body, _, _ := strings.Cut(rest, `"""`)
	var counts [256][256]int
	before := byte('\n')
	for _, b := range []byte(body) {
		counts[before][b]++
		before = b
	}
	return func(before, after byte) float64 {
		total := 256
		for _, n := range counts[before] {
			total += 100 * n
		}
		return math.Log(float64(1+100*counts[before][after]) / float64(total))
	}
}

func TestTinyEngine(t *testing.T) {
	p := tiny(t)
	caps, err := p.Caps(t.Context())
	if err != nil || !caps.Loglikelihood || !caps.N || len(caps.Reported["weights"]) != 64 {
		t.Fatalf("Caps = %+v, %v", caps, err)
	}
	t.Run("scores", func(t *testing.T) {
		log := bigrams(t)
		r := &eval.Request{Type: eval.Loglikelihood, Prompt: "The capital of France is", Continuations: []string{" Paris.", " Röme", "", " a"},
			ContinuationPrompts: []string{"The capital of France is", "", "x"}}
		resp, err := p.Respond(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range r.Continuations {
			before, want := byte('\n'), 0.0
			if ctx := r.Context(i); ctx != "" {
				before = ctx[len(ctx)-1]
			}
			for _, b := range []byte(c) {
				want += log(before, b)
				before = b
			}
			out := resp.Outputs[i]
			if math.Abs(out.Loglik.Sum-want) > 1e-9 || out.Loglik.Tokens != len(c) || out.Text != c || len(out.Logprobs) != len(c) {
				t.Errorf("%q scores %+v, want %g of %d tokens", c, out.Loglik, want, len(c))
			}
		}
	})
	t.Run("window", func(t *testing.T) {
		r := &eval.Request{Type: eval.Loglikelihood, Prompt: strings.Repeat("a", 50), Continuations: []string{"bcd"}, MaxLength: new(10)}
		resp, err := p.Respond(t.Context(), r)
		if err != nil || !resp.Outputs[0].Loglik.Cut {
			t.Errorf("%+v, %v, want a cut context", resp, err)
		}
		r.Continuations = []string{strings.Repeat("b", 10)}
		if _, err := p.Respond(t.Context(), r); eval.FaultOf(err).Status != eval.ContextOverflow {
			t.Errorf("a continuation that does not fit: %v", err)
		}
		if _, err := p.Respond(t.Context(), say(strings.Repeat("a", 3000))); eval.FaultOf(err).Status != eval.ContextOverflow {
			t.Errorf("a prompt that does not fit: %v", err)
		}
	})
	t.Run("generates", func(t *testing.T) {
		r := say("Two and two")
		r.Sampling = eval.Sampling{MaxTokens: new(30), Stop: []string{"."}}
		resp, err := p.Respond(t.Context(), r)
		if err != nil || strings.Contains(resp.Outputs[0].Text, ".") || resp.Usage.PromptTokens != 11 || resp.Usage.CompletionTokens == 0 {
			t.Errorf("%+v, %v", resp, err)
		}
		r.Type, r.Prompt, r.Messages = eval.Chat, "", []eval.Message{{Role: "user", Content: "hi"}}
		if resp, err := p.Respond(t.Context(), r); err != nil || resp.Outputs[0].FinishReason == "" {
			t.Errorf("%+v, %v", resp, err)
		}
	})
	t.Run("seeds", func(t *testing.T) {
		r := say("The ")
		r.Sampling = eval.Sampling{MaxTokens: new(40), Temperature: 1, NumSamples: 4, Seed: new(int64(7))}
		all, err := p.Respond(t.Context(), r)
		if err != nil || len(all.Outputs) != 4 {
			t.Fatalf("%+v, %v", all, err)
		}
		r.Sampling.NumSamples, r.Sampling.Seed = 2, new(int64(9))
		tail, err := p.Respond(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for k := range 2 {
			if all.Outputs[2+k].Text != tail.Outputs[k].Text {
				t.Errorf("sample %d is not that of seed+%d", 2+k, 2+k)
			}
		}
		if all.Outputs[0].Text == all.Outputs[1].Text {
			t.Error("two seeds, one text")
		}
	})
}

// The engine that needs transformers says so where there is none, and its token
// boundary is tested without it.
func TestTransformersEngine(t *testing.T) {
	py := python(t)
	script := `
from provider_transformers import *
encode = lambda text: [ord(c) for c in text]
assert split(encode, "", "cd", 1, None, False) == ([1], [99, 100])
assert split(encode, "", "cd", None, 2, False) == ([2], [99, 100])
assert split(encode, "", "x", None, None, True) == ([], [120])
assert split(encode, "ab ", "cd", 1, None, False) == ([97, 98], [32, 99, 100])
assert split(encode, "ab  ", "cd", 1, None, True) == ([1, 97, 98], [32, 32, 99, 100])
assert split(encode, "ab\n", "cd", 1, None, False) == ([97, 98], [10, 99, 100])
assert split(encode, "  ", "cd", 1, None, False) == ([], [32, 32, 99, 100])
# A tokenizer that merges "bc": the continuation is what is left by count.
merges = lambda text: [ord(c) for c in text.replace("bc", "X")]
assert split(merges, "ab", "cd", 1, None, False) == ([97, ord("X")], [100])
# One that it melts into: the continuation begins where the encodings part.
assert split(merges, "ab", "c", 1, None, False) == ([97], [ord("X")])
assert fit([1, 2, 3, 4], [5, 6], 5) == ([3, 4], True)
assert fit([1, 2], [5, 6], 5) == ([1, 2], False)
assert fit([], [5, 6], 3) == ([], False)
for head, rest, limit in [([1], [5, 6], 3), ([], [5, 6], 2)]:
    try:
        fit(head, rest, limit)
    except Refusal as r:
        assert r.kind == "context_overflow"
    else:
        raise AssertionError(f"{head} {rest} {limit} fitted")
assert cut_at_stop("a b c", ["c", " b"]) == ("a", True)
assert cut_at_stop("a b c", ["d"]) == ("a b c", False)
`
	cmd := osexec.Command(py, "-B", "-c", script)
	cmd.Dir = scripts
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if osexec.Command(py, "-c", "import transformers").Run() == nil {
		t.Skip("transformers is installed: what is said without it cannot be seen")
	}
	p, err := New(Config{Command: []string{py, "-B", "provider_transformers.py"}, Dir: scripts, Environ: os.Environ(), As: eval.Model{ID: "gpt2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	_, err = p.Caps(t.Context())
	var e *EngineError
	if !errors.As(err, &e) || e.Kind != "model_unavailable" || !strings.Contains(err.Error(), "ModuleNotFoundError") || !eval.FaultOf(err).Abort {
		t.Errorf("Caps: %v", err)
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	p, err := New(Config{Command: []string{exe}, Environ: append(os.Environ(), asEngine+"=1"), As: eval.Model{ID: "m"}})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	prompt := strings.Repeat("x", 1000)
	for b.Loop() {
		if _, err := p.Respond(b.Context(), say(prompt)); err != nil {
			b.Fatal(err)
		}
	}
}
