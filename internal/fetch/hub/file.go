package hub

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"olmoeval/internal/fetch"
	"olmoeval/internal/fetch/web"
)

// File makes one file of a snapshot be in the cache and returns its path, a
// link named as in the repository to a blob named by its digest.
func (c *Client) File(ctx context.Context, s *Snapshot, name string) (string, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", fmt.Errorf("file name %q", name)
	}
	if link := c.Here(s, name); link != "" {
		return link, nil
	}
	if c.Offline {
		return "", fmt.Errorf("%s is not in the Hugging Face cache %s, and HF_HUB_OFFLINE is set", name, c.folder(s.ID))
	}
	address := c.fileAddress(s, name)
	blob, err := c.blob(ctx, s, name)
	if err != nil {
		return "", c.explain(ctx, s.ID, s.Commit, name, err)
	}
	path := c.blobPath(s.ID, blob.etag)
	f := fetch.File{
		Path: path, Size: blob.size, Sum: blob.sum, Retry: c.Web.Retry,
		Lock: filepath.Join(c.Dir, ".locks", filepath.Base(c.folder(s.ID)), blob.etag+".lock"),
		Get: func(ctx context.Context, offset int64) (io.ReadCloser, int64, error) {
			return c.get(ctx, address, offset)
		},
	}
	if c.Progress != nil {
		f.Progress = func(have int64) { c.Progress(name, have) }
	}
	if there, _ := fetch.Exists(path); !there {
		c.Log.Info("downloading", c.Kind.noun(), s.ID, "file", name, "bytes", blob.size)
	}
	if _, err := f.Do(ctx); err != nil {
		return "", fmt.Errorf("%s: %w", name, c.explain(ctx, s.ID, s.Commit, name, err))
	}
	link := filepath.Join(c.Root(s), filepath.FromSlash(name))
	return link, linkTo(path, link)
}

// Here is the path of a file of a snapshot that is in the cache, "" if it is
// not, or not as long as the hub says.
func (c *Client) Here(s *Snapshot, name string) string {
	for _, id := range []string{s.ID, c.moved(s.ID)} {
		if id == "" {
			continue
		}
		link := filepath.Join(c.folder(id), "snapshots", s.Commit, filepath.FromSlash(name))
		st, err := os.Stat(link)
		if d, ok := s.Details[name]; err == nil && (!ok || d.Size == st.Size()) {
			return link
		}
	}
	return ""
}

// Root is the directory of a snapshot: its files are links there.
func (c *Client) Root(s *Snapshot) string {
	return filepath.Join(c.folder(s.ID), "snapshots", s.Commit)
}

// Begun is how many bytes of a file that is not Here are in the cache.
func (c *Client) Begun(s *Snapshot, name string) int64 {
	d := s.Details[name]
	if d.Sum == "" {
		return 0
	}
	return fetch.Begun(c.blobPath(s.ID, etagOf(d)))
}

func (c *Client) blobPath(id, etag string) string {
	return filepath.Join(c.folder(id), "blobs", etag)
}

// etagOf is what the hub calls a content: its digest.
func etagOf(d Detail) string {
	_, hex, _ := strings.Cut(d.Sum, ":")
	return hex
}

func (c *Client) fileAddress(s *Snapshot, name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return c.page(s.ID) + "/resolve/" + s.Commit + "/" + strings.Join(parts, "/")
}

// blobInfo is what the hub says of a file's content.
type blobInfo struct {
	etag string
	size int64
	sum  string
}

var (
	sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
	etagPattern   = regexp.MustCompile(`^[0-9A-Za-z._-]+$`)
)

// blob is what the list says of a file, or else the hub when asked for it.
func (c *Client) blob(ctx context.Context, s *Snapshot, name string) (blobInfo, error) {
	if d := s.Details[name]; d.Sum != "" {
		return blobInfo{etag: etagOf(d), size: d.Size, sum: d.Sum}, nil
	}
	return c.head(ctx, c.fileAddress(s, name))
}

// head asks the hub itself for the file's digest: large files are elsewhere,
// behind a redirect whose answer says what they are.
func (c *Client) head(ctx context.Context, address string) (blobInfo, error) {
	own, err := url.Parse(address)
	if err != nil {
		return blobInfo{}, err
	}
	resp, err := c.Web.Send(ctx, web.Request{
		Method: http.MethodHead, URL: address, Token: c.Token,
		Follow: func(r *http.Request) bool { return r.URL.Host == own.Host },
	})
	if err != nil {
		return blobInfo{}, err
	}
	resp.Body.Close()
	first := func(a, b string) string {
		if v := resp.Header.Get(a); v != "" {
			return v
		}
		return resp.Header.Get(b)
	}
	info := blobInfo{etag: strings.Trim(strings.TrimPrefix(first("X-Linked-Etag", "ETag"), "W/"), `"`), size: -1}
	if !etagPattern.MatchString(info.etag) {
		return blobInfo{}, fmt.Errorf("%s: the hub's answer has no digest", address)
	}
	size := resp.Header.Get("X-Linked-Size")
	if size == "" && resp.StatusCode == http.StatusOK {
		size = resp.Header.Get("Content-Length")
	}
	if n, err := strconv.ParseInt(size, 10, 64); err == nil {
		info.size = n
	}
	switch {
	case sha256Pattern.MatchString(info.etag):
		info.sum = "sha256:" + info.etag
	case commitPattern.MatchString(info.etag) && info.size >= 0:
		info.sum = "git:" + info.etag
	}
	return info, nil
}

func (c *Client) get(ctx context.Context, address string, offset int64) (io.ReadCloser, int64, error) {
	r := web.Request{Method: http.MethodGet, URL: address, Token: c.Token}
	if offset > 0 {
		r.Header = http.Header{"Range": {fmt.Sprintf("bytes=%d-", offset)}}
	}
	resp, err := c.Web.Once(ctx, r)
	if web.Code(err) == http.StatusRequestedRangeNotSatisfiable && offset > 0 {
		return c.get(ctx, address, 0)
	}
	if err != nil {
		return nil, 0, err
	}
	if resp.StatusCode == http.StatusPartialContent &&
		strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", offset)) {
		return resp.Body, offset, nil
	}
	return resp.Body, 0, nil
}

// linkTo makes link point at a blob of the same repository, as Hugging Face's
// tools do; where there are no symbolic links, a hard link serves.
func linkTo(blob, link string) error {
	if err := os.MkdirAll(filepath.Dir(link), 0o777); err != nil {
		return err
	}
	rel, err := filepath.Rel(filepath.Dir(link), blob)
	if err != nil {
		return err
	}
	tmp := fmt.Sprintf("%s.%x.tmp", link, rand.Uint64())
	if err := os.Symlink(rel, tmp); err != nil {
		if err := os.Link(blob, tmp); err != nil {
			return err
		}
	}
	if err := os.Rename(tmp, link); err != nil {
		os.Remove(tmp)
		return err
	}
	return nil
}
