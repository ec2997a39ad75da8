//go:build llamacpp

package llamacpp

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/gguf"
	"olmoeval/internal/gguf/tiny"
)

// inLibrary makes a provider that computes with llama.cpp; without its
// libraries the test is skipped.
func inLibrary(t *testing.T, c tiny.Config, edit func(*Config)) *Provider {
	t.Helper()
	cfg := Config{Path: tinyFile(t, c), Getenv: os.Getenv, Threads: 1} // threads wait busily
	if edit != nil {
		edit(&cfg)
	}
	needLibraries(t)
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func needLibraries(t *testing.T) {
	t.Helper()
	if _, err := Libraries("", os.Getenv); err != nil {
		t.Skipf("llama.cpp's libraries are not installed ($%s)", LibraryEnv)
	}
}

// TestInLibrary compares with the network in Go, keys and values in 32 bits.
func TestInLibrary(t *testing.T) {
	suite(t, func(t *testing.T, c tiny.Config, edit func(*Config)) *Provider {
		return inLibrary(t, c, func(cfg *Config) {
			if cfg.KVCache = KVF32; edit != nil {
				edit(cfg)
			}
		})
	}, 1e-4)
}

// TestHalfPrecision runs the suite with keys and values in 16 bits, which
// shifts a token by some thousandths but must not do so differently from batch
// to batch: what compares the library with itself stays as strict.
func TestHalfPrecision(t *testing.T) { suite(t, inLibrary, 1e-2) }

// TestAgainstGo compares token by token with the network in 64-bit Go.
func TestAgainstGo(t *testing.T) {
	for kind, limit := range map[string]float64{KVF32: 1e-4, KVF16: 5e-3} {
		worst := 0.0
		for seed := range uint64(4) {
			c := tiny.Config{Seed: 20 + seed}
			p, ref := inLibrary(t, c, func(cfg *Config) { cfg.KVCache = kind }), newRef(c)
			ids := textTokens(t, p, strings.Repeat(long, 4))
			worst = max(worst, distance(tokenValues(t, p, ids), ref.values(ids, 1)))
		}
		if t.Logf("%s: a token's log-probability differs by up to %.2g", kind, worst); worst > limit {
			t.Errorf("%s: that is more than %v", kind, limit)
		}
	}
}

// distance is the greatest difference of two lists of one length.
func distance(a, b []float64) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	worst := 0.0
	for i := range a {
		worst = max(worst, math.Abs(a[i]-b[i]))
	}
	return worst
}

// textTokens is BOS and the tokens of a text.
func textTokens(t *testing.T, p *Provider, text string) []token {
	t.Helper()
	m, err := p.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ids, err := m.tokenize(text)
	if err != nil {
		t.Fatal(err)
	}
	return append([]token{tiny.BOS}, ids...)
}

// tokenValues are the log-probabilities of ids[1:], scored as one
// continuation of the first.
func tokenValues(t *testing.T, p *Provider, ids []token) []float64 {
	t.Helper()
	s, err := p.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { p.free <- s }()
	items := []scored{{head: ids[:1], rest: ids[1:]}}
	if err := s.scoreAll(t.Context(), items, &eval.Response{}); err != nil {
		t.Fatal(err)
	}
	return items[0].values
}

// TestAgainstNode compares with node-llama-cpp, another binding of the same
// libraries, with its own batches and its own arithmetic on their output.
func TestAgainstNode(t *testing.T) {
	modules := os.Getenv("OLMO_EVAL_NODE_LLAMA")
	node, err := exec.LookPath("node")
	if modules == "" || err != nil {
		t.Skip("node-llama-cpp is not installed ($OLMO_EVAL_NODE_LLAMA says where)")
	}
	version, err := exec.CommandContext(t.Context(), node, "-p", "process.versions.node.split('.')[0]").Output()
	if major, bad := strconv.Atoi(strings.TrimSpace(string(version))); err != nil || bad != nil || major < 20 {
		t.Skipf("node-llama-cpp needs Node.js 20 or newer; this is %q", version)
	}
	worst := 0.0
	for _, c := range []tiny.Config{{Seed: 30}, {Seed: 31, Scale: 1.4}} {
		p := inLibrary(t, c, nil)
		ids := textTokens(t, p, strings.Repeat(long, 3))
		list, err := json.Marshal(ids)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), node, "testdata/score.mjs", modules, p.cfg.Path, string(list))
		var errs strings.Builder
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("node: %v\n%s", err, errs.String())
		}
		var want []float64
		if err := json.Unmarshal(out, &want); err != nil || len(want) != len(ids)-1 {
			t.Fatalf("node says %q: %v", out, err)
		}
		worst = max(worst, distance(tokenValues(t, p, ids), want))
	}
	if t.Logf("a token's log-probability differs by up to %.2g", worst); worst > 1e-4 {
		t.Error("that is more than 1e-4")
	}
}

