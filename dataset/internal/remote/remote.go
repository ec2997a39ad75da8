// Package remote says which objects behind an https://, gs:// or s3:// address
// make up a split. Call [Find] with the bucket of the address, or [FindHTTPS];
// then the bucket's Get for their content.
package remote

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"olmoeval/dataset/internal/pick"
	"olmoeval/dataset/internal/rowio"
	"olmoeval/internal/fetch/blob"
)

// Find resolves a key: one object, the objects a pattern names, or those of a
// folder that are of the split.
func Find(ctx context.Context, b blob.Bucket, key, split string) ([]blob.Object, error) {
	if pick.IsGlob(key) {
		all, err := b.List(ctx, pick.Root(key))
		if err != nil {
			return nil, err
		}
		return choose(all, func(names []string) ([]string, error) { return pick.Matching(names, key, split) })
	}
	if rowio.Supported(key) {
		o, err := b.Stat(ctx, key)
		if errors.Is(err, blob.ErrNotFound) {
			return nil, fmt.Errorf("%w; a folder ends in /", err)
		}
		return []blob.Object{o}, err
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
		return nil, fmt.Errorf("%w, and no folder; known files: %s", blob.ErrNotFound, rowio.Formats)
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

func choose(all map[string]blob.Object, which func([]string) ([]string, error)) ([]blob.Object, error) {
	var names []string
	for key := range all {
		names = append(names, key)
	}
	names, err := which(names)
	if err != nil {
		return nil, err
	}
	var out []blob.Object
	for _, key := range names {
		out = append(out, all[key])
	}
	return out, nil
}

// FindHTTPS resolves an address, whose path must end in the name of a file of
// rows.
func FindHTTPS(ctx context.Context, h blob.HTTPS, address string) ([]blob.Object, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("malformed address")
	}
	if !rowio.Supported(path.Base(u.Path)) {
		return nil, fmt.Errorf("the address does not end in the name of a file of rows; known: %s", rowio.Formats)
	}
	o, err := h.Stat(ctx, address)
	return []blob.Object{o}, err
}
