package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"olmoeval/internal/weights"
)

var ctx = context.Background()

func TestHub(t *testing.T) {
	for _, bare := range []bool{false, true} {
		f := newHub(t)
		f.bare = bare
		f.add("allenai/OLMo-2", model())
		f.refs["allenai/OLMo-2"]["stage1-step1000"] = commit2
		other := model()
		other["model-00001-of-00002.safetensors"] = tensors(9, 300_000)
		f.files["allenai/OLMo-2"][commit2] = other
		o := f.options(t.TempDir())
		var told []Progress
		o.Progress = func(p Progress) { told = append(told, p) }
		c, err := Resolve(ctx, mustRef(t, "allenai/OLMo-2"), o)
		if err != nil {
			t.Fatal(err)
		}
		root := filepath.Join(o.Access.HFHome, "hub", "models--allenai--OLMo-2")
		if c.Dir != filepath.Join(root, "snapshots", commit1) || c.Revision != commit1 || c.Source != "hf:allenai/OLMo-2@"+commit1 || !slices.Equal(c.Files, wanted) {
			t.Errorf("got %+v", c)
		}
		if c.Info.Kind != weights.HF || c.Info.Architecture != "Olmo2ForCausalLM" || c.Bytes < 500_000 || c.Bytes != c.Info.Bytes || len(c.Digest) != 32 || c.Info.Path != c.Dir {
			t.Errorf("info %+v, %d bytes, digest %q", c.Info, c.Bytes, c.Digest)
		}
		sameFiles(t, c, model())
		if got := under(t, c.Dir); len(got) != len(wanted) {
			t.Errorf("downloaded %v", got)
		}
		// The layout that other tools share: blobs by digest, links, revisions.
		link, err := os.Readlink(filepath.Join(c.Dir, "model-00001-of-00002.safetensors"))
		if want := "../../blobs/" + shaSum(model()["model-00001-of-00002.safetensors"]); err != nil || link != want {
			t.Errorf("link %q, want %q, %v", link, want, err)
		}
		if link, err := os.Readlink(filepath.Join(c.Dir, "config.json")); err != nil || link != "../../blobs/"+gitSum(config) {
			t.Errorf("link %q, %v", link, err)
		}
		if ref, err := os.ReadFile(filepath.Join(root, "refs", "main")); err != nil || string(ref) != commit1 {
			t.Errorf("ref %q, %v", ref, err)
		}
		total := int64(0)
		for _, n := range wanted {
			total += int64(len(model()[n]))
		}
		last := told[len(told)-1]
		if bare && last.Total != 0 || !bare && last != (Progress{total, total}) {
			t.Errorf("last progress %+v, want %d", last, total)
		}
		if f.leaked {
			t.Error("a token went to another server")
		}

		// Another revision is another directory and another digest; the files
		// that are the same are not downloaded again.
		f.asked()
		d, err := Resolve(ctx, mustRef(t, "hf:allenai/OLMo-2@stage1-step1000"), o)
		if err != nil {
			t.Fatal(err)
		}
		if d.Digest == c.Digest || d.Dir == c.Dir || d.Revision != commit2 {
			t.Errorf("got %+v", d)
		}
		sameFiles(t, d, other)
		var contents []string
		for _, a := range f.asked() {
			if strings.HasPrefix(a, "CONTENT") {
				contents = append(contents, a)
			}
		}
		if fmt.Sprint(contents) != "[CONTENT model-00001-of-00002.safetensors ]" {
			t.Errorf("second revision downloaded %v", contents)
		}
		// A pinned commit that is here is not asked for.
		if e, err := Resolve(ctx, mustRef(t, c.Source), o); err != nil || e.Digest != c.Digest {
			t.Errorf("pinned: %+v, %v", e, err)
		}
		if asked := f.asked(); len(asked) > 0 {
			t.Errorf("pinned asked %v", asked)
		}
	}
}

