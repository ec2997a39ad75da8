package weights

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmoeval/internal/gguf/tiny"
)

func TestSort(t *testing.T) {
	for _, c := range []struct {
		name    string
		files   string
		kind    Kind
		weights string
		meta    string
		choices string
	}{
		{"hub", "README.md .gitattributes config.json generation_config.json tokenizer.json tokenizer_config.json model.safetensors.index.json pytorch_model.bin.index.json " +
			"model-00001-of-00002.safetensors model-00002-of-00002.safetensors pytorch_model-00001-of-00001.bin original/consolidated.00.pth original/params.json onnx/model.onnx tf_model.h5 flax_model.msgpack x.gguf",
			HF, "model-00001-of-00002.safetensors model-00002-of-00002.safetensors", "config.json generation_config.json model.safetensors.index.json tokenizer.json tokenizer_config.json", ""},
		{"pickled", "config.json pytorch_model.bin training_args.bin optimizer.pt rng_state_0.pth trainer_state.json", HF, "pytorch_model.bin", "config.json", ""},
		{"variants", "config.json model.safetensors model.fp16.safetensors consolidated.safetensors adapter_model.safetensors", HF, "model.safetensors", "config.json", ""},
		{"only a variant", "config.json model.fp16.safetensors", HF, "model.fp16.safetensors", "config.json", ""},
		{"code and templates", "config.json modeling_x.py model.safetensors chat_template.jinja additional_chat_templates/rag.jinja other/y.py", HF, "model.safetensors",
			"additional_chat_templates/rag.jinja chat_template.jinja config.json modeling_x.py", ""},
		{"one gguf", "README.md m-Q4.gguf mmproj-m.gguf", GGUF, "m-Q4.gguf", "", ""},
		{"split gguf", "m-00001-of-00002.gguf m-00002-of-00002.gguf", GGUF, "m-00001-of-00002.gguf m-00002-of-00002.gguf", "", ""},
		{"several gguf", "m-Q4.gguf m-Q8.gguf big/m-00001-of-00002.gguf big/m-00002-of-00002.gguf", GGUF, "", "", "big/m-00001-of-00002.gguf m-Q4.gguf m-Q8.gguf"},
		{"olmo-core", "config.json .metadata.json train/rank0.pt model_and_optim/.metadata model_and_optim/__0_0.distcp model_and_optim/__1_0.distcp", OLMoCore,
			"model_and_optim/.metadata model_and_optim/__0_0.distcp model_and_optim/__1_0.distcp", "config.json", ""},
		{"distributed alone", ".metadata __0_0.distcp", OLMoCore, ".metadata __0_0.distcp", "", ""},
		{"no config", "model.safetensors", Unknown, "model.safetensors", "", ""},
		{"nothing else", "config.json original/consolidated.00.pth", Unknown, "original/consolidated.00.pth", "config.json", ""},
		{"other program", "config.json model.onnx", Unknown, "model.onnx", "config.json", ""},
		{"empty", "", Unknown, "", "", ""},
	} {
		names := strings.Fields(c.files)
		rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		p := Sort(names)
		got := fmt.Sprintf("%s|%s|%s|%s", p.Kind, strings.Join(p.Weights, " "), strings.Join(p.Meta, " "), strings.Join(p.Choices, " "))
		if want := fmt.Sprintf("%s|%s|%s|%s", c.kind, c.weights, c.meta, c.choices); got != want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, want)
		}
	}
}

// safetensors makes a file of tensors of one type, filled from a seed.
func safetensors(seed uint64, tensors, elements int) []byte {
	head := map[string]any{"__metadata__": map[string]string{"format": "pt"}}
	for i := range tensors {
		head[fmt.Sprintf("layer.%d", i)] = map[string]any{"dtype": "BF16", "shape": []int{elements / 2, 2}, "data_offsets": []int{i * elements * 2, (i + 1) * elements * 2}}
	}
	raw, err := json.Marshal(head)
	if err != nil {
		panic(err)
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(raw)))
	out = append(out, raw...)
	return append(out, noise(seed, tensors*elements*2)...)
}

// noise repeats a random block, which is quicker than making it all.
func noise(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	var block []byte
	for len(block) < min(n, 16<<10) {
		block = binary.LittleEndian.AppendUint64(block, r.Uint64())
	}
	return bytes.Repeat(block, n/max(len(block), 1)+1)[:n]
}

