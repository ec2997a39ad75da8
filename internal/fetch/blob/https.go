package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"olmoeval/internal/fetch/web"
)

// HTTPS reads single files by their address, which is the key.
type HTTPS struct{ Web *web.Client }

var _ Bucket = HTTPS{}

// Stat asks for the file's headers.
func (h HTTPS) Stat(ctx context.Context, address string) (Object, error) {
	name := web.Bare(address)
	resp, err := h.Web.Send(ctx, web.Request{Method: http.MethodHead, URL: address})
	switch web.Code(err) {
	case http.StatusMethodNotAllowed, http.StatusNotImplemented, http.StatusForbidden, http.StatusBadRequest:
		// Some servers, and all signed addresses, answer GET alone.
		resp, err = h.Web.Send(ctx, web.Request{Method: http.MethodGet, URL: address})
	}
	if web.Code(err) == http.StatusNotFound {
		return Object{}, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	if err != nil {
		return Object{}, err
	}
	resp.Body.Close()
	o := Object{URL: address, Name: name, Size: resp.ContentLength, Version: resp.Header.Get("ETag")}
	if modified := resp.Header.Get("Last-Modified"); o.Version == "" && modified != "" {
		o.Version = modified + " " + strconv.FormatInt(o.Size, 10)
	}
	if resp.Header.Get("Content-Encoding") != "" {
		o.Size = -1
	}
	return o, nil
}

// List fails: the web has no folders.
func (h HTTPS) List(context.Context, string) (map[string]Object, error) {
	return nil, errors.New("an https address names one file; it has neither folders nor patterns")
}

// Get asks for a range, on condition that the file is still the same.
func (h HTTPS) Get(ctx context.Context, o Object, offset int64) (io.ReadCloser, int64, error) {
	return getRange(ctx, h.Web, web.Request{Method: http.MethodGet, URL: o.URL}, o.Version, offset)
}

// getRange opens the content of an address from an offset on. Without a
// version that a server can compare it begins at 0.
func getRange(ctx context.Context, c *web.Client, r web.Request, version string, offset int64) (io.ReadCloser, int64, error) {
	strong := strings.HasPrefix(version, `"`)
	if offset > 0 && strong {
		r.Header = http.Header{"Range": {fmt.Sprintf("bytes=%d-", offset)}, "If-Range": {version}}
	}
	resp, err := c.Once(ctx, r)
	if err != nil {
		return nil, 0, err
	}
	if resp.StatusCode == http.StatusPartialContent && strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", offset)) {
		return resp.Body, offset, nil
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, 0, fmt.Errorf("%s: unexpected answer %s", web.Bare(r.URL), resp.Status)
	}
	if got := resp.Header.Get("ETag"); strong && got != "" && got != version {
		resp.Body.Close()
		return nil, 0, web.Final(fmt.Errorf("%s: the file changed while it was read; try again", web.Bare(r.URL)))
	}
	return resp.Body, 0, nil
}
