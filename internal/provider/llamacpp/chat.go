package llamacpp

import (
	"fmt"

	"olmoeval/eval"
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

// render writes a chat out with the checkpoint's template; a request without
// messages sends its prompt as the user's.
func (m *loaded) render(r *eval.Request) (string, error) {
	if m.template == "" {
		return "", &eval.Fault{Status: eval.ConfigError, Abort: true, Hint: "give one with chat_template=FILE, or ask for completions",
			Err: fmt.Errorf("llamacpp: %s has no chat template", m.cfg.Path)}
	}
	messages := r.Messages
	if len(messages) == 0 {
		messages = []eval.Message{{Role: "user", Content: r.Prompt}}
	}
	return m.chat(m.template, messages)
}
