package cache

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"olmoeval/eval"
)

func space(t testing.TB, s *Store, identity string) *Space {
	t.Helper()
	p, err := s.Space(identity, "name of "+identity)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func key(b byte) Key { return Key{b, 1, 2} }

func TestSpace(t *testing.T) {
	s := Open(t.TempDir(), clock)
	p := space(t, s, "a")
	for i, content := range []string{"", "short", strings.Repeat("long and repeated ", 10000)} {
		k := key(byte(i))
		if got, err := p.Get(k); got != nil || err != nil {
			t.Fatalf("before: %q, %v", got, err)
		}
		for range 2 {
			if err := p.Put(k, []byte(content)); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := p.Get(k); err != nil || string(got) != content {
			t.Errorf("%d bytes, %v, want %d", len(got), err, len(content))
		}
		if got, _ := space(t, s, "b").Get(k); got != nil {
			t.Error("an entry of another identity was found")
		}
	}
	if info, err := os.Stat(p.path(key(2))); err != nil || info.Size() > 20000 {
		t.Errorf("a long answer is not compressed: %v, %v", info.Size(), err)
	}
}

// Whatever happens to a file, it is never taken for an answer.
func TestDamage(t *testing.T) {
	s := Open(t.TempDir(), clock)
	p := space(t, s, "a")
	content := []byte(strings.Repeat("answer ", 20))
	k := key(1)
	if err := p.Put(k, content); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(p.path(k))
	if err != nil {
		t.Fatal(err)
	}
	try := func(name string, raw []byte) {
		t.Helper()
		if err := os.WriteFile(p.path(k), raw, 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := p.Get(k); got != nil || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if _, err := os.Stat(p.path(k)); err == nil {
			t.Errorf("%s: a damaged entry is still there", name)
		}
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x40
		try("a flipped bit", bad)
	}
	for n := range good {
		try("cut short", good[:n])
	}
	try("longer", append(bytes.Clone(good), 'x'))
	try("zeros", make([]byte, len(good)))
	// A good file under another name.
	other := key(2)
	if err := p.Put(other, content); err != nil {
		t.Fatal(err)
	}
	if raw, err := os.ReadFile(p.path(other)); err != nil {
		t.Fatal(err)
	} else {
		try("of another key", raw)
	}
}

// A writer that dies leaves a file beside, which is no entry, and which pruning
// removes when it is old.
func TestWriterDies(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	s := Open(dir, func() time.Time { return now })
	p := space(t, s, "a")
	if err := p.Put(key(1), []byte("answer")); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(p.path(key(1)))
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(filepath.Dir(p.path(key(1))), tempPrefix+"1-2")
	if err := os.WriteFile(left, raw[:len(raw)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	if u, err := s.Usage(t.Context()); err != nil || len(u) != 1 || u[0].Entries != 1 {
		t.Errorf("%+v, %v", u, err)
	}
	prune(t, s, Prune{OlderThan: 1000 * time.Hour})
	if _, err := os.Stat(left); err != nil {
		t.Errorf("a writer at work was disturbed: %v", err)
	}
	now = now.Add(2 * time.Hour)
	prune(t, s, Prune{OlderThan: 1000 * time.Hour})
	if _, err := os.Stat(left); err == nil {
		t.Error("what a dead writer left is still there")
	}
	if got, _ := p.Get(key(1)); string(got) != "answer" {
		t.Errorf("%q", got)
	}
}

func prune(t *testing.T, s *Store, p Prune) Pruned {
	t.Helper()
	out, err := s.Prune(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// filled has four entries of source a and two of b, used an hour apart, of 1000
// bytes each, about.
func filled(t *testing.T) (s *Store, a, b *Space) {
	t.Helper()
	s = Open(t.TempDir(), clock)
	a, b = space(t, s, "a"), space(t, s, "b")
	for i := range byte(6) {
		p := a
		if i >= 4 {
			p = b
		}
		if err := p.Put(key(i), bytes.Repeat([]byte{i}, 1000-headLength)); err != nil {
			t.Fatal(err)
		}
		used := start.Add(time.Duration(int(i)-6) * time.Hour)
		if err := os.Chtimes(p.path(key(i)), used, used); err != nil {
			t.Fatal(err)
		}
	}
	return s, a, b
}

func TestUsage(t *testing.T) {
	s, a, _ := filled(t)
	u, err := s.Usage(t.Context())
	if err != nil || len(u) != 2 {
		t.Fatalf("%+v, %v", u, err)
	}
	if got := u[0]; got.Entries != 4 || got.Bytes != 4000 || got.Identity != "a" || got.Name != "name of a" || filepath.Join(s.Dir(), got.ID) != a.dir ||
		!got.Oldest.Equal(start.Add(-6*time.Hour)) || !got.Newest.Equal(start.Add(-3*time.Hour)) {
		t.Errorf("%+v", got)
	}
	empty := Open(filepath.Join(t.TempDir(), "none"), clock)
	if u, err := empty.Usage(t.Context()); err != nil || len(u) != 0 {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := os.Stat(empty.Dir()); err == nil {
		t.Error("looking made a directory")
	}
}

func TestPrune(t *testing.T) {
	size := func(n int64) *int64 { return &n }
	tests := []struct {
		name string
		p    Prune
		left string // the entries' numbers
	}{
		{"nothing", Prune{MaxBytes: size(6000)}, "012345"},
		{"size", Prune{MaxBytes: size(3500)}, "345"},
		{"none", Prune{MaxBytes: size(0)}, ""},
		{"age", Prune{OlderThan: 4*time.Hour + time.Minute}, "2345"},
		{"both", Prune{OlderThan: 5*time.Hour + time.Minute, MaxBytes: size(2000)}, "45"},
		{"source", Prune{Source: "name of a"}, "45"},
		{"source by id", Prune{Source: spaceID("b")[:8]}, "0123"},
		{"source and size", Prune{Source: "a", MaxBytes: size(1000)}, "345"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, a, b := filled(t)
			out := prune(t, s, tt.p)
			left := ""
			for i := range byte(6) {
				p := a
				if i >= 4 {
					p = b
				}
				if got, _ := p.Get(key(i)); got != nil {
					left += string('0' + i)
				}
			}
			if left != tt.left {
				t.Errorf("left %q, want %q", left, tt.left)
			}
			if out.RemovedEntries != int64(6-len(tt.left)) || out.RemovedBytes != 1000*out.RemovedEntries {
				t.Errorf("%+v", out)
			}
		})
	}
	s, _, _ := filled(t)
	if _, err := s.Prune(t.Context(), Prune{Source: "nobody"}); err == nil {
		t.Error("an unknown source is no error")
	}
	prune(t, s, Prune{MaxBytes: size(0)})
	left := 0
	_ = filepath.WalkDir(s.Dir(), func(path string, _ fs.DirEntry, _ error) error { left++; return nil })
	if left != 1 {
		t.Errorf("%d files and directories are left of nothing", left-1)
	}
}

// What is used stays: a hit makes an entry young again.
func TestUseIsNoted(t *testing.T) {
	s, a, _ := filled(t)
	if got, err := a.Get(key(0)); got == nil || err != nil {
		t.Fatal(err)
	}
	prune(t, s, Prune{MaxBytes: new(int64(1000))})
	if got, _ := a.Get(key(0)); got == nil {
		t.Error("the entry used last was removed")
	}
}

type provider struct {
	eval.Provider
	caps eval.Caps
	m    eval.Model
}

func (p provider) Caps(context.Context) (eval.Caps, error) { return p.caps, nil }
func (p provider) Model() eval.Model                       { return p.m }

type tokenizing struct{ provider }

func (tokenizing) Tokenize(context.Context, string, bool) ([]int, error) { return []int{1}, nil }

func TestIdentityOf(t *testing.T) {
	reported := map[string]string{"id": "m", "version": "1"}
	commitID := strings.Repeat("0a", 20)
	tests := []struct {
		name string
		m    eval.Model
		c    eval.Caps
		ok   bool
	}{
		{"digest", eval.Model{Kind: "vllm", ID: "m", Weights: "abc"}, eval.Caps{}, true},
		{"commit", eval.Model{Kind: "vllm", ID: "m", Revision: commitID}, eval.Caps{}, true},
		{"branch", eval.Model{Kind: "vllm", ID: "m", Revision: "main"}, eval.Caps{Reported: reported}, false},
		{"fingerprint", eval.Model{Kind: "openai", ID: "m"}, eval.Caps{Reported: reported, Fingerprint: "f"}, true},
		{"other fingerprint", eval.Model{Kind: "openai", ID: "m"}, eval.Caps{Reported: reported, Fingerprint: "g"}, true},
		{"other version", eval.Model{Kind: "openai", ID: "m"}, eval.Caps{Reported: map[string]string{"id": "m", "version": "2"}, Fingerprint: "f"}, true},
		{"other step", eval.Model{Kind: "openai", ID: "m", Step: new(int64(1))}, eval.Caps{Reported: reported, Fingerprint: "f"}, true},
		{"other options", eval.Model{Kind: "openai", ID: "m", Options: map[string]any{"eos": "x"}}, eval.Caps{Reported: reported, Fingerprint: "f"}, true},
		{"nothing reported", eval.Model{Kind: "openai", ID: "m"}, eval.Caps{Fingerprint: "f"}, false},
		{"unknown", eval.Model{Kind: "openai", ID: "m"}, eval.Caps{Reported: reported}, false},
		{"mock", eval.Model{Kind: "mock", ID: "mock", Pinned: true}, eval.Caps{}, false},
		{"engine's digest", eval.Model{Kind: "exec", ID: "m"}, eval.Caps{Reported: map[string]string{"weights": "w"}}, true},
	}
	seen := map[string]string{}
	for _, tt := range tests {
		id, err := IdentityOf(tt.m, tt.c)
		if (err == nil) != tt.ok || (id.Text != "") != tt.ok {
			t.Errorf("%s: %+v, %v", tt.name, id, err)
			continue
		}
		if other, ok := seen[id.Text]; ok && tt.ok {
			t.Errorf("%s and %s have one identity", tt.name, other)
		}
		seen[id.Text] = tt.name
	}
	// Where the weights are known, the folder they lie in does not matter.
	a, _ := IdentityOf(eval.Model{Kind: "vllm", ID: "/a", Path: "/a", Weights: "w"}, eval.Caps{Reported: map[string]string{"id": "/a", "root": "/a"}})
	b, _ := IdentityOf(eval.Model{Kind: "vllm", ID: "/b", Path: "/b", Weights: "w"}, eval.Caps{Reported: map[string]string{"id": "/b", "root": "/b"}})
	if a.Text != b.Text {
		t.Errorf("%s and %s", a.Text, b.Text)
	}
}

func TestFollow(t *testing.T) {
	m := newModel()
	l := &Layer{Next: m, Store: Open(t.TempDir(), clock)}
	inner := provider{caps: eval.Caps{Seed: true}, m: eval.Model{Kind: "vllm", Name: "n", Weights: "w"}}
	p := l.Follow(inner, func(err error) { t.Errorf("nothing is kept: %v", err) })
	if _, ok := p.(eval.Tokenizer); ok {
		t.Error("a provider without tokens tells some")
	}
	if _, ok := l.Follow(tokenizing{inner}, nil).(eval.Tokenizer); !ok {
		t.Error("a provider's tokens are hidden")
	}
	if caps, err := p.Caps(t.Context()); err != nil || !caps.Seed {
		t.Errorf("%+v, %v", caps, err)
	}
	respond(t, l, say("q", eval.Sampling{}))
	if respond(t, l, say("q", eval.Sampling{})); m.times() != 1 {
		t.Error("the layer did not learn whose answers it keeps")
	}
	var why error
	l = &Layer{Next: m, Store: Open(t.TempDir(), clock)}
	if _, err := l.Follow(provider{m: eval.Model{Kind: "openai", Name: "n"}}, func(err error) { why = err }).Caps(t.Context()); err != nil || why == nil {
		t.Errorf("%v, %v", err, why)
	}
}

func FuzzUnpack(f *testing.F) {
	short, _ := pack(key(1), []byte("answer"))
	long, _ := pack(key(1), bytes.Repeat([]byte("answer"), 1000))
	f.Add(short)
	f.Add(long)
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, raw []byte) {
		content, err := unpack(key(1), raw)
		if err != nil {
			return
		}
		if again, err := pack(key(1), content); err != nil || len(again) < headLength {
			t.Fatalf("%v", err)
		}
	})
}

func BenchmarkHit(b *testing.B) {
	m := newModel()
	m.edit = func(r *eval.Response) { r.Outputs[0].Text = strings.Repeat("A sentence of the answer. ", 40) }
	l := newLayer(b, b.TempDir(), m, olmo)
	l.Store.now = time.Now
	r := say(strings.Repeat("A question with worked examples. ", 100), eval.Sampling{})
	respond(b, l, r)
	b.ReportAllocs()
	for b.Loop() {
		respond(b, l, r)
	}
	if m.times() != 1 {
		b.Fatal("missed")
	}
}

func BenchmarkMiss(b *testing.B) {
	l := newLayer(b, b.TempDir(), newModel(), olmo)
	r := say("q", eval.Sampling{})
	for i := 0; b.Loop(); i++ {
		seed := int64(i)
		r.Sampling.Seed = &seed
		respond(b, l, r)
	}
}
