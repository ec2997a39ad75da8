package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"olmoeval/dataset/internal/remote"
	"olmoeval/dataset/internal/rowio"
	"olmoeval/eval"
	"olmoeval/internal/fetch"
	"olmoeval/internal/fetch/blob"
	"olmoeval/internal/fetch/web"
)

// listing is what an address was last resolved to.
type listing struct {
	Address string        `json:"address"`
	Split   string        `json:"split"`
	Objects []blob.Object `json:"objects"`
}

// kept is written beside a downloaded file.
type kept struct {
	blob.Object
	SHA256 string `json:"sha256"`
}

// openRemote reads an s3://, gs:// or https:// address through the cache.
func (s *Store) openRemote(ctx context.Context, src eval.Source, split string) (eval.Rows, error) {
	if src.Revision != "" {
		return nil, errors.New("this kind of address has no revision")
	}
	address := src.Path
	if src.DataFiles != "" {
		address = strings.TrimRight(address, "/") + "/" + src.DataFiles
	}
	bucket, objects, err := s.resolve(ctx, address, split)
	if err != nil {
		return nil, err
	}
	info := eval.SourceInfo{Path: src.Path, Subset: src.Subset, Split: split}
	var inputs []rowio.Input
	var sums []string
	for _, o := range objects {
		path, sum, err := s.keepObject(ctx, bucket, o)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, rowio.Input{Name: o.Name, Path: path})
		sums = append(sums, sum)
	}
	r := newRows(info, inputs)
	if len(sums) == 1 && sums[0] != "" {
		r.check = func(got eval.SourceInfo) error {
			if got.Digest != sums[0] {
				return fmt.Errorf("%s: the cached copy %s was changed (sha256 %s, was %s); delete it", objects[0].Name, inputs[0].Path, got.Digest, sums[0])
			}
			return nil
		}
	}
	return r, nil
}

// download keeps one file of the web and returns where it is. The address
// need not name a file of rows.
func (s *Store) download(ctx context.Context, address string) (string, error) {
	if s.opt.Offline {
		return "", fmt.Errorf("%s: not in the cache, and HF_HUB_OFFLINE is set", web.Bare(address))
	}
	h := blob.HTTPS{Web: s.web()}
	o, err := h.Stat(ctx, address)
	if err != nil {
		return "", err
	}
	o.ID = s.idOf(o)
	path, _, err := s.keepObject(ctx, h, o)
	return path, err
}

// web is the client of this store.
func (s *Store) web() *web.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		s.client = web.New(s.opt.HTTP, s.retry)
	}
	return s.client
}

// bucketOf is the place an address is in, and its key there.
func (s *Store) bucketOf(address string) (b blob.Bucket, key string, err error) {
	if scheme, _, _ := strings.Cut(address, "://"); scheme != "s3" && scheme != "gs" {
		return blob.HTTPS{Web: s.web()}, address, nil
	}
	return s.opt.access().Bucket(s.web(), s.opt.HTTP, address)
}

// resolve finds the objects of an address. Offline, and where the network is
// down, what was found the last time counts.
func (s *Store) resolve(ctx context.Context, address, split string) (blob.Bucket, []blob.Object, error) {
	dir, err := s.cacheDir("remote")
	if err != nil {
		return nil, nil, err
	}
	b, key, err := s.bucketOf(address)
	if err != nil {
		return nil, nil, err
	}
	file := filepath.Join(dir, "listings", short(address+"\n"+split+"\n"+s.opt.S3.Endpoint+"\n"+s.opt.GCS.Endpoint)+".json")
	var objects []blob.Object
	err = errors.New("not in the cache, and HF_HUB_OFFLINE is set")
	if !s.opt.Offline {
		if h, ok := b.(blob.HTTPS); ok {
			objects, err = remote.FindHTTPS(ctx, h, key)
		} else {
			objects, err = remote.Find(ctx, b, key, split)
		}
	}
	if err == nil {
		seen := make([]blob.Object, len(objects))
		for i := range objects {
			objects[i].ID = s.idOf(objects[i])
			seen[i] = objects[i]
			seen[i].URL = web.Bare(seen[i].URL) // addresses may be signed
		}
		return b, objects, writeJSON(file, listing{web.Bare(address), split, seen})
	}
	if !s.opt.Offline && !networkDown(ctx, err) {
		return nil, nil, err
	}
	raw, readErr := os.ReadFile(file)
	var last listing
	if readErr != nil || json.Unmarshal(raw, &last) != nil {
		return nil, nil, err
	}
	if !s.opt.Offline {
		s.log.Warn("address not reachable, using the cached copy", "address", web.Bare(address), "error", err)
	}
	return b, last.Objects, nil
}

// networkDown tells an unreachable server from one that refuses.
func networkDown(ctx context.Context, err error) bool {
	return ctx.Err() == nil && web.Unreachable(err)
}

// idOf tells versions of objects apart.
func (s *Store) idOf(o blob.Object) string {
	return short(o.URL + "\n" + o.Version + "\n" + s.opt.S3.Endpoint)
}

// keepObject downloads an object unless this version of it is there, and
// returns where it is and its SHA-256.
func (s *Store) keepObject(ctx context.Context, b blob.Bucket, o blob.Object) (path, sum string, err error) {
	dir, err := s.cacheDir("remote")
	if err != nil {
		return "", "", err
	}
	path = filepath.Join(dir, o.ID[:2], o.ID, o.Base())
	current := o.Version != "" || s.opt.Offline
	if sum, ok := keptSum(path, o.Size); ok && current {
		return path, sum, nil
	}
	if s.opt.Offline {
		return "", "", fmt.Errorf("%s: not in the cache, and HF_HUB_OFFLINE is set", o.Name)
	}
	unlock, err := fetch.Lock(ctx, path+".lock")
	if err != nil {
		return "", "", err
	}
	defer unlock()
	if sum, ok := keptSum(path, o.Size); ok && current {
		return path, sum, nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", "", err
	}
	s.log.Info("downloading", "file", o.Name, "bytes", o.Size)
	f := fetch.File{
		Path: path, Size: o.Size, Sum: o.Sum, Retry: s.retry,
		Get: func(ctx context.Context, offset int64) (io.ReadCloser, int64, error) { return b.Get(ctx, o, offset) },
	}
	if sum, err = f.Do(ctx); err != nil {
		return "", "", fmt.Errorf("%s: %w", o.Name, err)
	}
	o.URL = web.Bare(o.URL)
	return path, sum, writeJSON(path+".json", kept{o, sum})
}

// keptSum is the digest that was noted of a file; ok is false where the file
// or the note is missing or does not fit.
func keptSum(path string, size int64) (sum string, ok bool) {
	var have kept
	raw, err := os.ReadFile(path + ".json")
	if err != nil || json.Unmarshal(raw, &have) != nil {
		return "", false
	}
	st, err := os.Stat(path)
	return have.SHA256, err == nil && (size < 0 || st.Size() == size)
}

// short is a name made of a longer one.
func short(name string) string {
	sum := sha256.Sum256([]byte(name))
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
