// Package hub reads repositories of the Hugging Face hub and keeps what it
// downloads in Hugging Face's own cache layout, so that other tools find it, and
// it what they downloaded. [Client.Snapshot] resolves a revision to a commit and
// its files, [Client.File] makes one of them be there.
package hub

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"olmoeval/internal/fetch/web"
)

// DefaultEndpoint is the public hub.
const DefaultEndpoint = "https://huggingface.co"

// Kind is what a repository holds, in the hub's word.
type Kind string

// Kinds of repository.
const (
	Datasets Kind = "datasets"
	Models   Kind = "models"
)

// noun is the kind in messages.
func (k Kind) noun() string {
	if k == Models {
		return "model"
	}
	return "data set"
}

// Client reads repositories of one kind.
type Client struct {
	Web  *web.Client
	Kind Kind
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
	// else ""; nil knows none.
	Moved func(id string) string
	// Progress is told how much of a file is there, by many goroutines; may be
	// nil.
	Progress func(file string, have int64)
	Log      *slog.Logger
}

// Snapshot is one commit of a repository.
type Snapshot struct {
	// ID is the repository's present name, Commit the revision as resolved.
	ID     string   `json:"id"`
	Commit string   `json:"commit"`
	Files  []string `json:"files"`
	// Details are what the hub says of the files of a model; nil if nothing.
	Details map[string]Detail `json:"details,omitempty"`
	// Partial says that Files are those in the cache; there may be more.
	Partial bool `json:"-"`
}

// Detail is the size of a file, and its digest as in [fetch.File].
type Detail struct {
	Size int64  `json:"size"`
	Sum  string `json:"sum,omitempty"`
}

var commitPattern = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Snapshot resolves a revision, "" for the main branch. A commit whose files
// are known is not asked for again. Where the hub cannot be reached, the
// commit that the cache last saw stands in.
func (c *Client) Snapshot(ctx context.Context, id, revision string) (*Snapshot, error) {
	if revision == "" {
		revision = "main"
	}
	if commitPattern.MatchString(revision) || c.Offline {
		if s := c.Cached(id, revision); s != nil && (c.Offline || !s.Partial) {
			return s, nil
		}
	}
	if c.Offline {
		return nil, fmt.Errorf("not in the Hugging Face cache %s, and HF_HUB_OFFLINE is set", c.Dir)
	}
	s, err := c.ask(ctx, id, revision)
	if err == nil {
		return s, c.remember(id, revision, s)
	}
	if s := c.Cached(id, revision); s != nil && web.Unreachable(err) && ctx.Err() == nil {
		c.Log.Warn("hub not reachable, using the cached revision", c.Kind.noun(), id, "commit", s.Commit, "error", err)
		return s, nil
	}
	return nil, c.explain(ctx, id, revision, "", err)
}

// sibling is a file in the hub's list.
type sibling struct {
	Name string `json:"rfilename"`
	Size *int64 `json:"size"`
	Blob string `json:"blobId"`
	LFS  *struct {
		SHA256 string `json:"sha256"`
		Size   int64  `json:"size"`
	} `json:"lfs"`
}

func (f sibling) detail() (Detail, bool) {
	switch {
	case f.LFS != nil && sha256Pattern.MatchString(f.LFS.SHA256):
		return Detail{Size: f.LFS.Size, Sum: "sha256:" + f.LFS.SHA256}, true
	case f.Size != nil && commitPattern.MatchString(f.Blob):
		return Detail{Size: *f.Size, Sum: "git:" + f.Blob}, true
	case f.Size != nil:
		return Detail{Size: *f.Size}, true
	}
	return Detail{}, false
}

// ask gets the commit and the files of a revision from the hub. Of models it
// asks for sizes and digests too; data sets may have too many files for that.
func (c *Client) ask(ctx context.Context, id, revision string) (*Snapshot, error) {
	address := c.api(id) + "/revision/" + url.PathEscape(revision)
	if c.Kind == Models {
		address += "?blobs=true"
	}
	var info struct {
		ID       string    `json:"id"`
		SHA      string    `json:"sha"`
		Siblings []sibling `json:"siblings"`
	}
	if _, err := c.Web.JSON(ctx, web.Request{Method: http.MethodGet, URL: address, Token: c.Token}, &info); err != nil {
		return nil, err
	}
	if !commitPattern.MatchString(info.SHA) {
		return nil, fmt.Errorf("the hub's answer has no commit (%s)", web.Bare(address))
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
		if d, ok := f.detail(); ok && c.Kind == Models {
			if s.Details == nil {
				s.Details = map[string]Detail{}
			}
			s.Details[f.Name] = d
		}
	}
	sort.Strings(s.Files)
	return s, nil
}

// moved is the present name of a repository, "" if that is not known.
func (c *Client) moved(id string) string {
	if c.Moved == nil {
		return ""
	}
	return c.Moved(id)
}

// api is the address of what the hub says of a repository, page that of its
// page for people.
func (c *Client) api(id string) string { return c.address("/api/" + string(c.Kind) + "/" + id) }

func (c *Client) page(id string) string {
	if c.Kind == Models {
		return c.address("/" + id)
	}
	return c.address("/" + string(c.Kind) + "/" + id)
}

func (c *Client) address(path string) string {
	base := c.Endpoint
	if base == "" {
		base = DefaultEndpoint
	}
	return strings.TrimRight(base, "/") + path
}
