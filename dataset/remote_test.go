package dataset

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"olmoeval/eval"
	"olmoeval/internal/fetch/web"
)

// quickStore retries without waiting long.
func quickStore(o Options) *Store {
	s := New(o)
	s.retry = web.Retry{Tries: 3, Wait: time.Millisecond}
	return s
}

// ids opens a source and returns the field "id" of all rows.
func readIDs(s *Store, src eval.Source, split string) (string, eval.SourceInfo, error) {
	rows, err := s.Open(context.Background(), src, split)
	if err != nil {
		return "", eval.SourceInfo{}, err
	}
	docs, err := collect(context.Background(), rows)
	var out []string
	for _, d := range docs {
		out = append(out, d.Text("id"))
	}
	return strings.Join(out, " "), rows.Info(), err
}

// web server with validators, ranges and a count of what was asked.
type fakeWeb struct {
	*httptest.Server
	mu     sync.Mutex
	files  map[string]string
	noHead bool
	cuts   []int
	asked  []string
}

func newFakeWeb(t *testing.T) *fakeWeb {
	f := &fakeWeb{files: map[string]string{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeWeb) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Range"))
	content, ok := f.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method == http.MethodHead && f.noHead {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, md5.Sum([]byte(content))))
	if r.Method == http.MethodGet && len(f.cuts) > 0 {
		cut := f.cuts[0]
		f.cuts = f.cuts[1:]
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		fmt.Fprint(w, content[:cut])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
}

func (f *fakeWeb) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.asked
	f.asked = nil
	return out
}

