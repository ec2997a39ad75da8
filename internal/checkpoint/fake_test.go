package checkpoint

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"olmoeval/internal/fetch/access"
	"olmoeval/internal/fetch/web"
)

const (
	commit1 = "1111111111111111111111111111111111111111"
	commit2 = "2222222222222222222222222222222222222222"
)

// fakeHub is a hub that works: lists with digests, files of weights on another
// server that knows ranges, gated repositories, a search, branches and tags.
type fakeHub struct {
	hub, cdn *httptest.Server
	// files by repository, commit and name; refs by repository and branch.
	files map[string]map[string]map[string]string
	refs  map[string]map[string]string
	gated map[string]bool
	bare  bool // the list has names alone, as some mirrors'

	mu       sync.Mutex
	requests []string
	// cut sends the content that is asked for, or less of it, and tells whether
	// the connection breaks then.
	cut    func(name string, body []byte, send func([]byte)) bool
	spoil  bool
	leaked bool
}

func newHub(t *testing.T) *fakeHub {
	f := &fakeHub{files: map[string]map[string]map[string]string{}, refs: map[string]map[string]string{}, gated: map[string]bool{}}
	f.hub = httptest.NewServer(http.HandlerFunc(f.serve))
	f.cdn = httptest.NewServer(http.HandlerFunc(f.content))
	t.Cleanup(f.hub.Close)
	t.Cleanup(f.cdn.Close)
	return f
}

// add makes a repository with one commit, which is its main branch.
func (f *fakeHub) add(id string, files map[string]string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[id] = map[string]map[string]string{commit1: files}
	f.refs[id] = map[string]string{"main": commit1}
}

// options keep what is downloaded in a directory.
func (f *fakeHub) options(dir string) Options {
	return Options{
		Access: access.Access{CacheDir: filepath.Join(dir, "own"), HFHome: filepath.Join(dir, "hf"), HFEndpoint: f.hub.URL},
		Retry:  web.Retry{Tries: 3, Wait: time.Millisecond},
	}
}

// set changes what the server does.
func (f *fakeHub) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeHub) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.requests
	f.requests = nil
	return out
}

func refuse(w http.ResponseWriter, code int, kind string) {
	w.Header().Set("X-Error-Code", kind)
	w.WriteHeader(code)
}

func (f *fakeHub) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.Method+" "+r.URL.Path)
	f.mu.Unlock()
	p := r.URL.EscapedPath()
	if p == "/api/models" {
		var found []map[string]string
		for id := range f.files {
			if strings.Contains(strings.ToLower(id), strings.ToLower(r.URL.Query().Get("search"))[:4]) {
				found = append(found, map[string]string{"id": id})
			}
		}
		json.NewEncoder(w).Encode(found)
		return
	}
	for id, commits := range f.files {
		if rev, ok := strings.CutPrefix(p, "/api/models/"+id+"/revision/"); ok {
			f.list(w, r, id, rev)
			return
		}
		if p == "/api/models/"+id+"/refs" {
			var list []map[string]string
			for name := range f.refs[id] {
				list = append(list, map[string]string{"name": name})
			}
			json.NewEncoder(w).Encode(map[string]any{"branches": list, "tags": []any{}})
			return
		}
		if rest, ok := strings.CutPrefix(p, "/"+id+"/resolve/"); ok {
			if f.gated[id] && r.Header.Get("Authorization") != "Bearer good" {
				refuse(w, http.StatusForbidden, "GatedRepo")
				return
			}
			commit, name, _ := strings.Cut(rest, "/")
			name, _ = url.PathUnescape(name)
			content, ok := commits[commit][name]
			if !ok {
				refuse(w, http.StatusNotFound, "EntryNotFound")
				return
			}
			f.resolve(w, r, id, commit, name, content)
			return
		}
	}
	refuse(w, http.StatusUnauthorized, "RepoNotFound")
}

func isLarge(name string) bool {
	return slices.Contains([]string{".safetensors", ".bin", ".gguf", ".distcp"}, path.Ext(name))
}

func gitSum(content string) string {
	return fmt.Sprintf("%x", sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content)))
}

func shaSum(content string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(content))) }

