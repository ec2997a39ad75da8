// Package remote finds and reads objects behind https://, gs:// and s3://
// addresses. Call [Find] with the [Bucket] for an address to learn which
// objects make up a split, then Bucket.Get for their content; keeping it is
// the caller's business.
package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"olmoeval/dataset/internal/pick"
	"olmoeval/dataset/internal/rowio"
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
	// Sum is the content's digest as in [cache.Fetch], "" if unknown.
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

// Find resolves a key: one object, the objects a pattern names, or those of a
// folder that are of the split.
func Find(ctx context.Context, b Bucket, key, split string) ([]Object, error) {
	if pick.IsGlob(key) {
		all, err := b.List(ctx, pick.Root(key))
		if err != nil {
			return nil, err
		}
		return choose(all, func(names []string) ([]string, error) { return pick.Matching(names, key, split) })
	}
	if rowio.Supported(key) {
		o, err := b.Stat(ctx, key)
		if errors.Is(err, ErrNotFound) {
			return nil, fmt.Errorf("%w; a folder ends in /", err)
		}
		return []Object{o}, err
	}
	folder := strings.TrimSuffix(key, "/") + "/"
	if folder == "/" {
		folder = ""
	}
	all, err := b.List(ctx, folder)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w, and no folder; known files: %s", ErrNotFound, rowio.Formats)
	}
	return choose(all, func(names []string) ([]string, error) {
		for i := range names {
			names[i] = strings.TrimPrefix(names[i], folder)
		}
		names, err := pick.Split(names, split, pick.OneFormat)
		for i := range names {
			names[i] = folder + names[i]
		}
		return names, err
	})
}

func choose(all map[string]Object, which func([]string) ([]string, error)) ([]Object, error) {
	var names []string
	for key := range all {
		names = append(names, key)
	}
	names, err := which(names)
	if err != nil {
		return nil, err
	}
	var out []Object
	for _, key := range names {
		out = append(out, all[key])
	}
	return out, nil
}

// Base is the file name of an object.
func (o Object) Base() string { return path.Base(o.Name) }
