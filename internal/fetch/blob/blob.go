// Package blob reads objects behind https://, gs:// and s3:// addresses. Make a
// [Bucket] ([NewS3], [GCS], [HTTPS]), find objects with Stat or List, read them
// with Get; keeping what is read is the caller's business.
package blob

import (
	"context"
	"errors"
	"io"
	"path"
)

// Object is one file behind an address.
type Object struct {
	// URL is its full address, Name what it is called in messages and how its
	// suffixes say its format.
	URL  string `json:"url"`
	Name string `json:"name"`
	// Version changes with the content (an ETag); "" if the server has none.
	Version string `json:"version"`
	// Size is -1 if unknown.
	Size int64 `json:"size"`
	// Sum is the content's digest as in [fetch.File], "" if unknown.
	Sum string `json:"sum,omitempty"`
	// ID is what the caller keeps it under.
	ID string `json:"id"`
}

// Bucket is a place that holds objects by key.
type Bucket interface {
	// Stat finds one object; ErrNotFound if there is none.
	Stat(ctx context.Context, key string) (Object, error)
	// List lists the objects whose key begins with prefix.
	List(ctx context.Context, prefix string) (map[string]Object, error)
	// Get opens an object's content from an offset, or earlier; begin says
	// where it begins.
	Get(ctx context.Context, o Object, offset int64) (body io.ReadCloser, begin int64, err error)
}

// ErrNotFound says that there is no object of that name.
var ErrNotFound = errors.New("no such object")

// Base is the file name of an object.
func (o Object) Base() string { return path.Base(o.Name) }
