package blob

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"olmoeval/internal/fetch/web"
)

// GCS is a bucket of Google Cloud Storage, read through its JSON interface
// without a library: public objects, or those that a bearer token opens.
type GCS struct {
	Web      *web.Client
	Endpoint string // "" is Google's
	Token    string
	Bucket   string
}

var _ Bucket = GCS{}

type gcsObject struct {
	Name       string `json:"name"`
	Size       string `json:"size"`
	Generation string `json:"generation"`
	MD5        string `json:"md5Hash"` // none of objects composed of others
	CRC32C     string `json:"crc32c"`
}

func (g GCS) address(format string, args ...any) string {
	base := g.Endpoint
	if base == "" {
		base = "https://storage.googleapis.com"
	}
	if !strings.Contains(base, "://") {
		base = "http://" + base // what STORAGE_EMULATOR_HOST leaves out
	}
	return strings.TrimRight(base, "/") + "/storage/v1/b/" + url.PathEscape(g.Bucket) + fmt.Sprintf(format, args...)
}

func (g GCS) object(m gcsObject) Object {
	o := Object{
		URL:  g.address("/o/%s?alt=media&generation=%s", url.PathEscape(m.Name), url.QueryEscape(m.Generation)),
		Name: "gs://" + g.Bucket + "/" + m.Name, Version: m.Generation, Size: -1,
	}
	if n, err := strconv.ParseInt(m.Size, 10, 64); err == nil {
		o.Size = n
	}
	if sum, err := base64.StdEncoding.DecodeString(m.MD5); err == nil && len(sum) == 16 {
		o.Sum = "md5:" + hex.EncodeToString(sum)
	} else if sum, err := base64.StdEncoding.DecodeString(m.CRC32C); err == nil && len(sum) == 4 {
		o.Sum = "crc32c:" + hex.EncodeToString(sum)
	}
	return o
}

// Stat asks for an object's metadata.
func (g GCS) Stat(ctx context.Context, key string) (Object, error) {
	var m gcsObject
	if err := g.get(ctx, g.address("/o/%s", url.PathEscape(key)), &m); err != nil {
		return Object{}, err
	}
	return g.object(m), nil
}

// List lists objects by prefix.
func (g GCS) List(ctx context.Context, prefix string) (map[string]Object, error) {
	out := map[string]Object{}
	for page := ""; ; {
		var list struct {
			Items []gcsObject `json:"items"`
			Next  string      `json:"nextPageToken"`
		}
		q := url.Values{"prefix": {prefix}}
		if page != "" {
			q.Set("pageToken", page)
		}
		if err := g.get(ctx, g.address("/o?%s", q.Encode()), &list); err != nil {
			return nil, err
		}
		for _, m := range list.Items {
			out[m.Name] = g.object(m)
		}
		if page = list.Next; page == "" {
			return out, nil
		}
	}
}

func (g GCS) get(ctx context.Context, address string, into any) error {
	_, err := g.Web.JSON(ctx, web.Request{Method: http.MethodGet, URL: address, Token: g.Token}, into)
	return g.explain(err)
}

// Get asks for a range of the object's generation, which never changes.
func (g GCS) Get(ctx context.Context, o Object, offset int64) (io.ReadCloser, int64, error) {
	r := web.Request{Method: http.MethodGet, URL: o.URL, Token: g.Token}
	if offset > 0 {
		r.Header = http.Header{"Range": {fmt.Sprintf("bytes=%d-", offset)}}
	}
	resp, err := g.Web.Once(ctx, r)
	if web.Code(err) == http.StatusNotFound {
		return nil, 0, web.Final(fmt.Errorf("the object changed or was removed while it was read; try again: %w", err))
	}
	if err != nil {
		return nil, 0, g.explain(err)
	}
	if resp.StatusCode == http.StatusPartialContent && offset > 0 {
		return resp.Body, offset, nil
	}
	return resp.Body, 0, nil
}

func (g GCS) explain(err error) error {
	switch web.Code(err) {
	case http.StatusNotFound:
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case http.StatusUnauthorized, http.StatusForbidden:
		if g.Token != "" {
			return fmt.Errorf("access refused to the token of GOOGLE_OAUTH_ACCESS_TOKEN: %w", err)
		}
		return fmt.Errorf("access refused; set GOOGLE_OAUTH_ACCESS_TOKEN to what `gcloud auth print-access-token` prints (other Google credentials are not read): %w", err)
	}
	return err
}