// TestTokens checks that texts come back from their tokens, and that merges
// are those of the vocabulary.
func TestTokens(t *testing.T) {
	p := inLibrary(t, tiny.Config{}, nil)
	m, err := p.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "a", " Paris in the thing", "ä€\U0001f600", "a\x00b\x00", "\n\n\t", strings.Repeat("the ", 5000)} {
		ids, err := m.tokenize(text)
		if err != nil {
			t.Fatal(err)
		}
		back := ""
		for _, id := range ids {
			back += m.piece(id, false)
		}
		if back != text {
			t.Errorf("%q comes back as %q", text, back)
		}
	}
	ids, err := m.tokenize(" Paris</s>")
	if want := []token{271, tiny.EOS}; err != nil || !slices.Equal(ids, want) || m.piece(tiny.EOS, true) != "</s>" || !m.ends(tiny.EOS) || m.ends(271) {
		t.Errorf("%v %v, want %v", ids, err, want)
	}
}

func TestNativeFaults(t *testing.T) {
	needLibraries(t)
	dir := t.TempDir()
	write := func(name string, meta []gguf.KV) string {
		path := filepath.Join(dir, name)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := gguf.Write(f, meta, nil); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, want := range map[string]string{
		write("odd.gguf", []gguf.KV{{Key: "general.architecture", Value: "never-heard-of"}}): "never-heard-of",
		write("bare.gguf", []gguf.KV{{Key: "general.architecture", Value: "llama"}}):         "does not load",
	} {
		p, err := New(Config{Path: name, Getenv: os.Getenv})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Caps(t.Context())
		if f := eval.FaultOf(err); err == nil || f.Status != eval.ConfigError || !f.Abort || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", filepath.Base(name), err, want)
		}
		p.Close()
	}
	p := inLibrary(t, tiny.Config{}, nil)
	if _, err := p.Caps(t.Context()); err != nil {
		t.Fatalf("a good checkpoint after bad ones: %v", err)
	}
	other, err := New(Config{Path: p.cfg.Path, LibDir: copyOfLibraries(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Caps(t.Context()); err == nil || !strings.Contains(err.Error(), "loaded already") {
		t.Errorf("a second set of libraries: %v", err)
	}
}

// copyOfLibraries is a folder with a library's name in it.
func copyOfLibraries(t *testing.T) string {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, libraryFile("llama")), []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestTwoModels checks that two models in one process do not touch each other.
func TestTwoModels(t *testing.T) {
	a, b := tiny.Config{Seed: 40}, tiny.Config{Seed: 41}
	pa, pb := inLibrary(t, a, nil), inLibrary(t, b, nil)
	if pa.Model().Weights == pb.Model().Weights || !pa.Model().Pinned {
		t.Errorf("identities %+v and %+v", pa.Model(), pb.Model())
	}
	r := lik("The capital of France is", " Paris", " in the end")
	x, y := ask(t, pa, r).Outputs[1].Loglik.Sum, ask(t, pb, r).Outputs[1].Loglik.Sum
	if x == y {
		t.Error("two models give one score")
	}
	pb.Close()
	if again := ask(t, pa, r).Outputs[1].Loglik.Sum; again != x {
		t.Errorf("%v after the other was closed, %v before", again, x)
	}
}
