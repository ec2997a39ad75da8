package chattemplate

import (
	"encoding/json"
	"errors"
	"flag"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/chattemplate/jinja"
)

var update = flag.Bool("update", false, "write testdata/golden.json anew from Jinja2")

func TestRender(t *testing.T) {
	tmpl, err := Parse("{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if tools is none %}-{% endif %}{% if documents is none %}-{% endif %}{{ k }}{% if add_generation_prompt %}>{% endif %}")
	if err != nil {
		t.Fatal(err)
	}
	got, err := tmpl.Render(Input{
		Messages: json.RawMessage(`[{"role":"user","content":"hi"}]`), AddGenerationPrompt: true,
		Specials: map[string]string{"bos_token": "<s>"}, Extra: map[string]json.RawMessage{"k": json.RawMessage(`[1]`)},
	})
	if err != nil || got != "<s><user>hi--[1]>" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := tmpl.Render(Input{Messages: json.RawMessage(`[`)}); err == nil || !strings.Contains(err.Error(), "messages") {
		t.Errorf("broken messages: %v", err)
	}
}

func TestRaised(t *testing.T) {
	tmpl, err := Parse("a\n{{ raise_exception('not so') }}")
	if err != nil {
		t.Fatal(err)
	}
	_, err = tmpl.Render(Input{})
	var r *Raised
	if !errors.As(err, &r) || r.Message != "not so" || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("%v", err)
	}
}

func TestNoClock(t *testing.T) {
	tmpl, err := Parse("{{ strftime_now('%d') }}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tmpl.Render(Input{}); err == nil || !strings.Contains(err.Error(), "no clock") {
		t.Errorf("%v", err)
	}
	if _, err := tmpl.Render(Input{Now: fixed}); err != nil {
		t.Error(err)
	}
}

func TestChoose(t *testing.T) {
	both := map[string]string{"default": "D", "tool_use": "T"}
	for _, c := range []struct {
		templates map[string]string
		tools     bool
		want, err string
	}{
		{both, false, "D", ""}, {both, true, "T", ""}, {map[string]string{"default": "D"}, true, "D", ""},
		{nil, false, "", "no chat template"}, {map[string]string{"rag": "R"}, false, "", "none is named default"},
	} {
		got, err := Choose(c.templates, c.tools)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%v %t: %q, %v", c.templates, c.tools, got, err)
		}
	}
}

// hostile are templates that would not end, or eat all memory.
var hostile = []string{
	`{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}`,
	`{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}`,
	`{% set ns = namespace(s="aaaaaaaaaaaaaaaa") %}{% for a in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}`,
	`{% set ns = namespace(s=[1]) %}{% for a in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}`,
	`{% set ns = namespace(s=[1]) %}{% for a in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s | tojson }}`,
	`{% set ns = namespace(s=[1]) %}{% for a in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s == ns.s }}`,
	`{% set ns = namespace(s=(1,)) %}{% for a in range(99) %}{% set ns.s = (ns.s, ns.s) %}{% endfor %}{{ {ns.s: 1} }}`,
	`{{ "a" * 9999999999 }}`, `{{ [1] * 9999999999 }}`, `{{ "a" | center(9999999999) }}`, `{{ "a".rjust(9999999999) }}`, `{{ "%9999999999d" % 1 }}`,
	`{{ "a" | indent(9999999999) }}`, `{{ ("a" * 1000000).replace("a", "b" * 1000000) }}`, `{{ ("a" * 1000000) | replace("", "b" * 100000) }}`,
	`{% for n in [[]] recursive %}{{ loop([[]]) }}{% endfor %}`, `{{ 9 ** 9 ** 9 ** 9 }}`, `{{ [1, 2] | batch(999999999) | list }}`, `{{ [[1]] | tojson(indent=999999999) }}`,
	`{% set ns = namespace(d={}) %}{% for a in range(99) %}{% set ns.d = {"a": ns.d, "b": ns.d} %}{% endfor %}{{ ns.d }}`,
	strings.Repeat("{% if 1 %}", 5000), "{{ " + strings.Repeat("(", 100000) + " }}", "{{ " + strings.Repeat("-", 100000) + "1 }}", "{{ " + strings.Repeat("not ", 100000) + "1 }}",
	"{{ a" + strings.Repeat(".a", 100000) + " }}", "{{ a" + strings.Repeat("|a", 100000) + " }}", "{{ " + strings.Repeat("[", 100000) + " }}", "{% for " + strings.Repeat("(", 100000) + " in x %}{% endfor %}",
	"{{ 1" + strings.Repeat(" if 1 else 1", 100000) + " }}",
}

