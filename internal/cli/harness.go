package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"olmoeval/eval"
	"olmoeval/internal/config"
	"olmoeval/internal/dotted"
	"olmoeval/internal/engine"
	"olmoeval/internal/nearest"
)

// harness is how requests are answered, apart from what is asked.
type harness struct {
	Name string `json:"name" yaml:"name"`
	// SystemPrompt goes before chats that have no system message.
	SystemPrompt string `json:"system_prompt" yaml:"system_prompt"`
	// MaxConcurrency bounds instances in flight.
	MaxConcurrency int `json:"max_concurrency" yaml:"max_concurrency"`
	// ContextOverflow says what becomes of a prompt that does not fit: fail (""),
	// skip, or truncate, which cuts completions from the left.
	ContextOverflow string `json:"context_overflow" yaml:"context_overflow"`

	origins map[string]string
}

// identity is what of the harness changes answers.
func (h *harness) identity() map[string]any {
	id := map[string]any{"name": h.Name}
	if h.SystemPrompt != "" {
		id["system_prompt"] = h.SystemPrompt
	}
	if h.ContextOverflow != "" && h.ContextOverflow != engine.Fail {
		id["context_overflow"] = h.ContextOverflow
	}
	return id
}

// harnessKeys are the fields of a harness, in order.
var harnessKeys = []string{"name", "system_prompt", "max_concurrency", "context_overflow"}

func (h *harness) validate() error {
	known := []string{engine.Fail, engine.Skip, engine.Truncate}
	if h.ContextOverflow != "" && !slices.Contains(known, h.ContextOverflow) {
		return usage("harness %s: unknown context_overflow %q%s", h.Name, h.ContextOverflow, nearest.Hint(h.ContextOverflow, known))
	}
	return nil
}

// harnesses resolves all -H; without one it is the default.
func (a *app) harnesses(list []harnessAsk) ([]*harness, error) {
	if len(list) == 0 {
		p, err := a.findProject()
		if err != nil {
			return nil, err
		}
		list = []harnessAsk{{Name: firstOf(p.Run.Harness, "default")}}
	}
	var out []*harness
	for _, k := range list {
		h, err := a.harness(k)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

func (a *app) harness(k harnessAsk) (*harness, error) {
	h := &harness{Name: k.Name, origins: map[string]string{}}
	origin := "default"
	if file := a.harnessFile(k.Name); file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, usage("harness %s: %w", k.Name, err)
		}
		h.Name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		if err := config.Strict(file, b, h); err != nil {
			return nil, asUsage(err)
		}
		origin = "harness file " + a.defined(file)
	} else if k.Name != "default" {
		return nil, usage("unknown harness %q%s; give a YAML file with: %s", k.Name, nearest.Hint(k.Name, []string{"default"}), strings.Join(harnessKeys, ", "))
	}
	for _, key := range harnessKeys {
		h.origins[key] = origin
	}
	if err := h.apply(k.Overrides); err != nil {
		return nil, err
	}
	return h, h.validate()
}

// harnessFile is the file that a -H names: a path, or NAME.yaml in the user's
// folders; "" if there is none.
func (a *app) harnessFile(name string) string {
	if ext := filepath.Ext(name); ext == ".yaml" || ext == ".yml" {
		return a.abs(name)
	}
	files, err := a.userFiles(".yaml")
	if err != nil {
		return ""
	}
	for _, f := range files {
		if strings.TrimSuffix(filepath.Base(f), ".yaml") == name {
			return f
		}
	}
	return ""
}

func (h *harness) apply(overrides []dotted.Override) error {
	for _, o := range overrides {
		tree, err := dotted.Tree(h)
		if err != nil {
			return err
		}
		m := tree.(map[string]any)
		if _, ok := m[o.Path[0]]; !ok {
			return usage("-o %s after -H %s: unknown key %q%s; does it belong after a -t?", o.Key(), h.Name, o.Path[0], nearest.Hint(o.Path[0], harnessKeys))
		}
		if m, err = dotted.Set(m, o); err != nil {
			return asUsage(err)
		}
		b, err := json.Marshal(m)
		if err != nil {
			return err
		}
		if err := yaml.UnmarshalWithOptions(b, h, yaml.Strict()); err != nil {
			return usage("-o %s=%s after -H %s: the value does not fit", o.Key(), o.Raw, h.Name)
		}
		h.origins[o.Path[0]] = "-o " + o.Key()
	}
	return nil
}

// check refuses tasks that cannot be asked under the harness: a system prompt
// belongs to chats alone.
func (h *harness) check(p *engine.Plan) error {
	if h.SystemPrompt == "" {
		return nil
	}
	for _, t := range p.Tasks {
		if kind := t.Task.Prompt.RequestType(); kind != eval.Chat {
			return usage("harness %s has a system prompt, but task %s sends %s requests, which have no place for one", h.Name, t.Label, kind)
		}
	}
	return nil
}

// wrap puts the harness round a responder.
func (h *harness) wrap(r eval.Responder) eval.Responder {
	if h.SystemPrompt == "" {
		return r
	}
	return systemPrompt{r, h.SystemPrompt}
}

// systemPrompt puts a system message before chats that have none.
type systemPrompt struct {
	next eval.Responder
	text string
}

// Unwrap is what the system prompt is put round.
func (s systemPrompt) Unwrap() eval.Responder { return s.next }

func (s systemPrompt) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	if r.Type != eval.Chat {
		return nil, &eval.Fault{Status: eval.ConfigError, Err: fmt.Errorf("a system prompt cannot be put before a %s request", r.Type)}
	}
	if len(r.Messages) > 0 && r.Messages[0].Role == "system" {
		return s.next.Respond(ctx, r)
	}
	with := *r
	with.Messages = append([]eval.Message{{Role: "system", Content: s.text}}, r.Messages...)
	with.System = s.text
	return s.next.Respond(ctx, &with)
}

var _ eval.Responder = systemPrompt{}