func (f *fakeHub) list(w http.ResponseWriter, r *http.Request, id, rev string) {
	rev, _ = url.PathUnescape(rev)
	commit := rev
	if c, ok := f.refs[id][rev]; ok {
		commit = c
	}
	files, ok := f.files[id][commit]
	if !ok {
		refuse(w, http.StatusNotFound, "RevisionNotFound")
		return
	}
	var list []map[string]any
	for name, content := range files {
		entry := map[string]any{"rfilename": name}
		if !f.bare && r.URL.Query().Get("blobs") == "true" {
			entry["size"], entry["blobId"] = len(content), gitSum(content)
			if isLarge(name) {
				entry["blobId"] = gitSum("pointer")
				entry["lfs"] = map[string]any{"sha256": shaSum(content), "size": len(content), "pointerSize": 130}
			}
		}
		list = append(list, entry)
	}
	json.NewEncoder(w).Encode(map[string]any{"id": id, "sha": commit, "siblings": list})
}

func (f *fakeHub) resolve(w http.ResponseWriter, r *http.Request, id, commit, name, content string) {
	w.Header().Set("X-Repo-Commit", commit)
	if !isLarge(name) {
		w.Header().Set("ETag", `"`+gitSum(content)+`"`)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
		return
	}
	w.Header().Set("X-Linked-Etag", `"`+shaSum(content)+`"`)
	w.Header().Set("X-Linked-Size", fmt.Sprint(len(content)))
	w.Header().Set("Location", f.cdn.URL+"/"+id+"?"+url.Values{"commit": {commit}, "name": {name}, "X-Signature": {"secret"}}.Encode())
	w.WriteHeader(http.StatusFound)
}

// content is the other server.
func (f *fakeHub) content(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	f.mu.Lock()
	content := f.files[strings.TrimPrefix(r.URL.Path, "/")][r.URL.Query().Get("commit")][name]
	f.requests = append(f.requests, "CONTENT "+name+" "+r.Header.Get("Range"))
	f.leaked = f.leaked || r.Header.Get("Authorization") != ""
	cut := f.cut
	if f.spoil {
		content = strings.Repeat("x", len(content))
	}
	f.mu.Unlock()
	if cut == nil || r.Method != http.MethodGet {
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
		return
	}
	from := 0
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(content)-1, len(content)))
	}
	body := []byte(content[from:])
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	if from > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	if cut(name, body, func(b []byte) {
		w.Write(b)
		w.(http.Flusher).Flush()
	}) {
		panic(http.ErrAbortHandler)
	}
}

// tensors is a safetensors file with one tensor.
func tensors(seed uint64, bytes int) string {
	head := fmt.Sprintf(`{"w":{"dtype":"BF16","shape":[%d],"data_offsets":[0,%d]}}`, bytes/2, bytes)
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(head)))) + head + noise(seed, bytes)
}

func noise(seed uint64, n int) string {
	out := make([]byte, 0, n+8)
	for r := rand.New(rand.NewPCG(seed, 0)); len(out) < n; {
		out = binary.LittleEndian.AppendUint64(out, r.Uint64())
	}
	return string(out[:n])
}

const config = `{"architectures":["Olmo2ForCausalLM"],"model_type":"olmo2","torch_dtype":"bfloat16","max_position_embeddings":4096}`

// model is a checkpoint in two shards, with what should be left alone.
func model() map[string]string {
	return map[string]string{
		"README.md": "text", "config.json": config, "generation_config.json": "{}", "tokenizer.json": `{"model":{}}`,
		"tokenizer_config.json": `{"chat_template":"{{ messages }}"}`, "special_tokens_map.json": "{}",
		"model-00001-of-00002.safetensors": tensors(1, 300_000), "model-00002-of-00002.safetensors": tensors(2, 200_000),
		"model.safetensors.index.json": `{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}`,
		"pytorch_model.bin":            "copy", "original/consolidated.00.pth": "copy", "onnx/model.onnx": "copy", "tf_model.h5": "copy",
	}
}

// wanted are the names of model that make up the checkpoint.
var wanted = []string{
	"config.json", "generation_config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
	"model.safetensors.index.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json",
}

// sameFiles compares a checkpoint with the contents it should have, by hash.
func sameFiles(t *testing.T, c *Checkpoint, want map[string]string) {
	t.Helper()
	for _, name := range c.Files {
		raw, err := os.ReadFile(filepath.Join(c.Dir, name))
		if err != nil || sha256.Sum256(raw) != sha256.Sum256([]byte(want[name])) {
			t.Errorf("%s: %d bytes, want %d, %v", name, len(raw), len(want[name]), err)
		}
	}
}

// under are the files of a directory, relative to it.
func under(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, p)
			out = append(out, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func mustRef(t *testing.T, text string) Ref {
	t.Helper()
	r, err := ParseRef(text, "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}
