// Package chattemplate renders the chat templates of models as the transformers
// library does, without Python and without a server.
//
// Call [Parse] with the source of a template, or [Choose] first where a model has
// several, then [Template.Render]. A Template may be used by many goroutines.
// Templates are not trusted: see package jinja.
package chattemplate

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"olmoeval/internal/chattemplate/jinja"
)

// Template is a parsed chat template.
type Template struct {
	t *jinja.Template
}

// Parse reads a template.
func Parse(source string) (*Template, error) {
	t, err := jinja.Parse(source)
	if err != nil {
		return nil, fmt.Errorf("chat template: %w", err)
	}
	return &Template{t}, nil
}

// Input is what a template renders. The JSON parts keep the order of their keys.
type Input struct {
	// Messages is a JSON list of messages as templates know them.
	Messages json.RawMessage
	// Tools and Documents are JSON lists; nil is none.
	Tools, Documents json.RawMessage
	// AddGenerationPrompt ends the text with the beginning of an answer.
	AddGenerationPrompt bool
	// Specials are the texts of bos_token, eos_token and so on.
	Specials map[string]string
	// Extra are further variables (chat_template_kwargs), each in JSON; they go
	// before the others.
	Extra map[string]json.RawMessage
	// Now is the clock of strftime_now; a template that asks for the time without
	// one is an error.
	Now func() time.Time
}

// Raised is what a template said with raise_exception.
type Raised struct{ Message string }

func (r *Raised) Error() string { return "raise_exception: " + r.Message }

// Render writes the text of a conversation.
func (t *Template) Render(in Input) (string, error) {
	vars := map[string]any{"add_generation_prompt": in.AddGenerationPrompt}
	for name, text := range in.Specials {
		vars[name] = text
	}
	for _, part := range []struct {
		name string
		json json.RawMessage
	}{{"messages", in.Messages}, {"tools", in.Tools}, {"documents", in.Documents}} {
		if err := setJSON(vars, part.name, part.json); err != nil {
			return "", err
		}
	}
	for name, value := range in.Extra {
		if err := setJSON(vars, name, value); err != nil {
			return "", err
		}
	}
	text, err := t.t.Render(environment(in.Now), vars)
	if err != nil {
		return "", fmt.Errorf("chat template: %w", err)
	}
	return text, nil
}

func setJSON(vars map[string]any, name string, text json.RawMessage) error {
	if len(text) == 0 {
		vars[name] = nil
		return nil
	}
	v, err := jinja.FromJSON(text)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	vars[name] = v
	return nil
}

func environment(now func() time.Time) *jinja.Environment {
	return &jinja.Environment{Globals: map[string]jinja.Func{
		"raise_exception": func(args []any, named map[string]any) (any, error) {
			text, err := textArg("raise_exception", "message", args, named)
			if err != nil {
				return nil, err
			}
			return nil, &Raised{text}
		},
		"strftime_now": func(args []any, named map[string]any) (any, error) {
			format, err := textArg("strftime_now", "format", args, named)
			if err != nil {
				return nil, err
			}
			if now == nil {
				return nil, errors.New("strftime_now: no clock is set")
			}
			return strftime(now(), format)
		},
	}}
}

func textArg(function, name string, args []any, named map[string]any) (string, error) {
	v, ok := named[name]
	if len(args) > 0 {
		v, ok = args[0], true
	}
	s, isText := v.(string)
	if !ok || !isText || len(args)+len(named) != 1 {
		return "", fmt.Errorf("%s takes one text", function)
	}
	return s, nil
}

// Choose picks one of a model's templates as transformers does: the one named
// tool_use if there are tools and there is one, else the one named default.
func Choose(templates map[string]string, tools bool) (string, error) {
	if source, ok := templates["tool_use"]; ok && tools {
		return source, nil
	}
	if source, ok := templates["default"]; ok {
		return source, nil
	}
	if len(templates) == 0 {
		return "", errors.New("the tokenizer has no chat template: it is a base model's, or add a chat_template.jinja beside tokenizer.json")
	}
	return "", errors.New("the tokenizer has several chat templates and none is named default")
}

// directives of strftime as layouts of package time. The time that templates get
// has no zone.
var directives = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'h': "Jan", 'd': "02", 'm': "01", 'y': "06", 'Y': "2006", 'e': "_2",
	'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM", 'z': "", 'Z': "", 'j': "002", 'f': "000000",
	'D': "01/02/06", 'F': "2006-01-02", 'T': "15:04:05", 'R': "15:04", 'c': "Mon Jan _2 15:04:05 2006", 'x': "01/02/06", 'X': "15:04:05",
}

// strftime writes a time as Python does in the C locale.
func strftime(t time.Time, format string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 >= len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		bare := format[i] == '-' && i+1 < len(format)
		if bare {
			i++
		}
		layout, ok := directives[format[i]]
		var text string
		switch {
		case format[i] == '%':
			text = "%"
		case format[i] == 'f':
			text = fmt.Sprintf("%06d", t.Nanosecond()/1000)
		case format[i] == 's':
			text = fmt.Sprint(t.Unix())
		case !ok:
			return "", fmt.Errorf("strftime_now: %%%c is not supported", format[i])
		default:
			text = t.Format(layout)
		}
		if bare {
			if text = strings.TrimLeft(text, "0 "); text == "" {
				text = "0"
			}
		}
		b.WriteString(text)
	}
	return b.String(), nil
}
