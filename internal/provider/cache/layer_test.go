package cache

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"olmoeval/eval"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func clock() time.Time { return start }

// model answers and remembers what it was asked.
type model struct {
	mu     sync.Mutex
	asked  []*eval.Request
	finish string
	weight string // is in each answer
	fail   error
	edit   func(*eval.Response)
}

func (m *model) Respond(_ context.Context, r *eval.Request) (*eval.Response, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := *r
	m.asked = append(m.asked, &c)
	if m.fail != nil {
		return nil, m.fail
	}
	resp := &eval.Response{Attempts: 2, Usage: eval.Usage{PromptTokens: 10, CompletionTokens: 4, Cost: 0.5}, Timing: eval.Timing{Total: 7}, Notes: []string{"boundary=x"}}
	if r.Type == eval.Loglikelihood {
		for i, c := range r.Continuations {
			yes := true
			resp.Outputs = append(resp.Outputs, eval.Output{Text: c, Loglik: &eval.Loglik{Sum: -float64(i) - 0.1, Tokens: 1, Greedy: &yes, Margin: new(-0.25)},
				Logprobs: []eval.TokenLogprob{{Token: c, Logprob: -float64(i) - 0.1}}})
		}
	} else {
		for k := range r.Sampling.Samples() {
			seed := int64(0)
			if r.Sampling.Seed != nil {
				seed = *r.Sampling.Seed + int64(k)
			}
			resp.Outputs = append(resp.Outputs, eval.Output{Text: fmt.Sprintf("%s%s says %d \ufffd \\ufffd <é>", m.weight, r.Prompt, seed), FinishReason: m.finish})
		}
	}
	if m.edit != nil {
		m.edit(resp)
	}
	return resp, nil
}

func (m *model) times() int { m.mu.Lock(); defer m.mu.Unlock(); return len(m.asked) }

func newModel() *model { return &model{finish: "stop"} }

// layer over a model in a directory.
func newLayer(t testing.TB, dir string, next eval.Responder, id Identity) *Layer {
	t.Helper()
	l := &Layer{Next: next, Store: Open(dir, clock)}
	if err := l.Identify(id); err != nil {
		t.Fatal(err)
	}
	return l
}

var olmo = Identity{Text: "weights a", Name: "olmo", Seeds: true}

func say(prompt string, s eval.Sampling) *eval.Request {
	return &eval.Request{Type: eval.Completion, Prompt: prompt, Sampling: s}
}

