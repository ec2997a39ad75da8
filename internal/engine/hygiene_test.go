package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"olmoeval/eval"
)

// tokens is a fake that knows its tokens: BOS is 1, every byte one more than its
// value, and the text "<s>" is BOS.
type tokens struct {
	*fake
	window int
	bos    bool
}

func (k tokens) Tokenize(_ context.Context, text string, special bool) ([]int, error) {
	var ids []int
	if special && k.bos {
		ids = append(ids, 1)
	}
	for text != "" {
		if rest, ok := strings.CutPrefix(text, "<s>"); ok {
			ids, text = append(ids, 1), rest
			continue
		}
		ids, text = append(ids, int(text[0])+1), text[1:]
	}
	return ids, nil
}

func (k tokens) Caps(ctx context.Context) (eval.Caps, error) {
	c, err := k.fake.Caps(ctx)
	c.MaxContext = k.window
	return c, err
}

func TestHygiene(t *testing.T) {
	for name, c := range map[string]struct {
		prefix  string
		window  int
		bos     bool
		hygiene Hygiene
		want    []string
	}{
		"nothing to say":      {prefix: "add: ", window: 100},
		"no BOS":              {prefix: "add: ", bos: true, want: []string{"no_bos"}},
		"BOS is sent":         {prefix: "add: ", bos: true, hygiene: Hygiene{AddsBOS: true}},
		"BOS in the text":     {prefix: "<s>add: ", bos: true},
		"two in the text":     {prefix: "<s><s>add: ", bos: true, want: []string{"double_bos"}},
		"text and server":     {prefix: "<s>add: ", bos: true, hygiene: Hygiene{AddsBOS: true}, want: []string{"double_bos"}},
		"too long for both":   {prefix: "add: ", window: 20, want: []string{"context_overflow"}},
		"thinks without stop": {prefix: "add: ", hygiene: Hygiene{Template: Template{Known: true, Has: true, Thinks: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{}
			e, sel := testEngine(t, t.TempDir(), f, testRows(20))
			e.Provider, e.Hygiene = tokens{f, c.window, c.bos}, c.hygiene
			sel.Tasks[0].Task.Prompt = &plainPrompt{Prefix: c.prefix}
			var told []string
			e.Warn = func(line string) { told = append(told, line) }
			res, err := runOnce(t, e, sel)
			if err != nil {
				t.Fatal(err)
			}
			got := res.Tasks[0].Warnings
			if len(c.want) == 0 && len(got) == 0 && len(told) == 0 {
				return
			}
			if !slices.Equal(got, c.want) || len(told) != len(c.want) {
				t.Errorf("warnings %q, want %q; told %q", got, c.want, told)
			}
		})
	}
}

func TestTemplateFindings(t *testing.T) {
	chat := &eval.Task{Config: eval.Config{Prompt: chatPrompt{}}}
	completion := &eval.Task{Config: eval.Config{Prompt: &plainPrompt{}}}
	for _, c := range []struct {
		id   string
		task *eval.Task
		tpl  Template
		want string
	}{
		{"olmo-base", chat, Template{}, ""},
		{"olmo", chat, Template{Known: true}, "no_template"},
		{"Olmo-7B-Base", chat, Template{Known: true, Has: true}, "template_on_base"},
		{"Olmo-7B-Instruct", chat, Template{Known: true, Has: true}, ""},
		{"Olmo-7B-Instruct", completion, Template{}, "no_template"},
		{"gemma-7b-it", completion, Template{}, "no_template"},
		{"Olmo-7B", completion, Template{}, ""},
		{"/ckpts/commit-22", completion, Template{}, ""},
	} {
		h := Hygiene{Template: c.tpl}
		got := strings.Join(codes(h.template(eval.Model{Name: c.id, ID: c.id}, c.task)), " ")
		if got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.id, c.task.Prompt.RequestType(), got, c.want)
		}
	}
}

type chatPrompt struct{}

