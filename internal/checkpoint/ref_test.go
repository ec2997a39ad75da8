package checkpoint

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"olmoeval/internal/gguf/tiny"
	"olmoeval/internal/weights"
)

func tinyGGUF(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := tiny.Write(&b, tiny.Config{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestParseRef(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("runs/step1", 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text, revision string
		want           Ref
		err            string
	}{
		{"/weka/ckpt/step1", "", Ref{Place: Local, Path: "/weka/ckpt/step1"}, ""},
		{"./m", "", Ref{Place: Local, Path: "./m"}, ""},
		{"file:///m", "", Ref{Place: Local, Path: "/m"}, ""},
		{"runs/step1", "", Ref{Place: Local, Path: "runs/step1"}, ""},
		{"a/b/c", "", Ref{Place: Local, Path: "a/b/c"}, ""},
		{"m.gguf", "", Ref{Place: Local, Path: "m.gguf"}, ""},
		{"org/name", "", Ref{Place: Hub, Path: "org/name"}, ""},
		{"org/name@v1", "", Ref{Place: Hub, Path: "org/name", Revision: "v1"}, ""},
		{"org/name", "v2", Ref{Place: Hub, Path: "org/name", Revision: "v2"}, ""},
		{"org/name@v2", "v2", Ref{Place: Hub, Path: "org/name", Revision: "v2"}, ""},
		{"org/name/m.gguf", "", Ref{Place: Hub, Path: "org/name", File: "m.gguf"}, ""},
		{"hf:gpt2", "", Ref{Place: Hub, Path: "gpt2"}, ""},
		{"hf:org/name/sub/m.gguf@v1", "", Ref{Place: Hub, Path: "org/name", File: "sub/m.gguf", Revision: "v1"}, ""},
		{"hf://org/name@v1/sub", "", Ref{Place: Hub, Path: "org/name", File: "sub", Revision: "v1"}, ""},
		{"hf://models/org/name@refs/pr/3/sub", "", Ref{Place: Hub, Path: "org/name", File: "sub", Revision: "refs/pr/3"}, ""},
		{"hf:org/name@a%2Fb", "", Ref{Place: Hub, Path: "org/name", Revision: "a/b"}, ""},
		{"https://huggingface.co/org/name", "", Ref{Place: Hub, Path: "org/name"}, ""},
		{"https://huggingface.co/org/name/tree/v1/sub", "", Ref{Place: Hub, Path: "org/name", Revision: "v1", File: "sub"}, ""},
		{"https://huggingface.co/org/name/blob/main/m.gguf", "", Ref{Place: Hub, Path: "org/name", Revision: "main", File: "m.gguf"}, ""},
		{"s3://b/p/", "", Ref{Place: S3, Path: "b/p"}, ""},
		{"s3://b/p@0123456789abcdef", "", Ref{Place: S3, Path: "b/p", Revision: "0123456789abcdef"}, ""},
		{"s3://b/p@home/x", "", Ref{Place: S3, Path: "b/p@home/x"}, ""},
		{"gs://b", "", Ref{Place: GCS, Path: "b"}, ""},
		{"", "", Ref{}, "checkpoint without a name"},
		{"word", "", Ref{}, "no path that exists, and no hub id"},
		{"org/name@v1", "v2", Ref{}, `two revisions, "v1" and "v2"`},
		{"/m", "v2", Ref{}, "is a path and has no revision"},
		{"hf:org/name/../../x", "", Ref{}, "is outside the repository"},
		{"hf:org/name@", "", Ref{}, "want a revision behind @"},
		{"org/name@/@", "", Ref{}, "and no other @"},
		{"hf:", "", Ref{}, "want hf:ORG/NAME"},
		{"s3://", "", Ref{}, "want s3://BUCKET/PREFIX"},
		{"az://b/p", "", Ref{}, "az:// is not read"},
		{"https://user:pw@example.org/m?key=secret", "", Ref{}, "are not read"},
	} {
		got, err := ParseRef(c.text, c.revision)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%q: %v", c.text, err)
			}
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("%q: %+v, %v", c.text, got, err)
		}
	}
}

func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"hf:org/name/sub/m.gguf@v1", "hf://org/name@refs/pr/1/sub", "s3://b/p@0123456789abcdef", "https://huggingface.co/a/b/tree/main", "a/b@c%2Fd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRef(text, "")
		if err != nil || r.Place == Local {
			return
		}
		again, err := ParseRef(r.String(), "")
		if err != nil || again != r {
			t.Errorf("%q: %+v is written %q and read as %+v, %v", text, r, r.String(), again, err)
		}
	})
}

func TestLocal(t *testing.T) {
	dir := t.TempDir()
	put := func(files map[string]string, sub string) string {
		for name, content := range files {
			p := filepath.Join(dir, sub, name)
			if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(p, []byte(content), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		return filepath.Join(dir, sub)
	}
	whole := put(model(), "step1000")
	c, err := Resolve(ctx, mustRef(t, whole), Options{})
	if err != nil || c.Dir != whole || c.Source != whole || c.Revision != "" || strings.Join(c.Files, " ") != strings.Join(wanted, " ") || c.Digest == "" {
		t.Errorf("%+v, %v", c, err)
	}
	file := filepath.Join(put(map[string]string{"m.gguf": tinyGGUF(t)}, "g"), "m.gguf")
	if c, err := Resolve(ctx, mustRef(t, file), Options{}); err != nil || c.Dir != filepath.Dir(file) || c.Info.Path != file || c.Info.Kind != weights.GGUF {
		t.Errorf("%+v, %v", c, err)
	}
	core := put(map[string]string{"config.json": "{}", "model_and_optim/.metadata": "m", "model_and_optim/__0_0.distcp": "w"}, "core")
	served := Options{Accept: []weights.Kind{weights.HF}}
	if _, err := Resolve(ctx, mustRef(t, core), served); err == nil || !strings.Contains(err.Error(), "kind=exec") {
		t.Errorf("OLMo-core for a server: %v", err)
	}
	if c, err := Resolve(ctx, mustRef(t, core), Options{}); err != nil || c.Info.Kind != weights.OLMoCore || c.Digest == "" {
		t.Errorf("OLMo-core: %+v, %v", c, err)
	}
	if _, err := Resolve(ctx, mustRef(t, file), served); err == nil || !strings.Contains(err.Error(), "is of format gguf, and [hf] is wanted") {
		t.Errorf("GGUF where HF is wanted: %v", err)
	}
	if _, err := Resolve(ctx, mustRef(t, filepath.Join(dir, "step100")), Options{}); err == nil || !strings.Contains(err.Error(), "did you mean "+whole) {
		t.Errorf("missing: %v", err)
	}
	half := model()
	delete(half, "model-00002-of-00002.safetensors")
	if _, err := Resolve(ctx, mustRef(t, put(half, "half")), Options{}); err == nil || !strings.Contains(err.Error(), "is not whole") {
		t.Errorf("half: %v", err)
	}
	if c, err := Resolve(ctx, mustRef(t, filepath.Join(dir, "half")), Options{TokenizerOnly: true}); err != nil || len(c.Files) != 5 {
		t.Errorf("tokenizer: %+v, %v", c, err)
	}
}
