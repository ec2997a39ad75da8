package checkpoint

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"olmoeval/internal/fetch/access"
	"olmoeval/internal/fetch/web"
	"olmoeval/internal/weights"
)

// fakeS3 is an S3 server whose answers can be spoiled on the way.
type fakeS3 struct {
	*httptest.Server
	client *minio.Client

	mu    sync.Mutex
	gets  map[string]int
	spoil func(key string, w http.ResponseWriter, answer *httptest.ResponseRecorder) bool
}

func newS3(t *testing.T) *fakeS3 {
	t.Helper()
	backend := s3mem.New()
	inner := gofakes3.New(backend).Server()
	if err := backend.CreateBucket("runs"); err != nil {
		t.Fatal(err)
	}
	f := &fakeS3{gets: map[string]int{}}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, ok := strings.CutPrefix(r.URL.Path, "/runs/")
		if r.Method != http.MethodGet || !ok || key == "" {
			inner.ServeHTTP(w, r)
			return
		}
		f.mu.Lock()
		f.gets[key]++
		spoil := f.spoil
		f.mu.Unlock()
		answer := httptest.NewRecorder()
		inner.ServeHTTP(answer, r)
		if spoil != nil && spoil(key, w, answer) {
			return
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(f.Close)
	c, err := minio.New(strings.TrimPrefix(f.URL, "http://"), &minio.Options{Creds: credentials.NewStaticV4("key", "secret", ""), Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	f.client = c
	return f
}

// put puts objects, in parts of 5 MiB if they are large. Signed chunks are
// avoided: the fake would keep their framing as content.
func (f *fakeS3) put(t *testing.T, prefix string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		opts := minio.PutObjectOptions{PartSize: 5 << 20, DisableContentSha256: true}
		if _, err := f.client.PutObject(ctx, "runs", prefix+name, strings.NewReader(content), int64(len(content)), opts); err != nil {
			t.Fatal(err)
		}
	}
}

func (f *fakeS3) options(dir string) Options {
	return Options{
		Access: access.Access{CacheDir: dir, S3: access.S3{Endpoint: f.URL, Region: "us-east-1", AccessKey: "key", SecretKey: "secret"}},
		Retry:  web.Retry{Tries: 3, Wait: time.Millisecond},
	}
}

// asked is how often each object's content was asked for.
func (f *fakeS3) asked() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.gets
	f.gets = map[string]int{}
	return out
}

func (f *fakeS3) on(spoil func(key string, w http.ResponseWriter, answer *httptest.ResponseRecorder) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.spoil = spoil
}

const firstShard = "model-00001-of-00002.safetensors"

func TestS3(t *testing.T) {
	f := newS3(t)
	files := model()
	files[firstShard] = tensors(5, 12_000_000) // three parts
	f.put(t, "olmo/step1000/", files)
	f.put(t, "olmo/step1000-more/", map[string]string{"config.json": "other"})
	o := f.options(t.TempDir())
	plan, err := Look(ctx, mustRef(t, "s3://runs/olmo/step1000"), o)
	if err != nil || plan.Kind != weights.HF || plan.Download != plan.Bytes || plan.Bytes < 12_200_000 || len(f.asked()) > 0 {
		t.Fatalf("plan %+v, %v", plan, err)
	}
	c, err := Resolve(ctx, mustRef(t, "s3://runs/olmo/step1000/"), o)
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, c, files)
	if got := under(t, c.Dir); !slices.Equal(got, wanted) || !slices.Equal(c.Files, wanted) {
		t.Errorf("files %v", got)
	}
	if c.Revision != filepath.Base(c.Dir) || c.Source != "s3://runs/olmo/step1000@"+c.Revision || c.Revision != plan.Revision || c.Digest == "" {
		t.Errorf("got %+v", c)
	}
	m, ok := readManifest(c.Dir + ".json")
	if !ok || m.Files["config.json"].By != "md5" || m.Files["config.json"].SHA256 != shaSum(config) || m.Files[firstShard].SHA256 != shaSum(files[firstShard]) || len(m.Files) != len(wanted) {
		t.Errorf("manifest %+v", m)
	}
	left, _ := filepath.Glob(filepath.Join(o.Access.CacheDir, "checkpoints", "*.partial*"))
	if len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	// The digest is that of the same files elsewhere.
	if same, err := weights.Digest(putLocal(t, files)); err != nil || same != c.Digest {
		t.Errorf("digest %s, of a local copy %s, %v", c.Digest, same, err)
	}

	// Nothing is asked for twice; what does not belong to it may change.
	f.asked()
	f.put(t, "olmo/step1000/", map[string]string{"README.md": "new", "trainer_state.json": "{}"})
	again, err := Resolve(ctx, mustRef(t, "s3://runs/olmo/step1000"), o)
	if err != nil || again.Dir != c.Dir || len(f.asked()) > 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
	// A checkpoint that was written over is another directory, whole in itself.
	changed := maps.Clone(files)
	changed["model-00002-of-00002.safetensors"] = tensors(7, 200_000)
	f.put(t, "olmo/step1000/", map[string]string{"model-00002-of-00002.safetensors": changed["model-00002-of-00002.safetensors"]})
	d, err := Resolve(ctx, mustRef(t, "s3://runs/olmo/step1000"), o)
	if err != nil || d.Dir == c.Dir || d.Digest == c.Digest {
		t.Fatalf("changed: %+v, %v", d, err)
	}
	sameFiles(t, d, changed)
	sameFiles(t, c, files)
	// A pinned state is served from here, and never another in its stead.
	f.asked()
	if e, err := Resolve(ctx, mustRef(t, c.Source), o); err != nil || e.Dir != c.Dir || e.Digest != c.Digest || e.Source != c.Source {
		t.Errorf("pinned: %+v, %v", e, err)
	}
	if err := os.RemoveAll(c.Dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Resolve(ctx, mustRef(t, c.Source), o); err == nil || !strings.Contains(err.Error(), "the files changed: "+c.Revision+" was asked for, and "+d.Revision+" is there now") {
		t.Errorf("pinned and gone: %v", err)
	}
	// Without the network, what was last seen.
	o.Access.Offline = true
	if e, err := Resolve(ctx, mustRef(t, "s3://runs/olmo/step1000"), o); err != nil || e.Dir != d.Dir {
		t.Errorf("offline: %+v, %v", e, err)
	}
	o.Access.Offline = false
	f.Close()
	if e, err := Resolve(ctx, mustRef(t, "s3://runs/olmo/step1000"), o); err != nil || e.Dir != d.Dir {
		t.Errorf("store away: %+v, %v", e, err)
	}
	o.Access.CacheDir = t.TempDir()
	o.Access.Offline = true
	if _, err := Resolve(ctx, mustRef(t, "s3://runs/olmo/step1000"), o); err == nil || !strings.Contains(err.Error(), "not in the cache, and HF_HUB_OFFLINE is set") {
		t.Errorf("offline, unknown: %v", err)
	}
}

func putLocal(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A connection that breaks is taken up within the object, and a later call
// takes up what an earlier one left.
func TestS3Resume(t *testing.T) {
	f := newS3(t)
	f.put(t, "m/", model())
	o := f.options(t.TempDir())
	o.Parallel = 1
	o.Retry.Tries = 1
	const half = 150_000
	breaking := func(key string, w http.ResponseWriter, answer *httptest.ResponseRecorder) bool {
		if key != "m/"+firstShard {
			return false
		}
		if answer.Code != http.StatusOK { // of the rest, nothing
			panic(http.ErrAbortHandler)
		}
		maps.Copy(w.Header(), answer.Header())
		w.Write(answer.Body.Bytes()[:half])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	f.on(breaking)
	_, err := Resolve(ctx, mustRef(t, "s3://runs/m"), o)
	if err == nil {
		t.Fatal("no error")
	}
	dirs, _ := filepath.Glob(filepath.Join(o.Access.CacheDir, "checkpoints", "*.partial"))
	if len(dirs) != 1 {
		t.Fatalf("begun: %v", dirs)
	}
	before := f.asked()
	f.on(nil)
	plan, err := Look(ctx, mustRef(t, "s3://runs/m"), o)
	if err != nil || plan.Download > plan.Bytes-half {
		t.Errorf("plan %+v, %v", plan, err)
	}
	c, err := Resolve(ctx, mustRef(t, "s3://runs/m"), o)
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, c, model())
	for key, n := range f.asked() {
		if before[key] > 0 && key != "m/"+firstShard || n != 1 {
			t.Errorf("%s was asked for %d and then %d times", key, before[key], n)
		}
	}
	// Damage to what was downloaded is found by size, and mended.
	if err := os.Truncate(filepath.Join(c.Dir, firstShard), 1000); err != nil {
		t.Fatal(err)
	}
	d, err := Resolve(ctx, mustRef(t, "s3://runs/m"), o)
	if err != nil || d.Dir != c.Dir {
		t.Fatalf("%+v, %v", d, err)
	}
	sameFiles(t, d, model())
	if got := fmt.Sprint(f.asked()); got != "map[m/"+firstShard+":1]" {
		t.Errorf("asked for %s", got)
	}
}

func TestS3Corrupt(t *testing.T) {
	f := newS3(t)
	f.put(t, "m/", model())
	o := f.options(t.TempDir())
	f.on(func(key string, w http.ResponseWriter, answer *httptest.ResponseRecorder) bool {
		if key == "m/"+firstShard {
			answer.Body.Bytes()[777] ^= 1
		}
		return false
	})
	_, err := Resolve(ctx, mustRef(t, "s3://runs/m"), o)
	if err == nil || !strings.Contains(err.Error(), firstShard+": download broken: md5 is ") {
		t.Errorf("corrupt: %v", err)
	}
	if got, _ := filepath.Glob(filepath.Join(o.Access.CacheDir, "checkpoints", "*.json")); len(got) != 1 || !strings.HasSuffix(got[0], ".partial.json") {
		t.Errorf("in place: %v", got)
	}
	// An object that is written over in the middle of it all.
	once := sync.OnceFunc(func() {
		f.put(t, "m/", map[string]string{"tokenizer.json": "{\"x\":1}", firstShard: tensors(8, 300_000)})
	})
	f.on(func(string, http.ResponseWriter, *httptest.ResponseRecorder) bool { once(); return false })
	o.Parallel, o.Access.CacheDir = 1, t.TempDir()
	_, err = Resolve(ctx, mustRef(t, "s3://runs/m"), o)
	if err == nil || !strings.Contains(err.Error(), "changed while") {
		t.Errorf("written over: %v", err)
	}
	f.on(nil)
	c, err := Resolve(ctx, mustRef(t, "s3://runs/m"), o)
	if err != nil {
		t.Fatal(err)
	}
	now := model()
	now["tokenizer.json"], now[firstShard] = "{\"x\":1}", tensors(8, 300_000)
	sameFiles(t, c, now)
}

func TestS3Parts(t *testing.T) {
	f := newS3(t)
	f.put(t, "m/", model())
	f.put(t, "g/", map[string]string{"a.gguf": tinyGGUF(t), "b-00001-of-00002.gguf": tinyGGUF(t), "b-00002-of-00002.gguf": tinyGGUF(t)})
	o := f.options(t.TempDir())
	for ref, want := range map[string]string{
		"s3://runs/g/a.gguf":                "a.gguf",
		"s3://runs/g/b-00001-of-00002.gguf": "b-00001-of-00002.gguf b-00002-of-00002.gguf",
	} {
		c, err := Resolve(ctx, mustRef(t, ref), o)
		if err != nil || strings.Join(c.Files, " ") != want || c.Info.Kind != weights.GGUF || c.Digest == "" {
			t.Errorf("%s: %+v, %v", ref, c, err)
		}
	}
	tok := o
	tok.TokenizerOnly = true
	a, err := Resolve(ctx, mustRef(t, "s3://runs/m"), tok)
	if err != nil || len(a.Files) != 5 || !strings.HasSuffix(a.Dir, "-tokenizer") {
		t.Fatalf("tokenizer: %+v, %v", a, err)
	}
	b, err := Resolve(ctx, mustRef(t, "s3://runs/m"), o)
	if err != nil || b.Dir == a.Dir || a.Revision != b.Revision {
		t.Fatalf("all: %+v, %v", b, err)
	}
	f.asked()
	if c, err := Resolve(ctx, mustRef(t, "s3://runs/m"), tok); err != nil || c.Dir != b.Dir || len(f.asked()) > 0 {
		t.Errorf("tokenizer of what is here: %+v, %v", c, err)
	}
	for ref, want := range map[string]string{
		"s3://runs/none":     "no such object under this prefix",
		"s3://nobucket/m":    `no bucket "nobucket" at the endpoint`,
		"s3://runs/g":        "several GGUF models",
		"s3://runs/g/c.gguf": "no such object",
	} {
		if _, err := Resolve(ctx, mustRef(t, ref), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

func TestS3Together(t *testing.T) {
	f := newS3(t)
	f.put(t, "m/", model())
	o := f.options(t.TempDir())
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if c, err := Resolve(ctx, mustRef(t, "s3://runs/m"), o); err != nil || c.Digest == "" {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for key, n := range f.asked() {
		if n != 1 {
			t.Errorf("%s was asked for %d times", key, n)
		}
	}
}

// fakeGCS is one bucket behind the JSON interface; composite objects have no
// MD5.
func fakeGCS(t *testing.T, files map[string]string, spoil *atomic.Bool) *httptest.Server {
	item := func(name string) map[string]string {
		content := files[name]
		crc := binary.BigEndian.AppendUint32(nil, crc32.Checksum([]byte(content), crc32.MakeTable(crc32.Castagnoli)))
		out := map[string]string{"name": name, "size": fmt.Sprint(len(content)), "generation": shaSum(content)[:12], "crc32c": base64.StdEncoding.EncodeToString(crc)}
		if !strings.HasSuffix(name, ".safetensors") {
			sum := md5.Sum([]byte(content))
			out["md5Hash"] = base64.StdEncoding.EncodeToString(sum[:])
		}
		return out
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer good" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.URL.Path == "/storage/v1/b/runs/o" {
			var items []any
			for name := range files {
				if strings.HasPrefix(name, r.URL.Query().Get("prefix")) {
					items = append(items, item(name))
				}
			}
			json.NewEncoder(w).Encode(map[string]any{"items": items})
			return
		}
		name, _ := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/storage/v1/b/runs/o/"))
		content, ok := files[name]
		if !ok || r.URL.Query().Get("generation") != item(name)["generation"] {
			http.NotFound(w, r)
			return
		}
		if spoil.Load() && strings.HasSuffix(name, ".safetensors") {
			content = strings.Repeat("x", len(content))
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
	}))
	t.Cleanup(server.Close)
	return server
}

func TestGCS(t *testing.T) {
	files := map[string]string{"m/": ""} // a folder's mark
	for n, content := range model() {
		files["m/"+n] = content
	}
	var spoil atomic.Bool
	spoil.Store(true)
	server := fakeGCS(t, files, &spoil)
	o := Options{
		Access: access.Access{CacheDir: t.TempDir(), GCS: access.GCS{Endpoint: server.URL, Token: "good"}},
		Retry:  web.Retry{Tries: 2, Wait: time.Millisecond},
	}
	_, err := Resolve(ctx, mustRef(t, "gs://runs/m"), o)
	if err == nil || !strings.Contains(err.Error(), "download broken: crc32c is ") {
		t.Errorf("spoiled: %v", err)
	}
	spoil.Store(false)
	c, err := Resolve(ctx, mustRef(t, "gs://runs/m"), o)
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, c, model())
	if m, _ := readManifest(c.Dir + ".json"); m.Files[firstShard].By != "crc32c" || m.Files["config.json"].By != "md5" {
		t.Errorf("manifest %+v", m)
	}
	o.Access.GCS.Token = ""
	o.Access.CacheDir = t.TempDir()
	if _, err := Resolve(ctx, mustRef(t, "gs://runs/m"), o); err == nil || !strings.Contains(err.Error(), "set GOOGLE_OAUTH_ACCESS_TOKEN") || errors.Is(err, os.ErrNotExist) {
		t.Errorf("no token: %v", err)
	}
}