func (chatPrompt) RequestType() eval.RequestType { return eval.Chat }
func (chatPrompt) Prepare([]*eval.Instance) (eval.Renderer, error) {
	return func(in *eval.Instance) (*eval.Request, error) {
		return &eval.Request{Type: eval.Chat, Messages: []eval.Message{{Role: "user", Content: in.Question}}}, nil
	}, nil
}

// A task that looks broken is said to be so while it runs, not when it has ended.
func TestEarlyAlarm(t *testing.T) {
	f := &fake{}
	var mu sync.Mutex
	var told []string
	heard := make(chan struct{}) // closed when the alarm was heard
	f.respon = func(n int64, r *eval.Request) (*eval.Response, error) {
		if n > early+8 {
			<-heard // the run cannot end before
		}
		return &eval.Response{Outputs: []eval.Output{{Text: "<think>well", FinishReason: "stop"}}}, nil
	}
	e, sel := testEngine(t, t.TempDir(), f, testRows(200))
	e.Warn = func(line string) {
		mu.Lock()
		defer mu.Unlock()
		if told = append(told, line); len(told) == 1 {
			close(heard)
		}
	}
	res, err := runOnce(t, e, sel)
	if err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || !strings.Contains(told[0], "100 % of the first 50 answers ended inside thinking") || !slices.Contains(res.Tasks[0].Warnings, "stop_in_thinking") {
		t.Errorf("told %q, warnings %q", told, res.Tasks[0].Warnings)
	}
}

func TestOverflowPolicy(t *testing.T) {
	for policy, want := range map[string]struct {
		n     int
		value float64
	}{"": {30, 0.6}, Fail: {30, 0.6}, Skip: {27, 18.0 / 27}} {
		f := &fake{}
		f.respon = func(_ int64, r *eval.Request) (*eval.Response, error) {
			if i, _ := r.Origin.Instance.Int("id"); i%10 == 1 {
				return nil, &eval.Fault{Status: eval.ContextOverflow, Err: errors.New("too long")}
			}
			return nil, nil
		}
		e, sel := testEngine(t, t.TempDir(), f, testRows(30))
		e.Overflow = policy
		res, err := runOnce(t, e, sel)
		if err != nil {
			t.Fatal(err)
		}
		got := res.Tasks[0]
		if got.Primary.N != want.n || *got.Primary.Value != want.value || slices.Contains(got.Warnings, "partial") != (policy == Skip) {
			t.Errorf("%q: n %d, value %v, warnings %q", policy, got.Primary.N, *got.Primary.Value, got.Warnings)
		}
	}
}

// limited is a provider that says without being asked that it only chats.
type limited struct{ *fake }

func (limited) Declared() (eval.Caps, bool) {
	return eval.Caps{Chat: true, Notes: []string{"the API has no completions"}}, true
}

func TestWhatIsDeclaredAbsentIsRefusedInThePlan(t *testing.T) {
	f := &fake{}
	e, sel := testEngine(t, t.TempDir(), f, testRows(3))
	e.Provider = limited{f}
	e.Variants = func(t *eval.Task, ok func(*eval.Task) bool) []string {
		as := *t
		if as.Prompt = (chatPrompt{}); ok(&as) && !ok(t) {
			return []string{t.Name + ":chat"}
		}
		return nil
	}
	_, err := e.Plan(context.Background(), sel)
	if !errors.Is(err, ErrRefused) || f.calls.Load() != 0 {
		t.Fatalf("%v after %d calls", err, f.calls.Load())
	}
	for _, part := range []string{"sum needs completion requests", "no completions", "sum:chat"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v: want %q in it", err, part)
		}
	}
}

func TestSeedsNeedAServerThatTakesThem(t *testing.T) {
	f := &fake{}
	e, sel := testEngine(t, t.TempDir(), f, testRows(3))
	sel.Tasks[0].Task.Sampling.Temperature = 1
	sel.Tasks[0].Task.Sampling.Seed = new(int64(5))
	_, err := runOnce(t, e, sel)
	if fault := eval.FaultOf(err); err == nil || !fault.Abort || !strings.Contains(err.Error(), "sampling.seed") {
		t.Errorf("%v, want a refusal", err)
	}
}
