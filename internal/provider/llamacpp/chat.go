package llamacpp

import (
	"encoding/json"
	"fmt"
	"maps"

	"olmoeval/eval"
	"olmoeval/internal/chattemplate"
)

// prompt is the tokens of a request to generate.
func (m *loaded) prompt(r *eval.Request) ([]token, error) {
	text := r.Prompt
	if r.Type == eval.Chat {
		var err error
		if text, err = m.render(r); err != nil {
			return nil, err
		}
	}
	if text == "" {
		return m.empty, nil
	}
	ids, err := m.tokenize(text)
	if err != nil {
		return nil, err
	}
	// A template writes BOS itself, or leaves it to the tokenizer.
	if len(m.prefix) > 0 && (len(ids) == 0 || ids[0] != m.prefix[0]) {
		ids = append(append(make([]token, 0, len(ids)+1), m.prefix...), ids...)
	}
	return ids, nil
}

// render writes a chat out with the checkpoint's template, ending where the
// answer begins.
func (m *loaded) render(r *eval.Request) (string, error) {
	if m.template == nil {
		return "", &eval.Fault{Status: eval.ConfigError, Abort: true, Hint: "give one with chat_template=FILE, or ask for completions",
			Err: fmt.Errorf("llamacpp: %s has no chat template", m.cfg.Path)}
	}
	in, err := chattemplate.FromRequest(r)
	if err != nil {
		return "", &eval.Fault{Status: eval.ConfigError, Err: err}
	}
	in.Now, in.Specials = m.cfg.Now, map[string]string{"bos_token": m.bos, "eos_token": m.eos}
	extra := map[string]json.RawMessage{}
	add := func(name string, v any) {
		if b, bad := json.Marshal(v); bad != nil {
			err = fmt.Errorf("chat_template_kwargs: %s: %w", name, bad)
		} else {
			extra[name] = b
		}
	}
	for name, v := range m.cfg.ChatTemplateKwargs {
		add(name, v)
	}
	if e := r.Sampling.ReasoningEffort; e != "" {
		add("reasoning_effort", e)
	}
	maps.Copy(extra, in.Extra)
	in.Extra = extra
	var text string
	if err == nil {
		text, err = m.template.Render(in)
	}
	if err != nil {
		return "", &eval.Fault{Status: eval.ConfigError, Err: fmt.Errorf("llamacpp: %w", err)}
	}
	return text, nil
}