func TestHubErrors(t *testing.T) {
	f := newHub(t)
	f.add("allenai/OLMo-2-0425-1B", model())
	f.add("meta/gated", model())
	f.gated["meta/gated"] = true
	f.add("org/gguf", map[string]string{"README.md": "", "m-Q4.gguf": "a", "m-Q8.gguf": "b"})
	f.add("org/core", map[string]string{"config.json": "{}", "model_and_optim/.metadata": "m", "model_and_optim/__0_0.distcp": "w"})
	f.add("org/half", map[string]string{"config.json": config, "model-00001-of-00002.safetensors": tensors(1, 10)})
	f.add("org/words", map[string]string{"README.md": "text"})
	servable := []weights.Kind{weights.HF, weights.GGUF}
	for _, c := range []struct {
		ref, token string
		want       []string
	}{
		{"hf:allenai/OLMo-2-0425-1b-base", "", []string{"no such model, or it is private: check the name at " + f.hub.URL + "/allenai/OLMo-2-0425-1b-base", `did you mean "allenai/OLMo-2-0425-1B"?`}},
		{"hf:alenai/OLMo-2-0425-1B", "", []string{`did you mean "allenai/OLMo-2-0425-1B"?`}},
		{"hf:allenai/OLMo-2-0425-1B@mian", "", []string{`no such revision "mian" of ` + f.hub.URL, `did you mean "main"?`}},
		{"hf:allenai/OLMo-2-0425-1B/originl", "", []string{"no folder originl", `did you mean "original"?`}},
		{"hf:meta/gated", "", []string{"access refused (403): ask for access at " + f.hub.URL + "/meta/gated, then set HF_TOKEN"}},
		{"hf:meta/gated", "hunter2", []string{"access refused to the token of HF_TOKEN (403)"}},
		{"hf:org/gguf", "", []string{"several GGUF models (m-Q4.gguf, m-Q8.gguf)", "name one, such as hf:org/gguf@" + commit1 + "/m-Q4.gguf"}},
		{"hf:org/gguf/m-Q5.gguf", "", []string{"no file m-Q5.gguf; did you mean"}},
		{"hf:org/core", "", []string{"hf:org/core@" + commit1 + " is a training checkpoint of OLMo-core", "convert_checkpoint_to_hf.py", "kind=exec"}},
		{"hf:org/half", "", []string{"is not whole: it lacks model-00002-of-00002.safetensors"}},
		{"hf:org/words", "", []string{"is no checkpoint that can be served: it lacks config.json"}},
	} {
		o := f.options(t.TempDir())
		o.Access.HFToken, o.Accept = "", servable
		if c.token != "" {
			o.Access.HFToken = "hunter2"
		}
		f.asked()
		_, err := Resolve(ctx, mustRef(t, c.ref), o)
		if err == nil {
			t.Errorf("%s: no error", c.ref)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v\nlacks %s", c.ref, err, w)
			}
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", c.ref, err)
		}
		for _, a := range f.asked() {
			if strings.HasPrefix(a, "CONTENT") {
				t.Errorf("%s: refused after downloading: %s", c.ref, a)
			}
		}
	}
	o := f.options(t.TempDir())
	o.Access.HFToken = "good"
	if c, err := Resolve(ctx, mustRef(t, "meta/gated"), o); err != nil || c.Digest == "" {
		t.Errorf("with access: %v", err)
	}
	if f.leaked {
		t.Error("the token went to another server")
	}
	// Kinds that are not served are downloaded for who wants them.
	if c, err := Resolve(ctx, mustRef(t, "org/core"), o); err != nil || c.Info.Kind != weights.OLMoCore || c.Digest == "" {
		t.Errorf("OLMo-core: %+v, %v", c, err)
	}
}

// Files and sub-folders of a repository.
func TestHubParts(t *testing.T) {
	f := newHub(t)
	files := map[string]string{"a-Q4.gguf": "", "split/b-00001-of-00002.gguf": "", "split/b-00002-of-00002.gguf": ""}
	for n := range files {
		files[n] = tinyGGUF(t)
	}
	for n, content := range model() {
		files["step1000-hf/"+n] = content
	}
	f.add("org/parts", files)
	for ref, want := range map[string]string{
		"org/parts/a-Q4.gguf":                           "a-Q4.gguf",
		"hf:org/parts/split/b-00001-of-00002.gguf@main": "b-00001-of-00002.gguf b-00002-of-00002.gguf",
		"hf://org/parts@main/step1000-hf":               strings.Join(wanted, " "),
	} {
		c, err := Resolve(ctx, mustRef(t, ref), f.options(t.TempDir()))
		if err != nil {
			t.Errorf("%s: %v", ref, err)
			continue
		}
		if got := strings.Join(c.Files, " "); got != want || c.Digest == "" {
			t.Errorf("%s: %s", ref, got)
		}
		if _, err := os.Stat(c.Info.Path); err != nil || strings.Contains(ref, "gguf") != strings.HasSuffix(c.Info.Path, ".gguf") {
			t.Errorf("%s: path %s, %v", ref, c.Info.Path, err)
		}
		if again, err := ParseRef(c.Source, ""); err != nil || again.String() != c.Source {
			t.Errorf("%s: source %s, %+v, %v", ref, c.Source, again, err)
		}
	}
}

