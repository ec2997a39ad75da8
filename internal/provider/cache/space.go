package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Store is a directory of answers. Nothing is created before the first is kept.
type Store struct {
	dir string
	now func() time.Time
}

// Open is the store in a directory, usually cache/responses of the home. now is
// the clock by which entries count as used.
func Open(dir string, now func() time.Time) *Store { return &Store{dir: dir, now: now} }

// Dir is where it lies.
func (s *Store) Dir() string { return s.dir }

// Key finds an entry within a space.
type Key [sha256.Size]byte

// Space is the part of a store that belongs to one source of answers. Entries of
// two spaces never meet.
type Space struct {
	store    *Store
	identity string
	name     string
	dir      string
}

// Space is the part of a source with the identity, which must say all that may
// change its answers; an empty one is an error. name is for people.
func (s *Store) Space(identity, name string) (*Space, error) {
	if identity == "" {
		return nil, errors.New("response cache: the source has no identity")
	}
	return &Space{store: s, identity: identity, name: name, dir: filepath.Join(s.dir, spaceID(identity))}, nil
}

// spaceID is the name of a space's directory.
func spaceID(identity string) string {
	sum := sha256.Sum256([]byte(identity))
	return hex.EncodeToString(sum[:8])
}

const about = "model.json" // beside the entries: whose they are

type aboutFile struct {
	Identity string `json:"identity"`
	Name     string `json:"name"`
}

const tempPrefix = ".tmp-"

// touchAfter is how exactly it is known when an entry was used last.
const touchAfter = time.Hour

// maxEntry bounds an entry's file, in bytes.
const maxEntry = 256 << 20

func (p *Space) path(k Key) string {
	text := hex.EncodeToString(k[:])
	return filepath.Join(p.dir, text[:2], text[2:])
}

// Get is the content kept under a key, nil if there is none. A damaged entry is
// removed. An error is the file system's: the caller may go on without.
func (p *Space) Get(k Key) ([]byte, error) {
	path := p.path(k)
	f, err := os.Open(path)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var raw []byte
	if info.Size() <= maxEntry {
		raw = make([]byte, info.Size())
		if _, err = io.ReadFull(f, raw); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			return nil, err
		}
	}
	content, err := unpack(k, raw)
	if err != nil {
		// If another has just replaced it by a good one, that is lost; no harm.
		return nil, ignoreMissing(os.Remove(path))
	}
	if now := p.store.now(); now.Sub(info.ModTime()) > touchAfter {
		_ = os.Chtimes(path, now, now) // a missed use makes it look older than it is
	}
	return content, nil
}

// Put keeps content under a key, in place of what was there.
func (p *Space) Put(k Key, content []byte) error {
	packed, err := pack(k, content)
	if err != nil {
		return err
	}
	path := p.path(k)
	err = writeBeside(path, packed)
	if errors.Is(err, fs.ErrNotExist) {
		// The first entry of its kind, or the directory was pruned away just now.
		if err = p.prepare(filepath.Dir(path)); err == nil {
			err = writeBeside(path, packed)
		}
	}
	return err
}

// prepare makes an entry's directory and the note whose it is.
func (p *Space) prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	note := filepath.Join(p.dir, about)
	if _, err := os.Stat(note); err == nil {
		return nil
	}
	b, err := json.Marshal(aboutFile{p.identity, p.name})
	if err != nil {
		return err
	}
	return writeBeside(note, append(b, '\n'))
}

// writeBeside writes a file under another name and renames it, so that nobody
// sees half of it. It is not synced: what a crash of the machine damages, the
// checksum finds.
func writeBeside(path string, content []byte) error {
	temp := filepath.Join(filepath.Dir(path), fmt.Sprintf("%s%d-%016x", tempPrefix, os.Getpid(), rand.Uint64()))
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		_ = os.Remove(temp)
	}
	return err
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func isTemp(name string) bool { return strings.HasPrefix(name, tempPrefix) }
