package httpapi

import (
	"strings"

	"olmoeval/eval"
)

// Turn is a run of messages of one side of a chat, as APIs want it that let the
// two sides alternate. Results of tools are the user's side.
type Turn struct {
	Assistant bool
	Messages  []eval.Message
}

// Turns cuts a chat into the text of its system messages and the turns of the
// two sides. A request without messages is its prompt, said by the user.
func Turns(r *eval.Request) (system string, turns []Turn) {
	if len(r.Messages) == 0 {
		return "", []Turn{{Messages: []eval.Message{{Role: "user", Content: r.Prompt}}}}
	}
	var texts []string
	for _, m := range r.Messages {
		if m.Role == "system" || m.Role == "developer" {
			texts = append(texts, m.Content)
			continue
		}
		assistant := m.Role == "assistant"
		if n := len(turns); n > 0 && turns[n-1].Assistant == assistant {
			turns[n-1].Messages = append(turns[n-1].Messages, m)
		} else {
			turns = append(turns, Turn{assistant, []eval.Message{m}})
		}
	}
	return strings.Join(texts, "\n\n"), turns
}

// ToolName finds the function that a tool's result answers, "" if no call has
// the id.
func ToolName(r *eval.Request, id string) string {
	for _, m := range r.Messages {
		for _, c := range m.ToolCalls {
			if c.ID == id {
				return c.Name
			}
		}
	}
	return ""
}

// CutStop cuts a text before the first of the stop sequences, for APIs that do
// not take some of them; found says that there was one.
func CutStop(text string, stops []string) (cut string, found bool) {
	at := len(text)
	for _, s := range stops {
		if i := strings.Index(text, s); s != "" && i >= 0 && i < at {
			at, found = i, true
		}
	}
	return text[:at], found
}
