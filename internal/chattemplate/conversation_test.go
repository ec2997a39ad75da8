package chattemplate

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// styles are templates of ours in the styles of published ones.
//
//go:embed testdata/*.jinja
var styles embed.FS

func style(t testing.TB, name string) string {
	t.Helper()
	b, err := fs.ReadFile(styles, "testdata/"+name+".jinja")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var styleNames = []string{"llama3", "olmo2", "qwen3", "gemma", "mistral", "generic"}

type object = map[string]any

// fields keep the order of keys, which tojson must keep too.
type field struct {
	key   string
	value any
}
type fields []field

// MarshalJSON writes the fields in order.
func (f fields) MarshalJSON() ([]byte, error) {
	var b strings.Builder
	b.WriteByte('{')
	for i, x := range f {
		if i > 0 {
			b.WriteByte(',')
		}
		k, err := json.Marshal(x.key)
		if err != nil {
			return nil, err
		}
		v, err := json.Marshal(x.value)
		if err != nil {
			return nil, err
		}
		b.Write(k)
		b.WriteByte(':')
		b.Write(v)
	}
	b.WriteByte('}')
	return []byte(b.String()), nil
}

var contents = []string{
	"Hello", "  spaced out \n", "What is 2+2?", "Größe, naïve, 今日は 😀", "a <b> & 'c' \"d\" \\ / </s> [INST]", "line one\nline two\n\n", "", "{{ not a template }} {% if %}",
	"<think>\nhm\n</think>\n\nfour", "\u2028sep\u00a0nbsp", "\ttabbed",
}

// tidy are the contents without spaces at their ends.
func tidy() (out []string) {
	for _, s := range contents {
		if s != "" && strings.TrimSpace(s) == s {
			out = append(out, s)
		}
	}
	return out
}

// conversations are n sets of variables from a seed. Plain ones have contents
// without spaces at their ends, and no two messages alike.
func conversations(seed uint64, n int, tools, plain bool) []string {
	r := rand.New(rand.NewPCG(seed, 11))
	contents := contents
	if plain {
		contents = tidy()
	}
	user := func(content string, at int) fields {
		m := fields{{"role", "user"}, {"content", content}}
		if plain {
			m = append(m, field{"at", at})
		}
		return m
	}
	pick := func() string { return contents[r.IntN(len(contents))] }
	var out []string
	for len(out) < n {
		var messages []any
		if r.IntN(2) == 0 {
			messages = append(messages, fields{{"role", "system"}, {"content", pick()}})
		}
		for range 1 + r.IntN(3) {
			messages = append(messages, user(pick(), len(messages)))
			if tools && r.IntN(2) == 0 {
				id := fmt.Sprintf("call%05d", r.IntN(100000))
				args := fields{{"zone", pick()}, {"city", "Oslo"}, {"days", r.IntN(9)}, {"deep", fields{{"b", nil}, {"a", []any{1.5, true}}}}}
				messages = append(messages,
					fields{{"role", "assistant"}, {"content", pick()}, {"tool_calls", []any{
						fields{{"id", id}, {"type", "function"}, {"function", fields{{"name", "get_weather"}, {"arguments", args}}}}}}},
					fields{{"role", "tool"}, {"content", pick()}, {"tool_call_id", id}})
			}
			answer := fields{{"role", "assistant"}, {"content", pick()}}
			if r.IntN(3) == 0 {
				answer = append(answer, field{"reasoning_content", "because " + pick()})
			}
			messages = append(messages, answer)
		}
		if r.IntN(2) == 0 {
			messages = append(messages, user(pick(), len(messages)))
		}
		vars := fields{{"messages", messages}, {"add_generation_prompt", r.IntN(2) == 0}, {"bos_token", "<s>"}, {"eos_token", "</s>"}}
		if tools && r.IntN(2) == 0 {
			vars = append(vars, field{"tools", []any{fields{{"type", "function"}, {"function", fields{{"name", "get_weather"},
				{"description", pick()}, {"parameters", fields{{"type", "object"}, {"properties", fields{{"zone", object{"type": "string"}},
					{"city", fields{{"type", "string"}, {"enum", []string{"Oslo", "Århus"}}}}}}, {"required", []string{"city"}}}}}}}}})
		}
		if r.IntN(3) == 0 {
			vars = append(vars, field{"enable_thinking", r.IntN(2) == 0})
		}
		b, err := json.Marshal(vars)
		if err != nil {
			panic(err)
		}
		out = append(out, string(b))
	}
	return out
}

func renderings(t testing.TB, n int, plain bool) (all []rendering) {
	t.Helper()
	for i, name := range styleNames {
		for _, vars := range conversations(uint64(i), n, true, plain) {
			all = append(all, rendering{style(t, name), vars})
		}
	}
	return all
}

// TestConversations compares whole templates with Jinja2.
func TestConversations(t *testing.T) {
	compareAll(t, jinja2(t), renderings(t, 90, false))
}

// TestConversationsJavaScript compares them with the package of Hugging Face.
// Where it and Jinja2 differ, Jinja2 counts, for transformers runs it. They do in
// strip, lstrip and rstrip with an argument, which the package does not heed, and
// in ==, which it takes for identity; so contents have no spaces at their ends and
// no two messages are alike.
func TestConversationsJavaScript(t *testing.T) {
	compareAll(t, hfJinja(t), renderings(t, 50, true))
}

// TestGolden holds recorded answers, for machines without Python and node.
func TestGolden(t *testing.T) {
	file := filepath.Join("testdata", "golden.json")
	all := renderings(t, 8, false)
	for _, s := range snippets {
		all = append(all, rendering{s, snippetVars})
	}
	if *update {
		b, err := json.MarshalIndent(jinja2(t)(t, all), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want []answer
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	if len(want) != len(all) {
		t.Fatalf("%d answers recorded, want %d: run with -update", len(want), len(all))
	}
	compareAll(t, func(testing.TB, []rendering) []answer { return want }, all)
}
