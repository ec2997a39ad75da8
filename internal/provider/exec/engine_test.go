package exec

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// asEngine is set for a copy of this test that is an engine, which does what the
// requests' prompts say.
const asEngine = "OLMO_EVAL_TEST_ENGINE"

func TestMain(m *testing.M) {
	if os.Getenv(asEngine) != "" {
		(&engine{out: bufio.NewWriter(os.Stdout)}).run()
		return
	}
	os.Exit(m.Run())
}

// engine misbehaves on demand. The options of the greeting change its hello.
type engine struct {
	out  *bufio.Writer
	kept []request
}

type request struct {
	Type          string          `json:"type"`
	ID            int64           `json:"id"`
	RequestType   string          `json:"request_type"`
	Prompt        string          `json:"prompt"`
	Continuations []string        `json:"continuations"`
	Raw           json.RawMessage `json:"-"`
	Options       struct {
		Hello  map[string]any `json:"hello"` // replaces fields of the hello
		Raw    string         `json:"raw"`   // is written in its place
		Die    bool           `json:"die"`
		Mute   bool           `json:"mute"`
		Equal  bool           `json:"equal"` // scores are all equal
		NoEnd  bool           `json:"no_end"`
		Weight string         `json:"weights_from"` // "pid" or ""
	} `json:"options"`
	Instance int `json:"instance"`
}

func (e *engine) run() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	first := e.read(in)
	o := first.Options
	switch {
	case o.Die:
		fmt.Fprintln(os.Stderr, "boom: no model here")
		os.Exit(3)
	case o.Mute:
		e.waitForEnd(in)
		return
	case os.Getenv(asActor) != "":
		e.act(in)
		return
	case o.Raw != "":
		e.line(o.Raw)
		e.waitForEnd(in)
		return
	}
	hello := map[string]any{"type": "hello", "protocol": 1, "name": "test", "version": "1", "model": "m", "max_in_flight": 4, "max_context": 100,
		"capabilities": map[string]any{"completion": true, "chat": true, "loglikelihood": true, "n": true, "seed": true}}
	if o.Weight == "pid" {
		hello["weights"] = fmt.Sprint(os.Getpid())
	}
	for k, v := range o.Hello {
		hello[k] = v
	}
	e.json(hello)
	for {
		r := e.read(in)
		switch r.Type {
		case "shutdown":
			if o.NoEnd {
				select {}
			}
			fmt.Fprintln(os.Stderr, "farewell")
			return
		case "cancel":
			fmt.Fprintf(os.Stderr, "got cancel %d\n", r.ID)
			e.answer(r.ID, "late")
		default:
			fmt.Fprintf(os.Stderr, "got %s\n", r.Prompt)
			e.obey(r, first)
		}
	}
}

// waitForEnd reads until its stdin is closed.
func (e *engine) waitForEnd(in *bufio.Reader) {
	for {
		if _, err := in.ReadByte(); err != nil {
			return
		}
	}
}

func (e *engine) read(in *bufio.Reader) request {
	raw, err := in.ReadBytes('\n')
	if err != nil {
		os.Exit(0)
	}
	r := request{Raw: raw}
	if err := json.Unmarshal(raw, &r); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(4)
	}
	return r
}

func (e *engine) line(text string) {
	fmt.Fprintln(e.out, text)
	e.out.Flush()
}

func (e *engine) json(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	e.line(string(b))
}

func (e *engine) answer(id int64, text string) {
	e.json(map[string]any{"type": "answer", "id": id, "outputs": []any{map[string]any{"text": text, "finish_reason": "stop"}}})
}

func (e *engine) obey(r, greeting request) {
	word, rest, _ := strings.Cut(r.Prompt, " ")
	id := r.ID
	switch word {
	case "pid":
		e.answer(id, fmt.Sprint(os.Getpid()))
	case "env":
		e.answer(id, os.Getenv(rest))
	case "whole":
		e.answer(id, string(r.Raw))
	case "die":
		fmt.Fprintln(os.Stderr, "boom: bad row")
		os.Exit(3)
	case "dieOnce": // and leave a file behind
		if _, err := os.Stat(rest); err != nil {
			_ = os.WriteFile(rest, nil, 0o644)
			os.Exit(3)
		}
		e.answer(id, "lived")
	case "leave":
		os.Exit(0)
	case "half":
		fmt.Fprintf(e.out, `{"type":"answer","id":%d,"outputs":[{"text":"ha`, id)
		e.out.Flush()
		os.Exit(0)
	case "raw":
		e.line(strings.ReplaceAll(rest, "ID", fmt.Sprint(id)))
	case "huge":
		e.line(strings.Repeat("x", 1<<20))
	case "hang", "wait":
	case "close":
		os.Stdout.Close()
		select {}
	case "three": // answers three, the last first
		if e.kept = append(e.kept, r); len(e.kept) == 3 {
			for i := 2; i >= 0; i-- {
				e.answer(e.kept[i].ID, e.kept[i].Prompt)
			}
			e.kept = nil
		}
	case "dieWith": // once there are two
		if e.kept = append(e.kept, r); len(e.kept) == 2 {
			os.Exit(5)
		}
	case "slowly":
		time.Sleep(time.Millisecond)
		e.answer(id, rest)
	default:
		e.score(r, greeting)
	}
}

// score answers log-likelihoods, and any other prompt with itself.
func (e *engine) score(r, greeting request) {
	if r.RequestType != "loglikelihood" {
		e.answer(r.ID, r.Prompt)
		return
	}
	outputs := []any{}
	for _, c := range r.Continuations {
		sum := -float64(len(c))
		if greeting.Options.Equal {
			sum = -1
		}
		outputs = append(outputs, map[string]any{"sum_logits": sum, "num_tokens": len(c)})
	}
	e.json(map[string]any{"type": "answer", "id": r.ID, "outputs": outputs})
}
