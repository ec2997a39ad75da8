package checkpoint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"olmoeval/internal/fetch"
	"olmoeval/internal/fetch/blob"
	"olmoeval/internal/fetch/web"
	"olmoeval/internal/weights"
)

// storeSource is what lies under a prefix of an object store at one time. Its
// files are kept in a directory of their own for each state of them:
//
//	checkpoints/ID/          the files, complete
//	checkpoints/ID.json      what was verified of them
//	checkpoints/ID.partial/  while they are downloaded, under the lock ID.lock
//	checkpoints/last/        what an address was last seen to hold
type storeSource struct {
	ref     Ref
	access  string // the server, which tells places of the same name apart
	bucket  blob.Bucket
	root    string // checkpoints
	offline bool
	retry   web.Retry
	objects map[string]blob.Object // by name relative to the prefix
	file    string
	id      string // of the state
	name    string // of the directory: id, or that of a tokenizer
	names   []string

	mu   sync.Mutex
	done map[string]verified
}

var _ source = (*storeSource)(nil)

// verified is a file that was downloaded.
type verified struct {
	Size int64 `json:"size"`
	// Tag is the store's name of the content.
	Tag    string `json:"tag"`
	SHA256 string `json:"sha256"`
	// By is what the store's own word about the content was compared with:
	// md5, crc32c …, or size alone.
	By string `json:"verified_by"`
}

// manifest is written beside a directory.
type manifest struct {
	Address string              `json:"address"`
	ID      string              `json:"id"`
	Files   map[string]verified `json:"files"`
}

// seen is what an address last held.
type seen struct {
	Address string                 `json:"address"`
	Objects map[string]blob.Object `json:"objects"`
}

func openStore(ctx context.Context, ref Ref, o Options) (source, error) {
	if o.Access.CacheDir == "" {
		return nil, errors.New("no cache directory: set HOME or XDG_CACHE_HOME")
	}
	address := string(ref.Place) + "://" + ref.Path
	client := web.New(o.HTTP, o.Retry)
	bucket, key, err := o.Access.Bucket(client, o.HTTP, address)
	if err != nil {
		return nil, err
	}
	s := &storeSource{
		ref: ref, bucket: bucket, root: filepath.Join(o.Access.CacheDir, "checkpoints"), offline: o.Access.Offline, retry: client.Retry,
		access: o.Access.S3.Endpoint, done: map[string]verified{},
	}
	if ref.Place == GCS {
		s.access = o.Access.GCS.Endpoint
	}
	if path.Ext(key) == ".gguf" {
		s.file = path.Base(key)
	}
	last := filepath.Join(s.root, "last", short(address+"\n"+s.access)+".json")
	if s.pinned() {
		return s, nil
	}
	if s.offline {
		return s, s.recall(last, errors.New("not in the cache, and HF_HUB_OFFLINE is set"))
	}
	s.objects, err = s.list(ctx, key)
	if err != nil {
		if ctx.Err() != nil || !web.Unreachable(err) {
			return nil, err
		}
		if cached := s.recall(last, err); cached != nil {
			return nil, cached
		}
		o.Log.Warn("object store not reachable, using what it last held", "checkpoint", address, "error", err)
		return s, nil
	}
	if len(s.objects) == 0 {
		return nil, fmt.Errorf("%w under this prefix; list it with the store's own tool to check the name", blob.ErrNotFound)
	}
	plain := map[string]blob.Object{}
	for n, obj := range s.objects {
		obj.URL = web.Bare(obj.URL)
		plain[n] = obj
	}
	return s, writeJSON(last, seen{address, plain})
}

// recall takes what the address last held; err says why it is not asked.
func (s *storeSource) recall(last string, err error) error {
	was := seen{}
	raw, readErr := os.ReadFile(last)
	if readErr != nil || json.Unmarshal(raw, &was) != nil {
		return err
	}
	s.objects, s.offline = was.Objects, true
	return nil
}