func write(t *testing.T, dir string, files map[string]string) string {
	t.Helper()
	for name, content := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const llama = `{"architectures":["LlamaForCausalLM"],"model_type":"llama","torch_dtype":"bfloat16","max_position_embeddings":4096}`

func hfFiles() map[string]string {
	return map[string]string{
		"config.json": llama, "tokenizer.json": "{}", "tokenizer_config.json": `{"chat_template":"{{ messages }}"}`,
		"model-00001-of-00002.safetensors": string(safetensors(1, 4, 150<<10)),
		"model-00002-of-00002.safetensors": string(safetensors(2, 4, 150<<10)),
		"model.safetensors.index.json":     `{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}`,
	}
}

func tinyGGUF(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := tiny.Write(&b, tiny.Config{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDescribe(t *testing.T) {
	whole := hfFiles()
	with := func(change func(map[string]string)) map[string]string {
		m := hfFiles()
		change(m)
		return m
	}
	shard := "model-00002-of-00002.safetensors"
	for _, c := range []struct {
		name  string
		files map[string]string
		at    string
		check string // of Check's error, "" for none
		want  Info
	}{
		{"whole", whole, "", "", Info{Kind: HF, Architecture: "LlamaForCausalLM", DType: "bfloat16", MaxPositions: 4096, ChatTemplate: true, Parameters: 8 * 150 << 10}},
		{"dtype of the header", with(func(m map[string]string) { m["config.json"] = `{"model_type":"x","text_config":{"n_positions":77}}` }), "", "",
			Info{Kind: HF, DType: "bfloat16", MaxPositions: 77, ChatTemplate: true, Parameters: 8 * 150 << 10}},
		{"odd values", with(func(m map[string]string) {
			m["config.json"] = `{"model_type":"x","max_position_embeddings":"many"}`
			m["tokenizer_config.json"] = "{}"
		}), "", "",
			Info{Kind: HF, DType: "bfloat16", Parameters: 8 * 150 << 10}},
		{"shard absent", with(func(m map[string]string) { delete(m, shard) }), "", "is not whole: it lacks " + shard, Info{Kind: HF}},
		{"shard cut", with(func(m map[string]string) { m[shard] = m[shard][:1000000] }), "", "is not whole: it lacks the end of " + shard + " (it has 1000000 of ", Info{Kind: HF}},
		{"shard spoiled", with(func(m map[string]string) { m[shard] = "rubbish and rubbish" }), "", "it lacks a readable " + shard, Info{Kind: HF}},
		{"named by the index", with(func(m map[string]string) {
			m["model.safetensors.index.json"] = `{"weight_map":{"a":"model-x.safetensors"}}`
		}), "", "it lacks model-x.safetensors", Info{Kind: HF}},
		{"no weights", map[string]string{"config.json": llama}, "", "it lacks weights (*.safetensors)", Info{Kind: HF}},
		{"no config", map[string]string{"model.safetensors": "x"}, "", "is no checkpoint that can be served: it lacks config.json", Info{Kind: Unknown}},
		{"no model type", map[string]string{"config.json": "{}", "model.safetensors": string(safetensors(1, 1, 8))}, "", "it lacks model_type in config.json", Info{Kind: Unknown}},
		{"adapter", map[string]string{"adapter_config.json": "{}", "adapter_model.safetensors": string(safetensors(1, 1, 8))}, "", "the model that this adapter belongs to", Info{Kind: Unknown}},
		{"olmo-core", map[string]string{"config.json": `{"model":{}}`, "model_and_optim/.metadata": "m", "model_and_optim/__0_0.distcp": "w"}, "",
			"convert_checkpoint_to_hf.py", Info{Kind: OLMoCore}},
		{"gguf", map[string]string{"m.gguf": tinyGGUF(t)}, "m.gguf", "", Info{Kind: GGUF, Architecture: "llama"}},
		{"gguf in a directory", map[string]string{"m.gguf": tinyGGUF(t)}, "", "", Info{Kind: GGUF, Architecture: "llama"}},
		{"split gguf, half", map[string]string{"m-00001-of-00002.gguf": tinyGGUF(t)}, "m-00001-of-00002.gguf", "it lacks m-00002-of-00002.gguf", Info{Kind: GGUF}},
		{"several gguf", map[string]string{"a.gguf": "", "b.gguf": ""}, "", "has several GGUF models (a.gguf, b.gguf): name one, such as", Info{Kind: GGUF}},
		{"empty", nil, "", "it lacks config.json, weights (*.safetensors)", Info{Kind: Unknown}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := write(t, t.TempDir(), c.files)
			got, err := Describe(filepath.Join(dir, c.at))
			if err != nil {
				t.Fatal(err)
			}
			err = got.Check()
			if c.check == "" && err != nil || c.check != "" && (err == nil || !strings.Contains(err.Error(), c.check)) {
				t.Errorf("check: %v", err)
			}
			if got.Kind != c.want.Kind {
				t.Errorf("kind %s", got.Kind)
			}
			if c.check != "" {
				return
			}
			if got.Architecture != c.want.Architecture || got.Kind == HF && (got.DType != c.want.DType || got.MaxPositions != c.want.MaxPositions || got.Parameters != c.want.Parameters) || got.Kind == HF && got.ChatTemplate != c.want.ChatTemplate {
				t.Errorf("got %+v", got)
			}
			if got.Bytes == 0 || len(got.Tokenizer) == 0 || got.Parameters == 0 {
				t.Errorf("bytes, tokenizer, parameters of %+v", got)
			}
		})
	}
	if _, err := Describe(filepath.Join(write(t, t.TempDir(), map[string]string{"x.bin": "x"}), "x.bin")); err == nil || !strings.Contains(err.Error(), "no .gguf") {
		t.Errorf("a file: %v", err)
	}
}

func digest(t *testing.T, at string) string {
	t.Helper()
	d, err := Digest(at)
	if err != nil {
		t.Fatal(err)
	}
	if d != "" && len(d) != 32 {
		t.Fatalf("digest %q", d)
	}
	return d
}

// The digest is of what the model is, not of where it lies or what lies beside.
func TestDigestSame(t *testing.T) {
	files := hfFiles()
	want := digest(t, write(t, t.TempDir(), files))
	if want == "" {
		t.Fatal("no digest")
	}
	files["README.md"], files["original/consolidated.00.pth"], files["pytorch_model.bin"], files["trainer_state.json"] = "text", "copy", "copy", "{}"
	more := write(t, t.TempDir(), files)
	if got := digest(t, more); got != want {
		t.Errorf("with other files beside: %s, want %s", got, want)
	}
	moved := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(more, moved); err != nil {
		t.Fatal(err)
	}
	if got := digest(t, moved); got != want {
		t.Errorf("moved: %s, want %s", got, want)
	}
	// The hub's cache: links to blobs, and a link to the directory.
	links := t.TempDir()
	for name := range hfFiles() {
		if err := os.Symlink(filepath.Join(moved, name), filepath.Join(links, name)); err != nil {
			t.Fatal(err)
		}
	}
	if got := digest(t, links); got != want {
		t.Errorf("links: %s, want %s", got, want)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(links, link); err != nil {
		t.Fatal(err)
	}
	if got := digest(t, link); got != want {
		t.Errorf("link to the directory: %s, want %s", got, want)
	}
	file := write(t, t.TempDir(), map[string]string{"m.gguf": tinyGGUF(t)})
	if a, b := digest(t, file), digest(t, filepath.Join(file, "m.gguf")); a != b || a == "" {
		t.Errorf("a GGUF file %q, its directory %q", b, a)
	}
	if got := digest(t, write(t, t.TempDir(), map[string]string{"config.json": llama})); got != "" {
		t.Errorf("no weights: %q", got)
	}
}

// Whatever changes answers changes the digest: one tensor of many is enough.
func TestDigestDiffers(t *testing.T) {
	olmo := func() map[string]string {
		return map[string]string{
			"config.json": `{"model":{}}`, "model_and_optim/.metadata": strings.Repeat("m", 3<<20),
			"model_and_optim/__0_0.distcp": string(noise(1, 3<<20)), "model_and_optim/__1_0.distcp": string(noise(2, 3<<20)),
		}
	}
	pickled := func() map[string]string {
		return map[string]string{"config.json": llama, "pytorch_model.bin": string(noise(1, 3<<20))}
	}
	flip := func(name string, at int) func(map[string]string) {
		return func(m map[string]string) {
			b := []byte(m[name])
			if at < 0 {
				at += len(b)
			}
			b[at] ^= 1
			m[name] = string(b)
		}
	}
	shard := "model-00001-of-00002.safetensors"
	for _, c := range []struct {
		name   string
		base   func() map[string]string
		change func(map[string]string)
	}{
		{"configuration", hfFiles, func(m map[string]string) { m["config.json"] += " " }},
		{"chat template", hfFiles, func(m map[string]string) { m["chat_template.jinja"] = "x" }},
		{"tokenizer", hfFiles, func(m map[string]string) { m["tokenizer.json"] = `{"a":1}` }},
		{"code", hfFiles, func(m map[string]string) { m["modeling_x.py"] = "x" }},
		{"name of weights", hfFiles, func(m map[string]string) { m["model-00001-of-00003.safetensors"] = m[shard]; delete(m, shard) }},
		{"size of weights", hfFiles, func(m map[string]string) { m[shard] += "x" }},
		{"header", hfFiles, flip(shard, 30)},
		{"middle of the last tensor", hfFiles, flip(shard, -150<<10+10)},
		{"middle of the third tensor", hfFiles, flip(shard, -450<<10+10)},
		{"configuration of training", olmo, func(m map[string]string) { m["config.json"] += " " }},
		{"distributed, description", olmo, flip("model_and_optim/.metadata", 2_222_222)},
		{"distributed, beginning", olmo, flip("model_and_optim/__1_0.distcp", 0)},
		{"distributed, end", olmo, flip("model_and_optim/__0_0.distcp", -1)},
		{"distributed, another file", olmo, func(m map[string]string) { m["model_and_optim/__2_0.distcp"] = "x" }},
		{"pickled, end", pickled, flip("pytorch_model.bin", -100_000)},
		{"pickled, middle", pickled, flip("pytorch_model.bin", 3<<19)},
	} {
		was := digest(t, write(t, t.TempDir(), c.base()))
		now := c.base()
		c.change(now)
		if got := digest(t, write(t, t.TempDir(), now)); got == was || was == "" {
			t.Errorf("%s: %q before and after", c.name, was)
		}
	}
}

// A digest takes samples: its cost is that of a few megabytes, whatever the
// size of the files, which here are mostly holes.
func BenchmarkDigest(b *testing.B) {
	for _, c := range []struct {
		name  string
		files int
		size  int64
	}{{"20x5GB-bin", 20, 5 << 30}, {"512x200MB-distcp", 512, 200 << 20}, {"20x5GB-safetensors", 20, 5 << 30}} {
		b.Run(c.name, func(b *testing.B) {
			dir := b.TempDir()
			kind := c.name[strings.LastIndexByte(c.name, '-')+1:]
			if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(llama), 0o666); err != nil {
				b.Fatal(err)
			}
			for i := range c.files {
				f, err := os.Create(filepath.Join(dir, fmt.Sprintf("model-%05d-of-%05d.%s", i+1, c.files, kind)))
				if err != nil {
					b.Fatal(err)
				}
				if kind == "safetensors" {
					if _, err := f.Write(sparseHeader(100, c.size)); err != nil {
						b.Fatal(err)
					}
				}
				if err := f.Truncate(c.size); err != nil {
					b.Fatal(err)
				}
				f.Close()
			}
			for b.Loop() {
				if d, err := Digest(dir); err != nil || d == "" {
					b.Fatal(d, err)
				}
			}
		})
	}
}

// sparseHeader is a header of tensors that fill a file of a size.
func sparseHeader(tensors int, size int64) []byte {
	head := map[string]any{}
	each := (size - 1<<20) / int64(tensors)
	for i := range int64(tensors) {
		head[fmt.Sprintf("model.layers.%d.mlp.down_proj.weight", i)] = map[string]any{"dtype": "BF16", "shape": []int64{each / 2}, "data_offsets": []int64{i * each, (i + 1) * each}}
	}
	raw, err := json.Marshal(head)
	if err != nil {
		panic(err)
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(raw))), raw...)
}

func FuzzHeader(f *testing.F) {
	f.Add(safetensors(1, 2, 8))
	f.Add([]byte{3, 0, 0, 0, 0, 0, 0, 0, '{', '}', ' '})
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := readHeader(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			return
		}
		for _, x := range h.tensors {
			if x.begin < 0 || x.end < x.begin || h.data+x.end > h.size || x.elements < 0 {
				t.Errorf("tensor %+v in a file of %d", x, h.size)
			}
		}
	})
}

func FuzzSort(f *testing.F) {
	f.Add("config.json model.safetensors a/b.gguf model_and_optim/.metadata")
	f.Add("m-00000-of-00001.gguf m-99999-of-99999.bin")
	f.Fuzz(func(t *testing.T, list string) {
		names := strings.Fields(list)
		p := Sort(names)
		for _, n := range append(slices.Clone(p.Weights), p.Meta...) {
			if !slices.Contains(names, n) {
				t.Errorf("%q was not listed", n)
			}
		}
		_ = p.missing()
	})
}