func respond(t testing.TB, l *Layer, r *eval.Request) *eval.Response {
	t.Helper()
	resp, err := l.Respond(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func scoring() *eval.Request {
	return &eval.Request{Type: eval.Loglikelihood, Prompt: "q", Continuations: []string{" a", " b"}, Sampling: eval.Sampling{Temperature: 1}}
}

func TestSecondRunIsServed(t *testing.T) {
	seven := int64(7)
	for name, r := range map[string]*eval.Request{
		"greedy": say("q", eval.Sampling{}), "seeded": say("q", eval.Sampling{Temperature: 1, Seed: &seven, NumSamples: 3}),
		"scores": scoring(), "greedy samples": say("q", eval.Sampling{NumSamples: 2}),
	} {
		t.Run(name, func(t *testing.T) {
			dir, m := t.TempDir(), newModel()
			first := respond(t, newLayer(t, dir, m, olmo), r)
			l := newLayer(t, dir, m, olmo) // another run
			second := respond(t, l, r)
			if m.times() != 1 {
				t.Fatalf("asked %d times", m.times())
			}
			if !reflect.DeepEqual(second.Outputs, first.Outputs) {
				t.Errorf("outputs %+v, want %+v", second.Outputs, first.Outputs)
			}
			if second.Usage != (eval.Usage{}) || second.Timing != (eval.Timing{}) || second.Attempts != 0 {
				t.Errorf("a cached answer has a cost: %+v", second)
			}
			if !slices.Equal(second.Notes, []string{"boundary=x", Cached}) {
				t.Errorf("notes %q", second.Notes)
			}
			s := l.Stats()
			if s.Hits != 1 || s.Misses != 0 || s.PromptTokens != 10 || s.CompletionTokens != 4 || s.Bytes == 0 || s.Errors != 0 {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

func TestWhatTasksMakeOfAnswersIsNotKept(t *testing.T) {
	dir, m := t.TempDir(), newModel()
	l := newLayer(t, dir, m, olmo)
	m.edit = func(r *eval.Response) {
		r.Outputs[0].Answer, r.Outputs[0].Answers = "x", []string{"x"}
		r.Outputs[0].Scores = map[string]eval.Score{"s": {Value: 1}}
	}
	first := respond(t, l, say("q", eval.Sampling{}))
	out := respond(t, l, say("q", eval.Sampling{})).Outputs[0]
	if out.Answer != nil || out.Answers != nil || out.Scores != nil || out.Text != first.Outputs[0].Text {
		t.Errorf("%+v", out)
	}
}

// TestOutputsSurvive sets every field of an output, so that a new one cannot be
// lost on the way.
func TestOutputsSurvive(t *testing.T) {
	var out eval.Output
	fill(t, reflect.ValueOf(&out).Elem())
	out.Answer, out.Answers, out.Scores = nil, nil, nil
	raw, err := encode(&answer{Outputs: []output{{Output: out}}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := decode(raw)
	if err != nil || !reflect.DeepEqual(a.Outputs[0].Output, out) {
		t.Errorf("%+v, %v, want %+v", a.Outputs[0].Output, err, out)
	}
}

// fill sets everything in v to something else than zero.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(7)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Float64:
		v.SetFloat(-0.1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Map, reflect.Interface:
	default:
		t.Fatalf("cannot fill a %s", v.Type())
	}
}

func TestNeverAcrossWeights(t *testing.T) {
	dir := t.TempDir()
	a, b := newModel(), newModel()
	a.weight, b.weight = "A ", "B "
	r := say("q", eval.Sampling{})
	one := respond(t, newLayer(t, dir, a, olmo), r)
	two := respond(t, newLayer(t, dir, b, Identity{Text: "weights b", Name: "olmo", Seeds: true}), r)
	if b.times() != 1 || one.Outputs[0].Text == two.Outputs[0].Text {
		t.Errorf("the answer of other weights was served: %q", two.Outputs[0].Text)
	}
}

func TestNoIdentity(t *testing.T) {
	m := newModel()
	l := &Layer{Next: m, Store: Open(t.TempDir(), clock)}
	if err := l.Identify(Identity{Name: "x"}); err == nil {
		t.Error("an empty identity is accepted")
	}
	for range 2 {
		respond(t, l, say("q", eval.Sampling{}))
	}
	if m.times() != 2 || l.Stats().Skipped != 2 {
		t.Errorf("asked %d times, %+v: something was kept for unknown weights", m.times(), l.Stats())
	}
	l = newLayer(t, t.TempDir(), m, olmo)
	if err := l.Identify(olmo); err != nil {
		t.Errorf("the same identity again: %v", err)
	}
	if err := l.Identify(Identity{Text: "other", Name: "x"}); err == nil {
		t.Error("a second identity is accepted")
	}
	respond(t, l, say("q", eval.Sampling{}))
	respond(t, l, say("q", eval.Sampling{}))
	if l.Stats().Skipped != 2 {
		t.Errorf("served under two identities: %+v", l.Stats())
	}
}

// keyOf is the key of the first entry of a request.
func keyOf(t *testing.T, l *Layer, r *eval.Request) Key {
	t.Helper()
	return (&asked{layer: l, source: l.source.Load(), r: r, n: 1}).key(0)
}

// TestKeyHasAllThatIsSent changes every field of a request, so that a new one
// cannot be forgotten.
func TestKeyHasAllThatIsSent(t *testing.T) {
	l := newLayer(t, t.TempDir(), newModel(), olmo)
	notSent := map[string]bool{"System": true, "Shared": true, "Origin": true}
	seen := map[Key]string{keyOf(t, l, &eval.Request{}): "zero"}
	kind := reflect.TypeFor[eval.Request]()
	for i := range kind.NumField() {
		name := kind.Field(i).Name
		var r eval.Request
		if notSent[name] {
			continue
		}
		if name == "Sampling" {
			samplings(t, l, seen)
			continue
		}
		fill(t, reflect.ValueOf(&r).Elem().Field(i))
		k := keyOf(t, l, &r)
		if other, ok := seen[k]; ok {
			t.Errorf("requests with %s and %s have one key", name, other)
		}
		seen[k] = name
	}
	chat := &eval.Request{Type: eval.Chat, Messages: []eval.Message{{Role: "user", Content: "q"}}}
	if keyOf(t, l, chat) == keyOf(t, l, say("q", eval.Sampling{})) {
		t.Error("a chat and a completion of one text have one key")
	}
	other := *chat
	other.Messages = []eval.Message{{Role: "system", Content: "q"}}
	if keyOf(t, l, chat) == keyOf(t, l, &other) {
		t.Error("roles are not in the key")
	}
}

func samplings(t *testing.T, l *Layer, seen map[Key]string) {
	t.Helper()
	kind := reflect.TypeFor[eval.Sampling]()
	for i := range kind.NumField() {
		name := kind.Field(i).Name
		if name == "NumSamples" {
			continue // each sample has a key of its own: see TestSamples
		}
		var r eval.Request
		f := reflect.ValueOf(&r.Sampling).Elem().Field(i)
		if fill(t, f); f.Kind() == reflect.Map {
			f.Set(reflect.ValueOf(map[string]any{"a": 1}))
		}
		k := keyOf(t, l, &r)
		if other, ok := seen[k]; ok {
			t.Errorf("samplings with %s and %s have one key", name, other)
		}
		seen[k] = name
	}
}

func TestSamples(t *testing.T) {
	dir, m := t.TempDir(), newModel()
	seed := int64(100)
	ask := func(n int) *eval.Request { return say("q", eval.Sampling{Temperature: 1, Seed: &seed, NumSamples: n}) }
	respond(t, newLayer(t, dir, m, olmo), ask(3))
	l := newLayer(t, dir, m, olmo)
	resp := respond(t, l, ask(8))
	if last := m.asked[len(m.asked)-1].Sampling; m.times() != 2 || last.NumSamples != 5 || *last.Seed != 103 {
		t.Errorf("asked for %d samples from seed %d in %d requests, want the missing 5 from 103", last.NumSamples, *last.Seed, m.times())
	}
	whole := respond(t, newLayer(t, t.TempDir(), newModel(), olmo), ask(8))
	if !reflect.DeepEqual(resp.Outputs, whole.Outputs) {
		t.Errorf("%+v\nwant %+v", resp.Outputs, whole.Outputs)
	}
	if !slices.Contains(resp.Notes, CachedPart) || slices.Contains(resp.Notes, Cached) || resp.Attempts != 2 || resp.Usage.PromptTokens != 10 {
		t.Errorf("%+v", resp)
	}
	if s := l.Stats(); s.Partial != 1 || s.Hits != 0 {
		t.Errorf("%+v", s)
	}
	// Two holes are two requests; fewer samples are served from more.
	k := (&asked{layer: l, source: l.source.Load(), r: ask(8), n: 8})
	for _, i := range []int{1, 4, 5} {
		if err := l.source.Load().space.Put(k.key(i), []byte("no answer")); err != nil {
			t.Fatal(err)
		}
	}
	if again := respond(t, l, ask(8)); !reflect.DeepEqual(again.Outputs, whole.Outputs) || m.times() != 4 {
		t.Errorf("%d requests, %+v", m.times(), again.Outputs)
	}
	if few := respond(t, l, ask(2)); !reflect.DeepEqual(few.Outputs, whole.Outputs[:2]) || m.times() != 4 {
		t.Errorf("%d requests, %+v", m.times(), few.Outputs)
	}
	if *ask(8).Sampling.Seed != 100 {
		t.Error("the seed was changed")
	}
}

// Without seeds for each sample they are kept and asked for together.
func TestSamplesTogether(t *testing.T) {
	dir, m := t.TempDir(), newModel()
	seed := int64(1)
	id := Identity{Text: "x", Name: "x"}
	ask := func(n int) *eval.Request { return say("q", eval.Sampling{Temperature: 1, Seed: &seed, NumSamples: n}) }
	l := newLayer(t, dir, m, id)
	respond(t, l, ask(3))
	respond(t, l, ask(3))
	if m.times() != 1 {
		t.Errorf("asked %d times for the same", m.times())
	}
	respond(t, l, ask(8))
	if last := m.asked[len(m.asked)-1].Sampling; m.times() != 2 || last.NumSamples != 8 || *last.Seed != 1 {
		t.Errorf("asked for %d in %d requests, want all 8", last.NumSamples, m.times())
	}
}

func TestWhatIsNotKept(t *testing.T) {
	broken := func(finish string) func(*model) { return func(m *model) { m.finish = finish } }
	tests := map[string]struct {
		sampling eval.Sampling
		change   func(*model)
	}{
		"sampled without a seed": {eval.Sampling{Temperature: 1}, func(*model) {}},
		"timeout":                {eval.Sampling{}, broken("timeout")},
		"abort":                  {eval.Sampling{}, broken("abort")},
		"filter":                 {eval.Sampling{}, broken("content_filter")},
		"no reason":              {eval.Sampling{}, broken("")},
		"no UTF-8":               {eval.Sampling{}, func(m *model) { m.edit = func(r *eval.Response) { r.Outputs[0].Text = "\xff" } }},
		"NaN": {eval.Sampling{}, func(m *model) {
			m.edit = func(r *eval.Response) { r.Outputs[0].Logprobs = []eval.TokenLogprob{{Logprob: math.NaN()}} }
		}},
		"a copy":   {eval.Sampling{}, func(m *model) { m.edit = func(r *eval.Response) { r.Attempts = 0 } }},
		"no score": {eval.Sampling{}, func(m *model) { m.edit = func(r *eval.Response) { r.Outputs = nil } }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := newModel()
			tt.change(m)
			l := newLayer(t, t.TempDir(), m, olmo)
			for range 2 {
				respond(t, l, say("q", tt.sampling))
			}
			if s := l.Stats(); m.times() != 2 || s.Kept != 0 || s.Errors != 0 {
				t.Errorf("asked %d times, %+v", m.times(), s)
			}
		})
	}
	t.Run("fault", func(t *testing.T) {
		m := newModel()
		m.fail = &eval.Fault{Status: eval.ContextOverflow, Err: errors.New("too long")}
		l := newLayer(t, t.TempDir(), m, olmo)
		for range 2 {
			if _, err := l.Respond(t.Context(), say("q", eval.Sampling{})); err == nil {
				t.Error("no fault")
			}
		}
		if m.times() != 2 {
			t.Errorf("a fault was kept")
		}
	})
	t.Run("ended context", func(t *testing.T) {
		m := newModel()
		l := newLayer(t, t.TempDir(), m, olmo)
		ctx, cancel := context.WithCancel(t.Context())
		m.edit = func(*eval.Response) { cancel() }
		if _, err := l.Respond(ctx, say("q", eval.Sampling{})); err != nil || l.Stats().Kept != 0 {
			t.Errorf("%v, %+v", err, l.Stats())
		}
	})
}

// A directory that cannot be written costs nothing but the count.
func TestUnwritable(t *testing.T) {
	m := newModel()
	l := newLayer(t, "/dev/null/cache", m, olmo)
	resp := respond(t, l, say("q", eval.Sampling{}))
	if len(resp.Outputs) != 1 || l.Stats().Errors == 0 {
		t.Errorf("%+v, %+v", resp, l.Stats())
	}
}

func TestConcurrentRuns(t *testing.T) {
	dir, m := t.TempDir(), newModel()
	var wg sync.WaitGroup
	for range 4 {
		l := newLayer(t, dir, m, olmo)
		for range 4 {
			wg.Go(func() {
				for i := range 25 {
					prompt := fmt.Sprint("q", i)
					resp, err := l.Respond(t.Context(), say(prompt, eval.Sampling{}))
					if want := prompt + " says 0 \ufffd \\ufffd <é>"; err != nil || resp.Outputs[0].Text != want {
						t.Errorf("%v, %v, want %q", resp, err, want)
					}
				}
			})
		}
	}
	wg.Wait()
	before := m.times()
	l := newLayer(t, dir, m, olmo)
	for i := range 25 {
		respond(t, l, say(fmt.Sprint("q", i), eval.Sampling{}))
	}
	if m.times() != before {
		t.Errorf("%d entries are missing", m.times()-before)
	}
}
