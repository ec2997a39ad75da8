package fetch

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"os"
	"strings"
)

// nvme is the polynomial of CRC-64/NVME, which S3 takes of whole objects.
const nvme = 0x9a6c9329ac4bc9b5

// sumOf is the hash that Sum asks for besides SHA-256, which is always taken;
// it is nil for SHA-256 itself.
func (f File) sumOf() func() hash.Hash {
	switch kind, _, _ := strings.Cut(f.Sum, ":"); kind {
	case "md5":
		return md5.New
	case "crc32c":
		return func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }
	case "crc64nvme":
		return func() hash.Hash { return crc64.New(crc64.MakeTable(nvme)) }
	case "git":
		return func() hash.Hash {
			h := sha1.New()
			fmt.Fprintf(h, "blob %d\x00", f.Size)
			return h
		}
	}
	return nil
}

// partial is a file that grows, with its digests.
type partial struct {
	file     *os.File
	n        int64
	newSum   func() hash.Hash
	sum      hash.Hash // nil where SHA-256 serves
	sha      hash.Hash
	failed   error // of the disk, not of the network
	progress func(have int64)
}

// resume takes the digests of what is there.
func resume(ctx context.Context, file *os.File, newSum func() hash.Hash) (*partial, error) {
	w := &partial{file: file, newSum: newSum, sha: sha256.New()}
	if newSum != nil {
		w.sum = newSum()
	}
	buf := make([]byte, 1<<20)
	for {
		n, err := file.Read(buf)
		w.take(buf[:n])
		if errors.Is(err, io.EOF) {
			return w, nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
	}
}

func (w *partial) take(p []byte) {
	w.sha.Write(p)
	if w.sum != nil {
		w.sum.Write(p)
	}
	w.n += int64(len(p))
}

// digest is the one that was asked for.
func (w *partial) digest() []byte {
	if w.sum != nil {
		return w.sum.Sum(nil)
	}
	return w.sha.Sum(nil)
}

// restart cuts the file to its first n bytes.
func (w *partial) restart(ctx context.Context, n int64) error {
	if n > w.n {
		return fmt.Errorf("the server sent bytes from %d on where %d was asked for", n, w.n)
	}
	if err := w.file.Truncate(n); err != nil {
		return err
	}
	if _, err := w.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	fresh, err := resume(ctx, w.file, w.newSum)
	if err == nil {
		fresh.progress = w.progress
		*w = *fresh
	}
	return err
}

func (w *partial) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	w.take(p[:n])
	w.failed = err
	if w.progress != nil {
		w.progress(w.n)
	}
	return n, err
}
