package checkpoint

import (
	"context"
	"fmt"
	"path"
	"slices"
	"sort"

	"olmoeval/internal/nearest"
	"olmoeval/internal/weights"
)

// source is one state of a checkpoint that is elsewhere. Its methods may be
// called by many goroutines, but for open and finish.
type source interface {
	// files are those there are, relative to what was asked for; a size of -1
	// is unknown.
	files() []weights.File
	// one is the .gguf file that was asked for, "" for the whole.
	one() string
	// settle says which files make up the checkpoint, and which of all will be
	// got. It is called once, before the methods that follow.
	settle(whole, names []string)
	// partial says that files are those in a cache; there may be more.
	partial() bool
	source() string
	revision() string
	// dir is where the files will be, space a directory on the disk they go to.
	dir() string
	space() string
	// here is how many bytes of a file are on this machine already.
	here(f weights.File) int64
	// open begins a download; ready says that everything is there. The caller
	// calls release in any case where there is no error.
	open(ctx context.Context) (ready bool, release func(), err error)
	// get makes one file be there, and tells how much of it is.
	get(ctx context.Context, name string, have func(int64)) error
	// finish is called when all files are there.
	finish() error
}

// selection are the files of a source that make up the checkpoint.
type selection struct {
	kind  weights.Kind
	names []string // sorted
	sizes map[string]int64
	// file is the .gguf file that was asked for, or "".
	file string
}

// choose picks the files, and refuses formats that will not do.
func choose(s source, o Options) (*selection, error) {
	var names []string
	p := &selection{sizes: map[string]int64{}, file: s.one()}
	for _, f := range s.files() {
		names = append(names, f.Name)
		p.sizes[f.Name] = f.Size
	}
	sort.Strings(names)
	parts := weights.Sort(names)
	p.kind = parts.Kind
	switch {
	case p.file != "" && !slices.Contains(names, p.file):
		return nil, fmt.Errorf("no file %s%s", p.file, nearest.Hint(p.file, ggufs(names)))
	case p.file != "":
		p.kind = weights.GGUF
		parts = weights.Parts{Kind: weights.GGUF, Weights: weights.GGUFSet(names, p.file)}
		p.names = parts.Weights
	default:
		p.names = parts.Files()
	}
	if o.TokenizerOnly {
		small := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !weights.IsSmall(n) })
		s.settle(p.names, small)
		if p.names = small; len(small) == 0 {
			return nil, errNoTokenizer
		}
		return p, nil
	}
	s.settle(p.names, p.names)
	info := parts.Info(s.source())
	if s.partial() {
		info.Missing = nil // told when the files are read
	}
	return p, accept(info, o.Accept)
}

func ggufs(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return path.Ext(n) != ".gguf" })
}