// pinned takes what the manifest of the wanted state says, if all of it is
// here: nothing needs to be asked then.
func (s *storeSource) pinned() bool {
	found, err := filepath.Glob(filepath.Join(s.root, s.ref.Revision+"*.json"))
	if err != nil || s.ref.Revision == "" {
		return false
	}
	for _, file := range found {
		m, ok := readManifest(file)
		if s.name = strings.TrimSuffix(filepath.Base(file), ".json"); !ok || s.name != m.ID || !s.whole() {
			continue
		}
		s.objects, s.offline = map[string]blob.Object{}, true
		for n, v := range m.Files {
			s.objects[n] = blob.Object{Size: v.Size, Version: v.Tag}
		}
		return true
	}
	return false
}

// list are the objects under a key, by their names behind it: those of a
// folder, or a .gguf file with what it was split into.
func (s *storeSource) list(ctx context.Context, key string) (map[string]blob.Object, error) {
	prefix := key + "/"
	if s.file != "" {
		// The files of a split model begin alike.
		if prefix = key; strings.LastIndex(key, "-of-") > 6 {
			prefix = key[:strings.LastIndex(key, "-of-")-6]
		}
	}
	if key == "" {
		prefix = ""
	}
	all, err := s.bucket.List(ctx, prefix)
	if err != nil {
		return nil, err
	}
	cut := prefix
	if s.file != "" {
		cut = strings.TrimSuffix(key, s.file)
	}
	out := map[string]blob.Object{}
	for k, obj := range all {
		name := strings.TrimPrefix(k, cut)
		if name == "" || strings.HasSuffix(name, "/") {
			continue // marks a folder
		}
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return nil, fmt.Errorf("the store lists an object that is no file name: %q", k)
		}
		out[name] = obj
	}
	return out, nil
}

func (s *storeSource) files() []weights.File {
	var out []weights.File
	for n, obj := range s.objects {
		out = append(out, weights.File{Name: n, Size: obj.Size})
	}
	return out
}

// settle names the state by the files that make up the checkpoint: others may
// come and go. A tokenizer alone has a directory of its own, unless all is
// there.
func (s *storeSource) settle(whole, names []string) {
	h := sha256.New()
	fmt.Fprintf(h, "%s://%s\n%s\n", s.ref.Place, s.ref.Path, s.access)
	for _, n := range slices.Sorted(slices.Values(whole)) {
		fmt.Fprintf(h, "%q %d %q\n", n, s.objects[n].Size, tag(s.objects[n]))
	}
	s.id = hex.EncodeToString(h.Sum(nil)[:16])
	s.name, s.names = s.id, names
	if !slices.Equal(whole, names) && !s.whole() {
		s.name += "-tokenizer"
	}
}

// tag tells one content of an object from another.
func tag(o blob.Object) string {
	if strings.HasPrefix(o.Sum, "md5:") {
		return o.Sum // the same content put again is the same
	}
	return o.Version
}

func (s *storeSource) one() string      { return s.file }
func (s *storeSource) partial() bool    { return false }
func (s *storeSource) revision() string { return s.id }
func (s *storeSource) dir() string      { return filepath.Join(s.root, s.name) }
func (s *storeSource) space() string    { return s.root }

func (s *storeSource) source() string {
	return Ref{Place: s.ref.Place, Path: s.ref.Path, Revision: s.id}.String()
}

func (s *storeSource) work() string { return s.dir() + ".partial" }

func (s *storeSource) here(f weights.File) int64 {
	for _, dir := range []string{s.dir(), s.work()} {
		p := filepath.Join(dir, filepath.FromSlash(f.Name))
		if st, err := os.Stat(p); err == nil {
			return st.Size()
		}
		if n := fetch.Begun(p); n > 0 {
			return n
		}
	}
	return 0
}

func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

func writeJSON(path string, v any) error {
	raw, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return fetch.WriteFile(path, append(raw, '\n'))
}