func TestTokenizerOnly(t *testing.T) {
	f := newHub(t)
	f.add("org/m", model())
	o := f.options(t.TempDir())
	o.TokenizerOnly = true
	c, err := Resolve(ctx, mustRef(t, "org/m"), o)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.Files, " "); got != "config.json generation_config.json special_tokens_map.json tokenizer.json tokenizer_config.json" || c.Digest != "" {
		t.Errorf("%s, digest %q", got, c.Digest)
	}
	sameFiles(t, c, model())
	f.add("org/none", map[string]string{"README.md": "", "model.safetensors": ""})
	if _, err := Resolve(ctx, mustRef(t, "org/none"), o); !errors.Is(err, errNoTokenizer) {
		t.Errorf("none: %v", err)
	}
	// The weights are not there, and nobody is told that they are.
	o.TokenizerOnly, o.Access.Offline = false, true
	if _, err := Resolve(ctx, mustRef(t, "org/m"), o); err == nil || !strings.Contains(err.Error(), "HF_HUB_OFFLINE is set") {
		t.Errorf("offline: %v", err)
	}
	plan, err := Look(ctx, mustRef(t, "org/m"), o)
	if err != nil || plan.Download < 500_000 || plan.Download >= plan.Bytes || plan.Kind != weights.HF {
		t.Errorf("plan %+v, %v", plan, err)
	}
}

func TestOffline(t *testing.T) {
	f := newHub(t)
	f.add("org/m", model())
	o := f.options(t.TempDir())
	c, err := Resolve(ctx, mustRef(t, "org/m"), o)
	if err != nil {
		t.Fatal(err)
	}
	f.hub.Close()
	check := func(name, ref string, change func(*Options), want string) {
		t.Helper()
		o := o
		change(&o)
		got, err := Resolve(ctx, mustRef(t, ref), o)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", name, err)
			}
		} else if err != nil || got.Digest != c.Digest || got.Dir != c.Dir {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	offline := func(o *Options) { o.Access.Offline = true }
	elsewhere := func(o *Options) { o.Access.Offline, o.Access.CacheDir = true, t.TempDir() }
	check("hub away", "org/m", func(*Options) {}, "")
	check("offline", "org/m", offline, "")
	check("offline, other tool's cache", "org/m", elsewhere, "")
	check("offline, unknown", "org/x", offline, "not in the Hugging Face cache")
	check("offline, unknown revision", "hf:org/m@dev", offline, "not in the Hugging Face cache")
	if err := os.Remove(filepath.Join(c.Dir, "model-00002-of-00002.safetensors")); err != nil {
		t.Fatal(err)
	}
	check("offline, one file gone", "org/m", offline, "model-00002-of-00002.safetensors is not in the Hugging Face cache")
	check("offline, other tool's cache, one file gone", "org/m", elsewhere, "is not whole: it lacks model-00002-of-00002.safetensors")
}

// A download that is broken off is taken up, and what comes out is the same.
func TestResume(t *testing.T) {
	f := newHub(t)
	f.add("org/m", model())
	o := f.options(t.TempDir())
	o.Parallel = 1
	big := "model-00001-of-00002.safetensors"

	// The server goes quiet in the middle, and the user gives up.
	own, cancel := context.WithCancel(ctx)
	f.set(func() {
		f.cut = func(name string, body []byte, send func([]byte)) bool {
			if name != big {
				send(body)
				return false
			}
			send(body[:100_000])
			<-own.Done()
			return true
		}
	})
	clock := time.Unix(0, 0)
	o.Now = func() time.Time { clock = clock.Add(time.Second); return clock }
	o.Progress = func(p Progress) {
		if p.Done > 100_000 {
			cancel()
		}
	}
	if _, err := Resolve(own, mustRef(t, "org/m"), o); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
	if got, _ := filepath.Glob(filepath.Join(o.Access.HFHome, "hub", "*", "snapshots", "*", "model-*")); len(got) > 0 {
		t.Errorf("in place after the cancellation: %v", got)
	}
	// The server breaks off once more, then gives the rest.
	f.asked()
	var sent atomic.Int32
	f.set(func() {
		f.cut = func(_ string, body []byte, send func([]byte)) bool {
			if sent.Add(1) == 1 {
				send(body[:50_000])
				return true
			}
			send(body)
			return false
		}
	})
	o.Progress = nil
	c, err := Resolve(ctx, mustRef(t, "org/m"), o)
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, c, model())
	ranges := 0
	for _, a := range f.asked() {
		rest, ok := strings.CutPrefix(a, "CONTENT "+big+" bytes=")
		if strings.HasPrefix(a, "CONTENT "+big) && (!ok || rest == "0-") {
			t.Errorf("begun anew: %s", a)
		}
		if ok {
			ranges++
		}
	}
	if ranges != 2 {
		t.Errorf("%d requests for the rest of the file", ranges)
	}
}

