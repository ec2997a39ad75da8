package tokenizer

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-json"
)

// config is what stands beside tokenizer.json.
type config struct {
	bos, eos  string
	addBOS    *bool
	addEOS    *bool
	class     string
	templates map[string]string // chat templates by name
	specials  map[string]string // bos_token and so on, for templates
	added     []AddedToken
}

// specialText is a token written as a text or as an object with content.
type specialText string

// UnmarshalJSON implements json.Unmarshaler.
func (s *specialText) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '{' {
		var o struct {
			Content string `json:"content"`
		}
		err := json.Unmarshal(b, &o)
		*s = specialText(o.Content)
		return err
	}
	var text *string
	err := json.Unmarshal(b, &text)
	if text != nil {
		*s = specialText(*text)
	}
	return err
}

// templateList is one chat template or several with names.
type templateList map[string]string

// UnmarshalJSON implements json.Unmarshaler.
func (t *templateList) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	switch {
	case bytes.Equal(b, []byte("null")):
		return nil
	case len(b) > 0 && b[0] == '"':
		var one string
		err := json.Unmarshal(b, &one)
		*t = templateList{"default": one}
		return err
	case len(b) > 0 && b[0] == '{':
		var named map[string]string
		err := json.Unmarshal(b, &named)
		*t = named
		return err
	}
	var list []struct{ Name, Template string }
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	*t = templateList{}
	for _, e := range list {
		(*t)[e.Name] = e.Template
	}
	return nil
}

// specialNames are the keys that name a token.
var specialNames = []string{"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"}

// add reads a tokenizer_config.json or special_tokens_map.json. What is known
// already stands.
func (c *config) add(b []byte) error {
	var f struct {
		AddBOS    *bool                 `json:"add_bos_token"`
		AddEOS    *bool                 `json:"add_eos_token"`
		Class     string                `json:"tokenizer_class"`
		Templates templateList          `json:"chat_template"`
		Added     map[string]AddedToken `json:"added_tokens_decoder"`
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	if c.specials == nil {
		c.specials = map[string]string{}
	}
	for _, name := range specialNames {
		var s specialText
		if v, ok := raw[name]; ok && c.specials[name] == "" {
			if err := json.Unmarshal(v, &s); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if s != "" {
				c.specials[name] = string(s)
			}
		}
	}
	c.bos, c.eos = c.specials["bos_token"], c.specials["eos_token"]
	if c.addBOS == nil {
		c.addBOS = f.AddBOS
	}
	if c.addEOS == nil {
		c.addEOS = f.AddEOS
	}
	if c.class == "" {
		c.class = f.Class
	}
	for name, text := range f.Templates {
		c.setTemplate(name, text)
	}
	for id, a := range f.Added {
		n, err := strconv.Atoi(id)
		if err != nil {
			return fmt.Errorf("added_tokens_decoder: id %q is not a number", id)
		}
		a.ID = n
		c.added = append(c.added, a)
	}
	slices.SortFunc(c.added, func(x, y AddedToken) int { return x.ID - y.ID })
	return nil
}

func (c *config) setTemplate(name, text string) {
	if c.templates == nil {
		c.templates = map[string]string{}
	}
	c.templates[name] = text
}

// readConfig reads what there is in a folder. A template in a file of its own
// goes before one in tokenizer_config.json.
func readConfig(dir string) (c config, err error) {
	for _, name := range []string{"tokenizer_config.json", "special_tokens_map.json"} {
		b, err := readFile(filepath.Join(dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = c.add(b)
		}
		if err != nil {
			return c, fmt.Errorf("%s: %w", filepath.Join(dir, name), err)
		}
	}
	b, err := readFile(filepath.Join(dir, "chat_template.json"))
	if err == nil {
		var f struct {
			Templates templateList `json:"chat_template"`
		}
		if err := json.Unmarshal(b, &f); err != nil {
			return c, fmt.Errorf("%s: %w", filepath.Join(dir, "chat_template.json"), err)
		}
		for name, text := range f.Templates {
			c.setTemplate(name, text)
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return c, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "additional_chat_templates", "*.jinja"))
	if err != nil {
		return c, err
	}
	for _, file := range append(files, filepath.Join(dir, "chat_template.jinja")) {
		b, err := readFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return c, err
		}
		name := strings.TrimSuffix(filepath.Base(file), ".jinja")
		if name == "chat_template" {
			name = "default"
		}
		c.setTemplate(name, string(b))
	}
	return c, nil
}