func TestHTTPS(t *testing.T) {
	f := newFakeWeb(t)
	f.files["/d/rows.jsonl"] = `{"id":1}` + "\n" + `{"id":2}` + "\n"
	opt := Options{CacheDir: t.TempDir()}
	src := eval.Source{Path: f.URL + "/d/rows.jsonl?key=secret"}
	f.cuts = []int{7}
	got, info, err := readIDs(quickStore(opt), src, "test")
	if err != nil || got != "1 2" || info.Digest != TextDigest(f.files["/d/rows.jsonl"]) {
		t.Fatalf("%q, %+v, %v", got, info, err)
	}
	if asked := fmt.Sprint(f.requests()); asked != "[HEAD /d/rows.jsonl  GET /d/rows.jsonl  GET /d/rows.jsonl bytes=7-]" {
		t.Errorf("asked %s", asked)
	}
	if got, _, err := readIDs(quickStore(opt), src, "test"); err != nil || got != "1 2" {
		t.Errorf("from the cache: %q, %v", got, err)
	}
	if asked := fmt.Sprint(f.requests()); asked != "[HEAD /d/rows.jsonl ]" {
		t.Errorf("asked again %s", asked)
	}
	f.mu.Lock()
	f.files["/d/rows.jsonl"], f.noHead = `{"id":3}`, true
	f.mu.Unlock()
	if got, _, err := readIDs(quickStore(opt), src, "test"); err != nil || got != "3" {
		t.Errorf("after a change: %q, %v", got, err)
	}
	for path, want := range map[string]string{
		"/d/none.jsonl": "no such object: " + f.URL + "/d/none.jsonl",
		"/d/rows":       "the address does not end in the name of a file of rows",
	} {
		_, _, err := readIDs(quickStore(opt), eval.Source{Path: f.URL + path}, "test")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	f.Close()
	if got, _, err := readIDs(quickStore(opt), src, "test"); err != nil || got != "3" {
		t.Errorf("server away: %q, %v", got, err)
	}
	opt.Offline = true
	if got, _, err := readIDs(quickStore(opt), src, "test"); err != nil || got != "3" {
		t.Errorf("offline: %q, %v", got, err)
	}
	_, _, err = readIDs(quickStore(opt), eval.Source{Path: f.URL + "/other.jsonl"}, "test")
	if err == nil || !strings.Contains(err.Error(), "not in the cache, and HF_HUB_OFFLINE is set") {
		t.Errorf("offline, unknown: %v", err)
	}
	checkNoSecret(t, opt.CacheDir)
}

// checkNoSecret looks through a cache for what should not be written.
func checkNoSecret(t *testing.T, dir string) {
	t.Helper()
	err := filepath.Walk(dir, func(p string, st os.FileInfo, err error) error {
		if err != nil || st.IsDir() {
			return err
		}
		raw, err := os.ReadFile(p)
		if bytes.Contains(raw, []byte("secret")) {
			t.Errorf("%s has the secret", p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A cached copy that someone changed is not read as if it were the original.
func TestChangedCache(t *testing.T) {
	f := newFakeWeb(t)
	f.files["/rows.jsonl"] = `{"id":1}`
	opt := Options{CacheDir: t.TempDir()}
	src := eval.Source{Path: f.URL + "/rows.jsonl"}
	if _, _, err := readIDs(quickStore(opt), src, "test"); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(opt.CacheDir, "remote", "*", "*", "rows.jsonl"))
	if len(files) != 1 {
		t.Fatalf("cached files %v", files)
	}
	if err := os.WriteFile(files[0], []byte(`{"id":7}`), 0o666); err != nil {
		t.Fatal(err)
	}
	_, _, err := readIDs(quickStore(opt), src, "test")
	if err == nil || !strings.Contains(err.Error(), "was changed") {
		t.Errorf("got %v", err)
	}
}

func TestS3(t *testing.T) {
	backend := s3mem.New()
	server := httptest.NewServer(gofakes3.New(backend).Server())
	defer server.Close()
	if err := backend.CreateBucket("evals"); err != nil {
		t.Fatal(err)
	}
	big := bigRows()
	for key, content := range map[string]string{
		"in/freshqa.jsonl": `{"id":"f"}`, "dir/train.jsonl": `{"id":"tr"}`, "dir/test.jsonl": `{"id":"te"}`,
		"many/a-1.jsonl": `{"id":"m1"}`, "many/a-2.jsonl": `{"id":"m2"}`, "big.jsonl": big,
	} {
		putS3(t, server.URL, key, content)
	}
	opt := Options{CacheDir: t.TempDir(), S3: S3{Endpoint: server.URL, Region: "us-east-1", AccessKey: "key", SecretKey: "secret"}}
	for _, c := range []struct{ path, split, want, err string }{
		{"s3://evals/in/freshqa.jsonl", "test", "f", ""},
		{"s3://evals/dir/", "test", "te", ""},
		{"s3://evals/dir", "train", "tr", ""},
		{"s3://evals/dir/", "validation", "", `no file is of split "validation"; there are test.jsonl, train.jsonl`},
		{"s3://evals/many/a-?.jsonl", "test", "m1 m2", ""},
		{"s3://evals/dir/t*.jsonl", "test", "te", ""},
		{"s3://evals/none.jsonl", "test", "", "no such object"},
		{"s3://evals/none/", "test", "", "no such object, and no folder"},
		{"s3://nobucket/x.jsonl", "test", "", "no such object"},
		{"s3://nobucket/x/", "test", "", `no bucket "nobucket" at the endpoint`},
	} {
		got, _, err := readIDs(quickStore(opt), eval.Source{Path: c.path}, c.split)
		if c.err == "" && (err != nil || got != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %q, %v", c.path, got, err)
		}
	}
	// The content's own digest: a fake that keeps something else shows.
	_, info, err := readIDs(quickStore(opt), eval.Source{Path: "s3://evals/big.jsonl"}, "test")
	if want := fmt.Sprintf("%x", sha256.Sum256([]byte(big))); err != nil || info.Digest != want {
		t.Errorf("digest %s, want %s, %v", info.Digest, want, err)
	}
	server.Close()
	opt.Offline = true
	if got, _, err := readIDs(quickStore(opt), eval.Source{Path: "s3://evals/many/a-?.jsonl"}, "test"); err != nil || got != "m1 m2" {
		t.Errorf("offline: %q, %v", got, err)
	}
	opt.S3.Endpoint = "http://127.0.0.1:1/path"
	_, _, err = readIDs(quickStore(opt), eval.Source{Path: "s3://evals/x.jsonl"}, "test")
	if err == nil || !strings.Contains(err.Error(), "want http://HOST[:PORT]") {
		t.Errorf("endpoint: %v", err)
	}
	checkNoSecret(t, opt.CacheDir)
}

// putS3 puts an object, in parts of 5 MiB if it is large. Signed chunks are
// avoided: the fake would keep their framing as content.
func putS3(t *testing.T, endpoint, key, content string) {
	t.Helper()
	c, err := minio.New(strings.TrimPrefix(endpoint, "http://"), &minio.Options{Creds: credentials.NewStaticV4("key", "secret", ""), Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	opts := minio.PutObjectOptions{PartSize: 5 << 20, DisableContentSha256: true}
	if _, err := c.PutObject(context.Background(), "evals", key, strings.NewReader(content), int64(len(content)), opts); err != nil {
		t.Fatal(err)
	}
}

// bigRows is more than a multipart part.
func bigRows() string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for i := 0; b.Len() < 6<<20; i++ {
		fmt.Fprintf(&b, "{\"id\":%d,\"x\":\"%x\"}\n", i, r.Uint64())
	}
	return b.String()
}

func TestS3Refused(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`)
	}))
	defer server.Close()
	opt := Options{CacheDir: t.TempDir(), S3: S3{Endpoint: server.URL, Region: "us-east-1"}}
	_, _, err := readIDs(quickStore(opt), eval.Source{Path: "s3://evals/x/*.jsonl"}, "test")
	if err == nil || !strings.Contains(err.Error(), "access refused; set AWS_ACCESS_KEY_ID") {
		t.Errorf("without keys: %v", err)
	}
	opt.S3.AccessKey, opt.S3.SecretKey = "key", "hunter2"
	_, _, err = readIDs(quickStore(opt), eval.Source{Path: "s3://evals/x.jsonl"}, "test")
	if err == nil || !strings.Contains(err.Error(), "access refused to the credentials in use") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("with keys: %v", err)
	}
}

// fakeGCS is one bucket behind the JSON interface; it lists two at a time.
func fakeGCS(t *testing.T, token string, files map[string]string) *httptest.Server {
	item := func(name string) map[string]string {
		sum := md5.Sum([]byte(files[name]))
		return map[string]string{"name": name, "size": fmt.Sprint(len(files[name])), "generation": "17", "md5Hash": base64.StdEncoding.EncodeToString(sum[:])}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token != "" && r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.URL.Path == "/storage/v1/b/evals/o" {
			var names []string
			for _, name := range []string{"dir/test.jsonl", "dir/train.jsonl", "dir/x y.jsonl", "one.jsonl"} {
				if strings.HasPrefix(name, r.URL.Query().Get("prefix")) && name > r.URL.Query().Get("pageToken") {
					names = append(names, name)
				}
			}
			list := map[string]any{}
			if len(names) > 2 {
				names = names[:2]
				list["nextPageToken"] = names[1]
			}
			var items []any
			for _, n := range names {
				items = append(items, item(n))
			}
			list["items"] = items
			json.NewEncoder(w).Encode(list)
			return
		}
		name := strings.TrimPrefix(r.URL.Path, "/storage/v1/b/evals/o/")
		content, ok := files[name]
		switch {
		case !ok:
			http.NotFound(w, r)
		case r.URL.Query().Get("alt") == "media":
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
		default:
			json.NewEncoder(w).Encode(item(name))
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func TestGCS(t *testing.T) {
	server := fakeGCS(t, "good", map[string]string{"one.jsonl": `{"id":1}`, "dir/train.jsonl": `{"id":2}`, "dir/test.jsonl": `{"id":3}`, "dir/x y.jsonl": `{"id":4}`})
	for _, c := range []struct{ path, token, want, err string }{
		{"gs://evals/one.jsonl", "good", "1", ""},
		{"gs://evals/dir/", "good", "3", ""},
		{"gs://evals/dir/x y.jsonl", "good", "4", ""},
		{"gs://evals/none.jsonl", "good", "", "no such object"},
		{"gs://evals/one.jsonl", "", "", "access refused; set GOOGLE_OAUTH_ACCESS_TOKEN"},
		{"gs://evals/one.jsonl", "bad", "", "access refused to the token of GOOGLE_OAUTH_ACCESS_TOKEN"},
	} {
		opt := Options{CacheDir: t.TempDir(), GCS: GCS{Endpoint: server.URL, Token: Secret(c.token)}}
		got, _, err := readIDs(quickStore(opt), eval.Source{Path: c.path}, "test")
		if c.err == "" && (err != nil || got != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %q, %v", c.path, got, err)
		}
	}
}
