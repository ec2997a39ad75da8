package prompt

import (
	"strings"
	"testing"
)

func TestFill(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"Title: {title}\nQuestion: {question}", "Title: T\nQuestion: what is {title}?"},
		{"{question}{question}", "what is {title}?what is {title}?"},
		{"{{title}} {question}", "{title} what is {title}?"},
	} {
		got, err := Fill("x_template", c.text, "title", "T", "question", "what is {title}?")
		if err != nil || got != c.want {
			t.Errorf("Fill(%q) = %q, %v; want %q", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"", "{topic}{question}", "{question", "question}", "{{question}}", "{title}"} {
		_, err := Fill("x_template", text, "title", "T", "question", "Q")
		if err == nil || !strings.HasPrefix(err.Error(), "x_template: ") {
			t.Errorf("Fill(%q): %v", text, err)
		}
	}
}
