package hub

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"olmoeval/internal/fetch"
)

func (c *Client) prefix() string { return string(c.Kind) + "--" }

// folder is the cache directory of a repository.
func (c *Client) folder(id string) string {
	return filepath.Join(c.Dir, c.prefix()+strings.ReplaceAll(id, "/", "--"))
}

func (c *Client) listing(id, commit string) string {
	return filepath.Join(c.Listings, c.prefix()+strings.ReplaceAll(id, "/", "--"), commit+".json")
}

// remember notes what a revision was resolved to, under the repository's name
// and, if that is another, the name it was asked by.
func (c *Client) remember(id, revision string, s *Snapshot) error {
	names := []string{s.ID}
	if id != s.ID {
		names = append(names, id)
	}
	for _, name := range names {
		if !commitPattern.MatchString(revision) {
			ref := filepath.Join(c.folder(name), "refs", filepath.FromSlash(revision))
			if err := write(ref, []byte(s.Commit)); err != nil {
				return err
			}
		}
		if c.Listings == "" {
			continue
		}
		raw, err := json.Marshal(s)
		if err != nil {
			return err
		}
		if err := write(c.listing(name, s.Commit), raw); err != nil {
			return err
		}
	}
	return nil
}

func write(path string, data []byte) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == string(data) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return fetch.WriteFile(path, data)
}

// Cached is what the cache knows of a revision, nil if nothing.
func (c *Client) Cached(id, revision string) *Snapshot {
	names := []string{id}
	if moved := c.moved(id); moved != "" {
		names = append(names, moved)
	}
	for _, name := range names {
		commit := revision
		if !commitPattern.MatchString(commit) {
			if !filepath.IsLocal(filepath.FromSlash(revision)) {
				return nil
			}
			raw, err := os.ReadFile(filepath.Join(c.folder(name), "refs", filepath.FromSlash(revision)))
			if err != nil {
				continue
			}
			commit = strings.TrimSpace(string(raw))
		}
		if !commitPattern.MatchString(commit) {
			continue
		}
		if raw, err := os.ReadFile(c.listing(name, commit)); c.Listings != "" && err == nil {
			s := &Snapshot{}
			if json.Unmarshal(raw, s) == nil && s.Commit == commit && s.ID != "" {
				return s
			}
		}
		if s := c.walk(name, commit); s != nil {
			return s
		}
	}
	return nil
}

// walk lists the files of a snapshot that are in the cache.
func (c *Client) walk(id, commit string) *Snapshot {
	root := filepath.Join(c.folder(id), "snapshots", commit)
	s := &Snapshot{ID: id, Commit: commit, Partial: true}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, relErr := filepath.Rel(root, p)
			s.Files = append(s.Files, filepath.ToSlash(rel))
			return relErr
		}
		return err
	})
	if err != nil || len(s.Files) == 0 {
		return nil
	}
	sort.Strings(s.Files)
	return s
}
