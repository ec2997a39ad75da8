package checkpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"olmoeval/internal/fetch"
)

// open takes the lock of this state of the checkpoint. Without the network
// everything must be there.
func (s *storeSource) open(ctx context.Context) (bool, func(), error) {
	if s.ref.Revision != "" && !strings.HasPrefix(s.id, s.ref.Revision) {
		return false, nil, fmt.Errorf("the files changed: %s was asked for, and %s is there now", s.ref.Revision, s.id)
	}
	if s.whole() {
		return true, func() {}, nil
	}
	if s.offline {
		return false, nil, errors.New("not in the cache, or not all of it, and there is no network or HF_HUB_OFFLINE is set")
	}
	unlock, err := fetch.Lock(ctx, s.dir()+".lock")
	if err != nil {
		return false, nil, err
	}
	if s.whole() { // another process was quicker
		return true, unlock, nil
	}
	if err := s.takeUp(); err != nil {
		unlock()
		return false, nil, err
	}
	return false, unlock, nil
}

// whole tells whether the directory is there with all files as long as they
// were: it is renamed into place when it is, so that only damage makes it less.
func (s *storeSource) whole() bool {
	m, ok := readManifest(s.dir() + ".json")
	if !ok {
		return false
	}
	for n, v := range m.Files {
		st, err := os.Stat(filepath.Join(s.dir(), filepath.FromSlash(n)))
		if err != nil || st.Size() != v.Size {
			return false
		}
	}
	return true
}

// takeUp finds what an earlier attempt left, or what is left of a damaged
// directory.
func (s *storeSource) takeUp() error {
	if _, err := os.Stat(s.work()); errors.Is(err, fs.ErrNotExist) {
		if err := os.Rename(s.dir(), s.work()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, file := range []string{s.dir() + ".json", s.work() + ".json"} {
		if m, ok := readManifest(file); ok {
			s.done = m.Files
		}
	}
	return os.MkdirAll(s.work(), 0o777)
}

func readManifest(path string) (m manifest, ok bool) {
	raw, err := os.ReadFile(path)
	ok = err == nil && json.Unmarshal(raw, &m) == nil && m.Files != nil
	return m, ok
}

// get downloads an object unless an earlier attempt did.
func (s *storeSource) get(ctx context.Context, name string, have func(int64)) error {
	obj := s.objects[name]
	to := filepath.Join(s.work(), filepath.FromSlash(name))
	s.mu.Lock()
	was, known := s.done[name]
	s.mu.Unlock()
	if st, err := os.Stat(to); err == nil {
		if known && was.Tag == tag(obj) && st.Size() == obj.Size {
			return nil
		}
		// Nothing is known of it: what there is of it is verified again.
		if err := os.Rename(to, to+".incomplete"); err != nil {
			return err
		}
	}
	if obj.Sum == "" {
		now, err := s.bucket.Stat(ctx, s.key(name))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if now.Version != obj.Version || now.Size != obj.Size {
			return fmt.Errorf("%s changed while the checkpoint was downloaded; run the same again when it is written", name)
		}
		obj.Sum = now.Sum
	}
	f := fetch.File{
		Path: to, Size: obj.Size, Sum: obj.Sum, Retry: s.retry, Progress: have,
		Get: func(ctx context.Context, offset int64) (io.ReadCloser, int64, error) {
			return s.bucket.Get(ctx, obj, offset)
		},
	}
	sum, err := f.Do(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	by, _, _ := strings.Cut(obj.Sum, ":")
	if by == "" {
		by = "size"
	}
	return s.note(name, verified{obj.Size, tag(s.objects[name]), sum, by})
}

// key is an object's key in the bucket.
func (s *storeSource) key(name string) string {
	_, key, _ := strings.Cut(s.objects[name].Name, "://")
	_, key, _ = strings.Cut(key, "/")
	return key
}

// note keeps what was verified, for a later attempt and for the manifest.
func (s *storeSource) note(name string, v verified) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done[name] = v
	return writeJSON(s.work()+".json", s.manifest())
}

func (s *storeSource) manifest() manifest {
	return manifest{Address: string(s.ref.Place) + "://" + s.ref.Path, ID: s.id, Files: s.done}
}

// finish writes the manifest and puts the directory in its place.
func (s *storeSource) finish() error {
	m := s.manifest()
	files := map[string]verified{}
	for _, n := range s.names {
		files[n] = m.Files[n]
	}
	m.Files = files
	if err := writeJSON(s.dir()+".json", m); err != nil {
		return err
	}
	if err := os.RemoveAll(s.dir()); err != nil {
		return err
	}
	if err := os.Rename(s.work(), s.dir()); err != nil {
		return err
	}
	return os.Remove(s.work() + ".json")
}