func TestCorrupt(t *testing.T) {
	f := newHub(t)
	f.add("org/m", model())
	f.set(func() { f.spoil = true })
	o := f.options(t.TempDir())
	_, err := Resolve(ctx, mustRef(t, "org/m"), o)
	if err == nil || !strings.Contains(err.Error(), "download broken: sha256 is ") || strings.Contains(err.Error(), "secret") {
		t.Errorf("spoiled: %v", err)
	}
	if got, _ := filepath.Glob(filepath.Join(o.Access.HFHome, "hub", "*", "snapshots", "*", "model-0*")); len(got) > 0 {
		t.Errorf("in place: %v", got)
	}
	f.set(func() { f.spoil = false })
	c, err := Resolve(ctx, mustRef(t, "org/m"), o)
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, c, model())
	// A file in the cache that lost its end is made whole.
	if err := os.Truncate(filepath.Join(c.Dir, "model-00002-of-00002.safetensors"), 1000); err != nil {
		t.Fatal(err)
	}
	if c, err = Resolve(ctx, mustRef(t, "org/m"), o); err != nil {
		t.Fatal(err)
	}
	sameFiles(t, c, model())
}

// Many at once download once.
func TestTogether(t *testing.T) {
	f := newHub(t)
	f.add("org/m", model())
	o := f.options(t.TempDir())
	var wg sync.WaitGroup
	digests := make([]string, 6)
	for i := range digests {
		wg.Go(func() {
			c, err := Resolve(ctx, mustRef(t, "org/m"), o)
			if err != nil {
				t.Error(err)
				return
			}
			digests[i] = c.Digest
		})
	}
	wg.Wait()
	if len(slices.Compact(digests)) != 1 || digests[0] == "" {
		t.Errorf("digests %v", digests)
	}
	times := map[string]int{}
	for _, a := range f.asked() {
		if strings.HasPrefix(a, "CONTENT") || strings.Contains(a, "/resolve/") {
			times[a]++
		}
	}
	for a, n := range times {
		if n != 1 {
			t.Errorf("%d times: %s", n, a)
		}
	}
}

func TestSpace(t *testing.T) {
	f := newHub(t)
	f.add("org/m", model())
	o := f.options(t.TempDir())
	o.Free = func(dir string) (int64, error) {
		if dir != filepath.Join(o.Access.HFHome, "hub") {
			t.Errorf("asked about %s", dir)
		}
		return 1000, nil
	}
	_, err := Resolve(ctx, mustRef(t, "org/m"), o)
	if err == nil || !strings.Contains(err.Error(), "it needs 500") || !strings.Contains(err.Error(), "and has 1000 bytes") {
		t.Errorf("got %v", err)
	}
	for _, a := range f.asked() {
		if strings.HasPrefix(a, "CONTENT") {
			t.Errorf("asked %s", a)
		}
	}
	if free, err := freeBytes(filepath.Join(t.TempDir(), "not", "there", "yet")); err != nil || free <= 0 {
		t.Errorf("free: %d, %v", free, err)
	}
}

// The clock says when to tell, not the network.
func TestProgressRate(t *testing.T) {
	now := time.Unix(100, 0)
	var told []Progress
	m := &meter{report: func(p Progress) { told = append(told, p) }, now: func() time.Time { return now }, have: map[string]int64{}, total: 1000}
	for i := range int64(100) {
		m.set("a", i*5)
		m.set("b", i*5)
		now = now.Add(10 * time.Millisecond)
	}
	m.set("a", 0) // begun anew
	m.set("a", 500)
	m.set("b", 500)
	m.end()
	if len(told) != 12 || told[len(told)-1] != (Progress{1000, 1000}) {
		t.Errorf("told %d times: %v", len(told), told)
	}
}
