package prompt

import (
	"fmt"
	"strings"

	"olmoeval/eval"
)

// Chat asks in a conversation: the system message, a user and an assistant
// message for each worked example, and the question as the last user message.
type Chat struct {
	// SystemPrompt is the system message; "" sends none.
	SystemPrompt string `json:"system_prompt"`
	// UserTemplate renders a question: {question}.
	UserTemplate string `json:"user_template"`
	// AssistantTemplate renders the answer of a worked example: {answer}.
	AssistantTemplate string `json:"assistant_template"`
	// ShotAnswerKey names the metadata value that worked examples show as their
	// answer; "" or an absent value: the gold answer.
	ShotAnswerKey string `json:"shot_answer_key"`
}

var _ eval.Formatter = (*Chat)(nil)

// NewChat sends the question as it is.
func NewChat() *Chat {
	return &Chat{UserTemplate: "{question}", AssistantTemplate: "{answer}"}
}

// RequestType is [eval.Chat].
func (p *Chat) RequestType() eval.RequestType { return eval.Chat }

// Prepare renders the worked examples; one without an answer is an error.
func (p *Chat) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	user, err := question("user_template", p.UserTemplate)
	if err != nil {
		return nil, err
	}
	assistant, err := answer("assistant_template", p.AssistantTemplate)
	if err != nil {
		return nil, err
	}
	var c conversation
	c.system(p.SystemPrompt)
	for i, shot := range shots {
		text, err := shotAnswer(i, shot, p.ShotAnswerKey)
		if err != nil {
			return nil, fmt.Errorf("chat prompt: %w", err)
		}
		c.add("user", user, shot.Question)
		c.add("assistant", assistant, text)
	}
	return func(in *eval.Instance) (*eval.Request, error) {
		return c.ask(p.SystemPrompt, user, in.Question), nil
	}, nil
}

// conversation is the leading messages that all requests share.
type conversation struct{ shared []eval.Message }

func (c *conversation) system(text string) {
	if text != "" {
		c.shared = append(c.shared, eval.Message{Role: "system", Content: text})
	}
}

func (c *conversation) add(role string, t template, value string) {
	c.shared = append(c.shared, eval.Message{Role: role, Content: render(t, value)})
}

// ask is the request that ends with the rendered question.
func (c *conversation) ask(system string, user template, question string) *eval.Request {
	n := len(c.shared)
	messages := make([]eval.Message, n+1)
	copy(messages, c.shared)
	messages[n] = eval.Message{Role: "user", Content: render(user, question)}
	return &eval.Request{Type: eval.Chat, Messages: messages, System: system, Shared: n}
}

func render(t template, value string) string {
	var b strings.Builder
	b.Grow(t.size(value))
	t.write(&b, value)
	return b.String()
}
