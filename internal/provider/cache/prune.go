package cache

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Usage is what a store holds of one source.
type Usage struct {
	// ID is short, for commands; Identity is all that identifies it.
	ID       string `json:"id"`
	Name     string `json:"name"`
	Identity string `json:"identity"`
	Entries  int64  `json:"entries"`
	Bytes    int64  `json:"bytes"`
	// Oldest and Newest are when entries were used last, to the hour; nil of a
	// source without entries.
	Oldest *time.Time `json:"oldest_use"`
	Newest *time.Time `json:"newest_use"`
}

// Usage lists the sources, largest first.
func (s *Store) Usage(ctx context.Context) ([]Usage, error) {
	sources, err := s.sources()
	if err != nil {
		return nil, err
	}
	for i := range sources {
		u := &sources[i]
		err := s.walk(ctx, u.ID, func(f file) {
			u.Entries++
			u.Bytes += f.size
			used := time.Unix(0, f.used).UTC()
			if u.Oldest == nil || used.Before(*u.Oldest) {
				u.Oldest = &used
			}
			if u.Newest == nil || used.After(*u.Newest) {
				u.Newest = &used
			}
		}, nil)
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(sources, func(a, b Usage) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return sources, nil
}

// sources are the spaces' directories, by ID, without what they hold.
func (s *Store) sources() ([]Usage, error) {
	dirs, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	var out []Usage
	for _, d := range dirs {
		if _, err := hex.DecodeString(d.Name()); err != nil || len(d.Name()) != 16 || !d.IsDir() {
			continue
		}
		u := Usage{ID: d.Name()}
		var a aboutFile
		// Without the note the entries are still counted and pruned.
		if b, err := os.ReadFile(filepath.Join(s.dir, d.Name(), about)); err == nil && json.Unmarshal(b, &a) == nil {
			u.Name, u.Identity = a.Name, a.Identity
		}
		out = append(out, u)
	}
	return out, nil
}

// file is an entry, 64 bytes of memory each.
type file struct {
	key  Key
	dir  int32 // index of the source
	size int64
	used int64 // Unix nanoseconds
}

// walk calls each for every entry of a source, and rest for the paths of files
// left by writers that died.
func (s *Store) walk(ctx context.Context, id string, each func(file), rest func(path string, info fs.FileInfo)) error {
	for fan := range 256 {
		if err := ctx.Err(); err != nil {
			return err
		}
		dir := filepath.Join(s.dir, id, fmt.Sprintf("%02x", fan))
		list, err := os.ReadDir(dir)
		if err != nil {
			if err = ignoreMissing(err); err != nil {
				return err
			}
			continue
		}
		for _, d := range list {
			info, err := d.Info()
			if err != nil {
				continue // gone meanwhile
			}
			var f file
			if n, err := hex.Decode(f.key[:], []byte(fmt.Sprintf("%02x", fan)+d.Name())); err == nil && n == len(f.key) {
				f.size, f.used = info.Size(), info.ModTime().UnixNano()
				each(f)
			} else if rest != nil && isTemp(d.Name()) {
				rest(filepath.Join(dir, d.Name()), info)
			}
		}
	}
	return nil
}

// Prune says what to remove. At least one field must be set.
type Prune struct {
	// MaxBytes keeps the most recently used entries up to a size, nil any size.
	MaxBytes *int64
	// OlderThan removes what was not used for so long; 0 goes by no age.
	OlderThan time.Duration
	// Source limits it to one, by ID, name or identity; alone it removes all of
	// it.
	Source string
}

// ErrUnknownSource is in the chain of the error about a Source that has no
// entries.
var ErrUnknownSource = errors.New("response cache: no model")

// Pruned is what was removed and what is left, of the sources looked at.
type Pruned struct {
	RemovedEntries int64 `json:"removed_entries"`
	RemovedBytes   int64 `json:"removed_bytes"`
	Entries        int64 `json:"entries"`
	Bytes          int64 `json:"bytes"`
}

// Prune removes entries. Runs may go on meanwhile.
func (s *Store) Prune(ctx context.Context, p Prune) (Pruned, error) {
	var out Pruned
	sources, err := s.sources()
	if err != nil {
		return out, err
	}
	if p.Source != "" {
		sources = slices.DeleteFunc(sources, func(u Usage) bool { return !u.is(p.Source) })
		if len(sources) == 0 {
			return out, fmt.Errorf("%w %q in %s; see: olmo-eval cache stats", ErrUnknownSource, p.Source, s.dir)
		}
	}
	var files []file
	for i, u := range sources {
		err := s.walk(ctx, u.ID, func(f file) { f.dir = int32(i); files = append(files, f) }, s.sweep)
		if err != nil {
			return out, err
		}
	}
	slices.SortFunc(files, func(a, b file) int {
		return cmp.Or(cmp.Compare(b.used, a.used), slices.Compare(a.key[:], b.key[:]))
	})
	all := p.MaxBytes == nil && p.OlderThan == 0
	oldest := s.now().Add(-p.OlderThan).UnixNano()
	full := false // once something did not fit, all that is older goes too
	for _, f := range files {
		full = full || p.MaxBytes != nil && out.Bytes+f.size > *p.MaxBytes
		if !all && !full && (p.OlderThan == 0 || f.used >= oldest) {
			out.Entries++
			out.Bytes += f.size
			continue
		}
		if err := ctx.Err(); err != nil {
			return out, err
		}
		space := &Space{dir: filepath.Join(s.dir, sources[f.dir].ID)}
		if err := ignoreMissing(os.Remove(space.path(f.key))); err != nil {
			return out, err
		}
		out.RemovedEntries++
		out.RemovedBytes += f.size
	}
	for _, u := range sources {
		s.tidy(u.ID)
	}
	return out, nil
}

// is reports whether a text names the source.
func (u *Usage) is(text string) bool {
	return text == u.Name || text == u.Identity || len(text) >= 6 && strings.HasPrefix(u.ID, text)
}

// sweep removes what a writer left that died.
func (s *Store) sweep(path string, info fs.FileInfo) {
	if s.now().Sub(info.ModTime()) > time.Hour {
		_ = os.Remove(path)
	}
}

// tidy removes a source's directories that are empty; the others refuse.
func (s *Store) tidy(id string) {
	dir := filepath.Join(s.dir, id)
	empty := true
	for fan := range 256 {
		if err := os.Remove(filepath.Join(dir, fmt.Sprintf("%02x", fan))); ignoreMissing(err) != nil {
			empty = false
		}
	}
	note := filepath.Join(dir, about)
	whose, err := os.ReadFile(note)
	if !empty || err != nil {
		return
	}
	_ = os.Remove(note)
	if err := os.Remove(dir); ignoreMissing(err) != nil {
		_ = writeBeside(note, whose) // a run has just begun to fill it again
	}
}
