package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"
	"sort"
	"sync"

	"olmoeval/internal/gguf"
)

// Samples of a checkpoint's content, so that a digest takes milliseconds
// whatever its size: budgets are for all files together.
const (
	wholeFile     = 1 << 20   // files up to this are read whole
	block         = 512       // bytes of a sample
	tensorSamples = 16 << 10  // of safetensors: one in the middle of each tensor
	spreadSamples = 8 << 10   // of other formats: evenly spread
	tailBytes     = 16 << 20  // of other formats: PyTorch's files end in checksums
	maxTail       = 128 << 10 // of one file
	readers       = 8         // files read at the same time
)

// Digest identifies the weights of a checkpoint, a directory or a GGUF file, by
// 32 hex digits: its configuration, tokenizer and code by content, its weights
// by name, size and samples. It is the same wherever the checkpoint lies, and
// whichever files of no use to it lie beside. It is "" where there are no
// weights, or several models to choose from.
//
// Of safetensors files the header and a part of every tensor are read, of GGUF
// files what [gguf.Digest] says, of other formats the ends and evenly spread
// parts. A change that touches none of them goes unnoticed.
func Digest(at string) (string, error) {
	st, err := os.Stat(at)
	if err != nil {
		return "", err
	}
	if !st.IsDir() {
		dir := filepath.Dir(at)
		files, err := splitFiles(dir, filepath.Base(at))
		if err != nil {
			return "", err
		}
		var names []string
		for _, f := range files {
			names = append(names, f.Name)
		}
		return digestGGUF(dir, names)
	}
	files, err := List(at)
	if err != nil {
		return "", err
	}
	var names []string
	sizes := map[string]int64{}
	for _, f := range files {
		names = append(names, f.Name)
		sizes[f.Name] = f.Size
	}
	p := Sort(names)
	switch {
	case len(p.Weights) == 0:
		return "", nil
	case p.Kind == GGUF:
		return digestGGUF(at, p.Weights)
	}
	return digestFiles(at, p, sizes)
}

// digestGGUF is the digest of one file, or of the digests of several.
func digestGGUF(dir string, names []string) (string, error) {
	h := sha256.New()
	for _, n := range names {
		d, err := gguf.Digest(filepath.Join(dir, filepath.FromSlash(n)))
		if err != nil || len(names) == 1 {
			return d, err
		}
		fmt.Fprintln(h, d)
	}
	return short(h), nil
}

func short(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:16]) }

// digestFiles reads many files at the same time, and combines what they give
// in the order of their names.
func digestFiles(dir string, p Parts, sizes map[string]int64) (string, error) {
	var names []string
	for _, n := range p.Meta {
		if isIdentity(n) {
			names = append(names, n)
		}
	}
	names = append(names, p.Weights...)
	sort.Strings(names)
	sums, errs := make([][]byte, len(names)), make([]error, len(names))
	var wg sync.WaitGroup
	next := make(chan int) // closed here
	for range min(readers, len(names)) {
		wg.Go(func() {
			for i := range next {
				sums[i], errs[i] = digestFile(filepath.Join(dir, filepath.FromSlash(names[i])), sizes[names[i]], isMeta(names[i]) || path.Base(names[i]) == ".metadata", len(p.Weights))
			}
		})
	}
	for i := range names {
		next <- i
	}
	close(next)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	h := sha256.New()
	for i, n := range names {
		fmt.Fprintf(h, "%q %d %x\n", n, sizes[n], sums[i])
	}
	return short(h), nil
}

// digestFile digests one file, one of so many.
func digestFile(file string, size int64, whole bool, among int) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := &sampler{h: sha256.New(), f: f}
	switch {
	case whole || size <= wholeFile:
		_, err = io.Copy(s.h, f)
	case path.Ext(file) == ".safetensors":
		err = s.tensors(size, among)
	default:
		err = s.spread(size, among)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s.h.Sum(nil), nil
}

// sampler writes parts of a file to a hash.
type sampler struct {
	h   hash.Hash
	f   io.ReaderAt
	buf []byte
}

// tensors writes the header and the middle of the tensors, of every one unless
// they are very many. A file that is none is sampled as others are.
func (s *sampler) tensors(size int64, among int) error {
	head, err := readHeader(io.NewSectionReader(s.f, 0, size), size)
	if err != nil {
		return s.spread(size, among)
	}
	s.h.Write(head.raw)
	per := max(tensorSamples/among, 64)
	step := (len(head.tensors) + per - 1) / per
	for i := 0; i < len(head.tensors); i += max(step, 1) {
		t := head.tensors[i]
		if err := s.part(head.data+t.begin+(t.end-t.begin)/2, min(block, t.end-t.begin)); err != nil {
			return err
		}
	}
	return nil
}

// spread writes evenly spread parts, the first at the beginning, and the end.
func (s *sampler) spread(size int64, among int) error {
	n := int64(min(max(spreadSamples/among, 16), 1024))
	for i := range n {
		if err := s.part(size/n*i, block); err != nil {
			return err
		}
	}
	tail := min(max(tailBytes/int64(among), 4<<10), maxTail)
	return s.part(max(0, size-tail), tail)
}

// part writes so many bytes from a place on, fewer at the end of the file.
func (s *sampler) part(at, n int64) error {
	if int64(cap(s.buf)) < n {
		s.buf = make([]byte, n)
	}
	got, err := s.f.ReadAt(s.buf[:n], at)
	s.h.Write(s.buf[:got])
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
