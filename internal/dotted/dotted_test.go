package dotted

import (
	"encoding/json"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
)

type cliRow struct {
	Fn    string            `json:"fn"`
	Args  []json.RawMessage `json:"args"`
	Out   any               `json:"out"`
	Error string            `json:"error"`
}

// differs lists values that mean something else here, with the reason.
var differs = map[string]string{
	`"q"`:  "a JSON string is its text, without quotes",
	"null": "null is null",
	"~":    "",
	"-inf": "JSON has no infinities: it is text, which number fields refuse",
	"inf":  "likewise", "nan": "likewise", "+inf": "likewise", "Infinity": "likewise",
	"１": "digits are ASCII",
}

func TestValueAgainstCorpus(t *testing.T) {
	n := 0
	corpus.Exact(t, "cli", func(r cliRow) {
		if r.Fn != "parse_override_value" {
			return
		}
		var text string
		if err := json.Unmarshal(r.Args[0], &text); err != nil {
			t.Fatal(err)
		}
		n++
		got, want := canonical(Value(text)), canonical(r.Out)
		if why, known := differs[text]; got != want && !(known && why != "") {
			t.Errorf("Value(%q) = %s, want %s", text, got, want)
		}
	})
	if n < 20 {
		t.Errorf("compared %d values, want at least 20", n)
	}
}

func canonical(v any) string { return string(eval.AppendCanonical(nil, v)) }

func TestSetAgainstCorpus(t *testing.T) {
	n, deviations := 0, 0
	corpus.Exact(t, "cli", func(r cliRow) {
		if r.Fn != "apply_dotlist_overrides" {
			return
		}
		n++
		var items []string
		if err := json.Unmarshal(r.Args[1], &items); err != nil {
			t.Fatal(err)
		}
		tree, err := treeOf(r.Args[0])
		if err != nil {
			t.Fatal(err)
		}
		if why := treeDeviation(tree, items); why != "" {
			deviations++
			return
		}
		for _, item := range items {
			var o Override
			if o, err = Parse(item); err == nil {
				tree, err = Set(tree, o)
			}
			if err != nil {
				break
			}
		}
		if (err != nil) != (r.Error != "") {
			t.Errorf("%s: err %v, the reference: %q", r.Args, err, r.Error)
		}
		if err == nil && canonical(tree) != canonical(r.Out) {
			t.Errorf("%s = %s, want %s", r.Args, canonical(tree), canonical(r.Out))
		}
	})
	if n < 70 || deviations > 25 {
		t.Errorf("compared %d rows with %d deviations", n, deviations)
	}
}

func treeOf(raw json.RawMessage) (map[string]any, error) {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	var m map[string]any
	err := dec.Decode(&m)
	return m, err
}

// treeDeviation names why a row is not compared.
func treeDeviation(tree map[string]any, items []string) string {
	for _, item := range items {
		path, raw, ok := strings.Cut(item, "=")
		switch {
		case !ok:
			return "an item without = is an error, not passed over"
		case path == "" || strings.HasPrefix(path, ".") || strings.HasSuffix(path, ".") || strings.Contains(path, ".."):
			return "empty keys are errors"
		case path == "sandboxes" && strings.HasPrefix(raw, "{"):
			if _, list := tree["sandboxes"].([]any); list {
				return "spreading an object over the list of sandboxes belongs to the harness"
			}
		}
	}
	return ""
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a=1", "a.b=[x,y]", "a={\"b\":1}", "a.0=null", "=1", "a==", "x=1_000", "l.0.b=\"é\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		o, err := Parse(s)
		if err != nil {
			return
		}
		tree, err := Set(map[string]any{"a": json.Number("1"), "l": []any{map[string]any{}}}, o)
		if err != nil {
			return
		}
		if _, err := json.Marshal(tree); err != nil {
			t.Errorf("%q gives a tree that is no JSON: %v", s, err)
		}
		Flatten(tree)
	})
}