// TestHostile: such templates end with an error, and soon.
func TestHostile(t *testing.T) {
	for _, source := range hostile {
		tmpl, err := Parse(source)
		if err != nil {
			continue
		}
		if _, err := tmpl.Render(Input{}); err == nil {
			t.Errorf("%.100s: no error", source)
		}
	}
	if _, err := Parse(strings.Repeat("a", jinja.MaxSource+1)); err == nil {
		t.Error("a source too long was parsed")
	}
}

// FuzzRender: no template makes a panic or an endless loop.
func FuzzRender(f *testing.F) {
	for _, s := range snippets {
		f.Add(s)
	}
	for _, name := range styleNames {
		f.Add(style(f, name))
	}
	f.Fuzz(func(_ *testing.T, source string) {
		render(&rendering{source, snippetVars})
	})
}

func BenchmarkRender(b *testing.B) {
	for _, name := range styleNames {
		tmpl, err := Parse(style(b, name))
		if err != nil {
			b.Fatal(err)
		}
		var vars map[string]json.RawMessage
		if err := json.Unmarshal([]byte(conversations(1, 1, false, false)[0]), &vars); err != nil {
			b.Fatal(err)
		}
		in := Input{Messages: vars["messages"], Extra: vars}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := tmpl.Render(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestFromRequest(t *testing.T) {
	tmpl, err := Parse("{{ messages | tojson }}{{ tools | tojson }}{{ thinking }}{{ add_generation_prompt }}")
	if err != nil {
		t.Fatal(err)
	}
	in, err := FromRequest(&eval.Request{
		Messages: []eval.Message{{Role: "user", Content: "<é>"}, {Role: "assistant", ToolCalls: []eval.ToolCall{
			{ID: "1", Name: "f", Arguments: `{"z":1,"a":[]}`}, {Name: "g"}, {Name: "h", Arguments: "{broken"}}}, {Role: "tool", ToolCallID: "1"}},
		Tools:    []eval.Tool{{Name: "f", Parameters: json.RawMessage(`{"type":"object","b":1,"a":2}`)}},
		Sampling: eval.Sampling{ExtraBody: map[string]any{"chat_template_kwargs": map[string]any{"thinking": false}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := tmpl.Render(in)
	want := `[{"role": "user", "content": "<é>"}, {"role": "assistant", "content": null, "tool_calls": [` +
		`{"id": "1", "type": "function", "function": {"name": "f", "arguments": {"z": 1, "a": []}}}, ` +
		`{"id": "", "type": "function", "function": {"name": "g", "arguments": {}}}, ` +
		`{"id": "", "type": "function", "function": {"name": "h", "arguments": "{broken"}}]}, {"role": "tool", "content": "", "tool_call_id": "1"}]` +
		`[{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "b": 1, "a": 2}}}]FalseTrue`
	if err != nil || got != want {
		t.Errorf("%s, %v\nwant %s", got, err, want)
	}
	if in, err := FromRequest(&eval.Request{Prompt: "p"}); err != nil || string(in.Messages) != `[{"role":"user","content":"p"}]` || in.Tools != nil {
		t.Errorf("prompt: %s, %v", in.Messages, err)
	}
}
