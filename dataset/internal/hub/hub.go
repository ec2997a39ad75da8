// Package hub reads data set repositories of the Hugging Face hub and keeps
// what it downloads in Hugging Face's own cache layout, so that other tools
// find it, and it what they downloaded. [Client.Snapshot] resolves a revision
// to a commit and its files, [Client.Select] says which of them make up a
// split, [Client.File] makes one of them be there.
package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"olmoeval/dataset/internal/cache"
	"olmoeval/dataset/internal/web"
)

// DefaultEndpoint is the public hub.
const DefaultEndpoint = "https://huggingface.co"

// Client reads repositories.
type Client struct {
	Web *web.Client
	// Endpoint is the hub, Token what it is asked with, "" for none.
	Endpoint, Token string
	// Dir is the hub cache.
	Dir string
	// Listings is a directory for the lists of files, for which the cache
	// layout has no place; "" keeps none.
	Listings string
	// Offline uses the cache only.
	Offline bool
	// Moved is the present name of a repository that is known to have moved,
	// else "".
	Moved func(id string) string
	Log   *slog.Logger
}

// Snapshot is one commit of a repository.
type Snapshot struct {
	// ID is the repository's present name, Commit the revision as resolved.
	ID     string   `json:"id"`
	Commit string   `json:"commit"`
	Files  []string `json:"files"`
	// Partial says that Files are those in the cache; there may be more.
	Partial bool `json:"-"`
}

// ErrNoRevision says that the repository has no such revision.
var ErrNoRevision = errors.New("no such revision")

var commitPattern = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Snapshot resolves a revision, "" for the main branch. A commit whose files
// are known is not asked for again. Where the hub cannot be reached, the
// commit that the cache last saw stands in.
func (c *Client) Snapshot(ctx context.Context, id, revision string) (*Snapshot, error) {
	if revision == "" {
		revision = "main"
	}
	if commitPattern.MatchString(revision) || c.Offline {
		if s := c.cached(id, revision); s != nil && (c.Offline || !s.Partial) {
			return s, nil
		}
	}
	if c.Offline {
		return nil, fmt.Errorf("not in the Hugging Face cache %s, and HF_HUB_OFFLINE is set", c.Dir)
	}
	var info struct {
		ID       string `json:"id"`
		SHA      string `json:"sha"`
		Siblings []struct {
			Name string `json:"rfilename"`
		} `json:"siblings"`
	}
	address := c.address("/api/datasets/" + id + "/revision/" + url.PathEscape(revision))
	_, err := c.Web.JSON(ctx, web.Request{Method: http.MethodGet, URL: address, Token: c.Token}, &info)
	if err != nil {
		if s := c.cached(id, revision); s != nil && web.Unreachable(err) && ctx.Err() == nil {
			c.Log.Warn("hub not reachable, using the cached revision", "data", id, "commit", s.Commit, "error", err)
			return s, nil
		}
		return nil, c.explain(id, revision, "", err)
	}
	if !commitPattern.MatchString(info.SHA) {
		return nil, fmt.Errorf("the hub's answer has no commit (%s)", address)
	}
	s := &Snapshot{ID: info.ID, Commit: info.SHA}
	if s.ID == "" {
		s.ID = id
	}
	for _, f := range info.Siblings {
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) {
			return nil, fmt.Errorf("the hub lists a file outside the repository: %q", f.Name)
		}
		s.Files = append(s.Files, f.Name)
	}
	sort.Strings(s.Files)
	return s, c.remember(id, revision, s)
}

func (c *Client) address(path string) string {
	base := c.Endpoint
	if base == "" {
		base = DefaultEndpoint
	}
	return strings.TrimRight(base, "/") + path
}

// folder is the cache directory of a repository.
func (c *Client) folder(id string) string {
	return filepath.Join(c.Dir, "datasets--"+strings.ReplaceAll(id, "/", "--"))
}

func (c *Client) listing(id, commit string) string {
	return filepath.Join(c.Listings, "datasets--"+strings.ReplaceAll(id, "/", "--"), commit+".json")
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
	return cache.WriteFile(path, data)
}

// cached is what the cache knows of a revision, nil if nothing.
func (c *Client) cached(id, revision string) *Snapshot {
	names := []string{id}
	if moved := c.Moved(id); moved != "" {
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

// explain says what to do about a refusal.
func (c *Client) explain(id, revision, file string, err error) error {
	var se *web.StatusError
	if !errors.As(err, &se) {
		return err
	}
	page := c.address("/datasets/" + id)
	refused := se.Code == http.StatusUnauthorized || se.Code == http.StatusForbidden
	switch kind := se.Header.Get("X-Error-Code"); {
	case kind == "RevisionNotFound":
		return fmt.Errorf("%w %q of %s", ErrNoRevision, revision, page)
	case kind == "EntryNotFound":
		return fmt.Errorf("no file %s in revision %s of %s", file, revision, page)
	case kind == "RepoNotFound" && c.Token == "":
		return fmt.Errorf("no such data set, or it is private: check the name at %s, and set HF_TOKEN if it is private", page)
	case kind == "RepoNotFound":
		return fmt.Errorf("no such data set, or the token of HF_TOKEN may not see it: %s", page)
	case refused && c.Token == "":
		return fmt.Errorf("access refused (%d): ask for access at %s, then set HF_TOKEN to a token of that account", se.Code, page)
	case refused:
		return fmt.Errorf("access refused to the token of HF_TOKEN (%d): ask for access at %s with the token's account", se.Code, page)
	case se.Code == http.StatusNotFound:
		return fmt.Errorf("no such data set or revision (%q): %s", revision, page)
	}
	return err
}
