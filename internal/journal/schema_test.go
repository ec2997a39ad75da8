package journal

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/invopop/jsonschema"

	"olmoeval/eval"
)

var update = flag.Bool("update", false, "write the schemas that are compared")

// TestSchemas keeps the published JSON Schemas equal to the types.
func TestSchemas(t *testing.T) {
	t.Chdir("../..") // comments are found by paths below the module
	for name, v := range map[string]any{
		"run.schema.json":    &Manifest{},
		"record.schema.json": &eval.Record{},
	} {
		r := jsonschema.Reflector{AllowAdditionalProperties: true}
		for _, dir := range []string{"./internal/journal", "./eval"} {
			if err := r.AddGoComments("olmoeval", dir, jsonschema.WithFullComment()); err != nil {
				t.Fatal(err)
			}
		}
		s := r.Reflect(v)
		s.ID = jsonschema.ID("olmo-eval/" + name)
		s.Title = map[string]string{"run.schema.json": "run.json of olmo-eval, schema 1", "record.schema.json": "a record of olmo-eval, schema 1"}[name]
		got, err := json.MarshalIndent(s, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, '\n')
		path := "docs/" + name
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("docs/%s is out of date: go test ./internal/journal -run TestSchemas -update", name)
		}
	}
}
