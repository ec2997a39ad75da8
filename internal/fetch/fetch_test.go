package fetch

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"olmoeval/internal/fetch/web"
)

var quick = web.Retry{Tries: 3, Wait: time.Millisecond}

// server gives content, and breaks off after so many bytes, attempt by
// attempt; -1 gives all, -2 an error.
type server struct {
	content []byte
	cuts    []int
	noRange bool
	offsets []int64
}

func (s *server) get(_ context.Context, offset int64) (io.ReadCloser, int64, error) {
	n := len(s.offsets)
	s.offsets = append(s.offsets, offset)
	cut := -1
	if n < len(s.cuts) {
		cut = s.cuts[n]
	}
	if cut == -2 {
		return nil, 0, errors.New("refused")
	}
	if s.noRange {
		offset = 0
	}
	rest := s.content[offset:]
	if cut < 0 || cut > len(rest) {
		return io.NopCloser(bytes.NewReader(rest)), offset, nil
	}
	return io.NopCloser(io.MultiReader(bytes.NewReader(rest[:cut]), broken{})), offset, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestFetch(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 1000)
	sum := fmt.Sprintf("%x", sha256.Sum256(content))
	git := fmt.Sprintf("git:%x", sha1.Sum(append([]byte("blob 10000\x00"), content...)))
	for _, c := range []struct {
		name    string
		server  server
		size    int64
		sum     string
		part    string // there from an earlier attempt
		there   string // in place, but not what it should be
		offsets string
		err     string
	}{
		{name: "whole", size: 10000, sum: "sha256:" + sum, offsets: "[0]"},
		{name: "git digest", size: 10000, sum: git, offsets: "[0]"},
		{name: "size unknown", size: -1, offsets: "[0]"},
		{name: "cut twice", size: 10000, sum: git, server: server{cuts: []int{100, 200}}, offsets: "[0 100 300]"},
		{name: "cut, size unknown", size: -1, sum: "sha256:" + sum, server: server{cuts: []int{100}}, offsets: "[0 100]"},
		{name: "earlier part", size: 10000, sum: "sha256:" + sum, part: string(content[:5000]), offsets: "[5000]"},
		{name: "no ranges", size: 10000, sum: "sha256:" + sum, server: server{cuts: []int{100}, noRange: true}, offsets: "[0 100]"},
		{name: "part of something else", size: 10000, sum: "sha256:" + sum, part: "xyz", offsets: "[3 0]"},
		{name: "part too long", size: 10000, sum: "sha256:" + sum, part: string(content) + "x", offsets: "[0]"},
		{name: "part complete", size: 10000, sum: "sha256:" + sum, part: string(content), offsets: "[]"},
		{name: "refused then given", size: 10000, server: server{cuts: []int{-2, -2}}, offsets: "[0 0 0]"},
		{name: "refused", size: 10000, server: server{cuts: []int{-2, -2, -2, -2}}, offsets: "[0 0 0]", err: "refused"},
		{name: "no progress", size: 10000, server: server{cuts: []int{7, 0, 0, 0}}, offsets: "[0 7 7 7]", err: "connection broken after 7 bytes"},
		{name: "wrong digest", size: 10000, sum: "sha256:00", offsets: "[0 0]", err: "download broken: sha256 is " + sum + ", want 00"},
		{name: "too long", size: 9999, offsets: "[0 0]", err: "download broken: size is 10000, want 9999"},
		{name: "crc32c", size: 10000, sum: fmt.Sprintf("crc32c:%08x", crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli))), offsets: "[0]"},
		{name: "crc64nvme", size: 9, sum: "crc64nvme:ae8b14860a799888", server: server{content: []byte("123456789")}, offsets: "[0]"}, // the catalogued check value
		{name: "wrong crc32c", size: 10000, sum: "crc32c:00000000", offsets: "[0 0]", err: "download broken: crc32c is "},
		{name: "there, but cut", size: 10000, sum: git, there: string(content[:6000]), offsets: "[6000]"},
		{name: "there, but something else", size: 10000, sum: git, there: "xyz", offsets: "[3 0]"},
		{name: "empty", size: 0, server: server{content: []byte{}}, offsets: "[]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.server
			if s.content == nil {
				s.content = content
			}
			path := filepath.Join(t.TempDir(), "dir", "file")
			if err := os.Mkdir(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			for name, content := range map[string]string{path + ".incomplete": c.part, path: c.there} {
				if content == "" {
					continue
				}
				if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			got, err := File{Path: path, Lock: path + ".lock", Size: c.size, Sum: c.sum, Get: s.get, Retry: quick}.Do(context.Background())
			if fmt.Sprint(s.offsets) != c.offsets {
				t.Errorf("asked for offsets %v, want %s", s.offsets, c.offsets)
			}
			if c.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), c.err) {
					t.Errorf("error %v, want %s", err, c.err)
				}
				if ok, _ := Exists(path); ok {
					t.Error("a broken file is in place")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			have, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(have, s.content) {
				t.Errorf("content differs: %d bytes, %v", len(have), err)
			}
			if want := fmt.Sprintf("%x", sha256.Sum256(s.content)); got != want {
				t.Errorf("digest %s, want %s", got, want)
			}
			if ok, _ := Exists(path + ".incomplete"); ok {
				t.Error("the part is still there")
			}
		})
	}
}

// silent gives nothing until it is given up.
type silent struct{ ctx context.Context }

func (s silent) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

// A connection that goes quiet is asked again from where it stopped.
func TestStall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var offsets []int64
	var last int64
	f := File{
		Path: path, Size: 8, Stall: 100 * time.Millisecond, Retry: web.Retry{Tries: 100, Wait: time.Millisecond},
		Progress: func(have int64) { last = have },
		Get: func(ctx context.Context, offset int64) (io.ReadCloser, int64, error) {
			offsets = append(offsets, offset)
			if offset == 0 {
				return io.NopCloser(io.MultiReader(strings.NewReader("rows"), silent{ctx})), 0, nil
			}
			return io.NopCloser(strings.NewReader("rows")), offset, nil
		},
	}
	if _, err := f.Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "rowsrows" || last != 8 {
		t.Errorf("%q, told of %d bytes, %v", got, last, err)
	}
	if fmt.Sprint(offsets) != "[0 4]" {
		t.Errorf("asked for offsets %v", offsets)
	}
}

// Many at once download once.
func TestFetchTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var gets atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			f := File{Path: path, Lock: path + ".lock", Size: 4, Retry: quick,
				Get: func(context.Context, int64) (io.ReadCloser, int64, error) {
					gets.Add(1)
					return io.NopCloser(strings.NewReader("rows")), 0, nil
				}}
			if _, err := f.Do(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if gets.Load() != 1 {
		t.Errorf("%d downloads", gets.Load())
	}
}

func TestLockWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := Lock(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	if _, err := Lock(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("second lock: %v", err)
	}
	// The lock's file is removed, as some tools do: the next file is the lock.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	unlock()
	again, err := Lock(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	again()
}
