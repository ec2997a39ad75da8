package hubset

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"olmoeval/internal/fetch/hub"
	"olmoeval/internal/fetch/web"
)

// repo is a repository of the fake hub: its revisions, and the files of each
// commit.
type repo struct {
	id    string
	gated bool
	refs  map[string]string
	files map[string]map[string]string
}

// fake is a hub that works: it redirects moved names, keeps .parquet and
// .jsonl files on another server, wants a token for gated repositories, and
// can break off or spoil what it sends.
type fake struct {
	hub, cdn *httptest.Server
	repos    map[string]*repo
	moved    map[string]string

	mu       sync.Mutex
	requests []string
	cuts     []int // bytes after which the next contents break off
	spoil    bool
	leaked   bool // the other server saw a token
}

func newFake(t *testing.T) *fake {
	f := &fake{repos: map[string]*repo{}, moved: map[string]string{}}
	f.hub = httptest.NewServer(http.HandlerFunc(f.serve))
	f.cdn = httptest.NewServer(http.HandlerFunc(f.content))
	t.Cleanup(f.hub.Close)
	t.Cleanup(f.cdn.Close)
	return f
}

const (
	mainCommit    = "1111111111111111111111111111111111111111"
	convertCommit = "2222222222222222222222222222222222222222"
)

// add makes a repository; files beginning with convert: are of the conversion.
func (f *fake) add(id string, files map[string]string) *repo {
	r := &repo{id: id, refs: map[string]string{"main": mainCommit}, files: map[string]map[string]string{mainCommit: {}}}
	for name, content := range files {
		if name, ok := strings.CutPrefix(name, "convert:"); ok {
			r.refs[convertBranch] = convertCommit
			if r.files[convertCommit] == nil {
				r.files[convertCommit] = map[string]string{}
			}
			r.files[convertCommit][name] = content
			continue
		}
		r.files[mainCommit][name] = content
	}
	f.repos[id] = r
	return r
}

func (f *fake) client(t *testing.T) *hub.Client {
	dir := t.TempDir()
	return &hub.Client{
		Kind:     hub.Datasets,
		Web:      web.New(nil, web.Retry{Tries: 3, Wait: time.Millisecond}),
		Endpoint: f.hub.URL, Dir: filepath.Join(dir, "hub"), Listings: filepath.Join(dir, "listings"),
		Moved: func(id string) string { return f.moved[id] }, Log: slog.New(slog.DiscardHandler),
	}
}

func refuse(w http.ResponseWriter, code int, kind string) {
	w.Header().Set("X-Error-Code", kind)
	w.WriteHeader(code)
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.Method+" "+r.URL.Path)
	f.mu.Unlock()
	path := r.URL.EscapedPath()
	for old, now := range f.moved {
		for _, before := range []string{"/api/datasets/", "/datasets/"} {
			if rest, ok := strings.CutPrefix(path, before+old+"/"); ok {
				w.Header().Set("Location", before+now+"/"+rest)
				w.WriteHeader(http.StatusTemporaryRedirect)
				return
			}
		}
	}
	for _, rp := range f.repos {
		if rev, ok := strings.CutPrefix(path, "/api/datasets/"+rp.id+"/revision/"); ok {
			f.info(w, rp, rev)
			return
		}
		if rest, ok := strings.CutPrefix(path, "/datasets/"+rp.id+"/resolve/"); ok {
			f.resolve(w, r, rp, rest)
			return
		}
	}
	refuse(w, http.StatusUnauthorized, "RepoNotFound")
}

func (f *fake) info(w http.ResponseWriter, rp *repo, rev string) {
	rev, _ = url.PathUnescape(rev)
	commit := rev
	if c, ok := rp.refs[rev]; ok {
		commit = c
	}
	files, ok := rp.files[commit]
	if !ok {
		refuse(w, http.StatusNotFound, "RevisionNotFound")
		return
	}
	type sibling struct {
		Name string `json:"rfilename"`
	}
	var list []sibling
	for name := range files {
		list = append(list, sibling{name})
	}
	json.NewEncoder(w).Encode(map[string]any{"id": rp.id, "sha": commit, "siblings": list})
}

func (f *fake) resolve(w http.ResponseWriter, r *http.Request, rp *repo, rest string) {
	if rp.gated && r.Header.Get("Authorization") != "Bearer good" {
		code := http.StatusUnauthorized
		if r.Header.Get("Authorization") != "" {
			code = http.StatusForbidden
		}
		refuse(w, code, "GatedRepo")
		return
	}
	commit, name, _ := strings.Cut(rest, "/")
	name, _ = url.PathUnescape(name)
	content, ok := rp.files[commit][name]
	if !ok {
		refuse(w, http.StatusNotFound, "EntryNotFound")
		return
	}
	w.Header().Set("X-Repo-Commit", commit)
	if name == "README.md" {
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha1.Sum([]byte(fmt.Sprintf("blob %d\x00%s", len(content), content)))))
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
		return
	}
	w.Header().Set("X-Linked-Etag", fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(content))))
	w.Header().Set("X-Linked-Size", fmt.Sprint(len(content)))
	w.Header().Set("Location", f.cdn.URL+"/"+rp.id+"?"+url.Values{"commit": {commit}, "name": {name}, "X-Signature": {"secret"}}.Encode())
	w.WriteHeader(http.StatusFound)
}

// content is the other server.
func (f *fake) content(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, "CONTENT "+r.URL.Query().Get("name")+" "+r.Header.Get("Range"))
	f.leaked = f.leaked || r.Header.Get("Authorization") != ""
	cut := -1
	if len(f.cuts) > 0 {
		cut, f.cuts = f.cuts[0], f.cuts[1:]
	}
	spoil := f.spoil
	f.mu.Unlock()
	rp := f.repos[strings.TrimPrefix(r.URL.Path, "/")]
	content := rp.files[r.URL.Query().Get("commit")][r.URL.Query().Get("name")]
	if spoil {
		content = strings.ToUpper(content)
	}
	if cut < 0 {
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
		return
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	io.WriteString(w, content[:cut])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func (f *fake) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.requests
	f.requests = nil
	return out
}
