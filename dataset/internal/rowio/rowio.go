// Package rowio reads files of rows: JSON Lines, JSON, CSV, TSV and parquet,
// each also compressed with gzip or zstd. Fill an [Input] and range over
// [Input.Rows]; the caller owns the file, this package closes what it opens.
package rowio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"olmoeval/eval"
)

// Input is one file of rows.
type Input struct {
	// Name stands in messages and in Row.File.
	Name string
	// Path is where the file is; its suffixes say its format.
	Path string
	// FS is where Path is looked up; nil means the operating system.
	FS fs.FS
}

// errStop says that the consumer wants no more rows.
var errStop = errors.New("stop")

// yieldFunc takes a row or a row's error; it returns errStop when no more rows
// are wanted.
type yieldFunc func(eval.Row, error) error

type reader func(ctx context.Context, in Input, sum io.Writer, yield yieldFunc) error

// readerOf is the reader of a format suffix, nil if there is none.
func readerOf(format string) reader {
	switch format {
	case ".jsonl", ".ndjson":
		return readLines
	case ".json":
		return readJSON
	case ".csv":
		return readCSV(',')
	case ".tsv":
		return readCSV('\t')
	case ".parquet":
		return readParquet
	}
	return nil
}

// Formats lists what can be read, for messages.
const Formats = ".jsonl .ndjson .json .csv .tsv .parquet, each also .gz or .zst"

// Format is the format suffix of a file name without the compression, and the
// compression suffix ("" if none); ok is false when it cannot be read.
func Format(name string) (format, compression string, ok bool) {
	switch ext := strings.ToLower(path.Ext(name)); ext {
	case ".gz", ".zst":
		compression = ext
		name = name[:len(name)-len(ext)]
	}
	format = strings.ToLower(path.Ext(name))
	return format, compression, readerOf(format) != nil
}

// Supported tells whether a file of that name can be read.
func Supported(name string) bool {
	_, _, ok := Format(name)
	return ok
}

// Stem is a file name without its format and compression suffixes.
func Stem(name string) string {
	format, compression, ok := Format(name)
	if !ok {
		return name
	}
	return name[:len(name)-len(format)-len(compression)]
}

// Rows yields the rows of the file in order. A malformed row is yielded as an
// *eval.RowError and reading goes on; any other error is the last thing
// yielded. The bytes of the file, as stored, are written to sum when the whole
// file was read; sum may be nil.
func (in Input) Rows(ctx context.Context, sum io.Writer) iter.Seq2[eval.Row, error] {
	return func(yield func(eval.Row, error) bool) {
		format, _, ok := Format(in.Path)
		if !ok {
			yield(eval.Row{}, fmt.Errorf("%s: not a file of rows; known: %s", in.Name, Formats))
			return
		}
		err := readerOf(format)(ctx, in, sum, func(row eval.Row, err error) error {
			if !yield(row, err) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(eval.Row{}, err)
		}
	}
}

// open opens the file as stored.
func (in Input) open() (fs.File, error) {
	var f fs.File
	var err error
	if in.FS == nil {
		f, err = os.Open(in.Path)
	} else {
		f, err = in.FS.Open(in.Path)
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	return f, nil
}

// stream is the file's content, decompressed. Its bytes as stored go to sum.
type stream struct {
	io.Reader
	raw   io.Reader
	close []func()
	name  string
}

func (in Input) stream(sum io.Writer) (*stream, error) {
	f, err := in.open()
	if err != nil {
		return nil, err
	}
	s := &stream{raw: f, close: []func(){func() { _ = f.Close() }}, name: in.Name}
	if sum != nil {
		s.raw = io.TeeReader(f, sum)
	}
	s.Reader = s.raw
	switch _, compression, _ := Format(in.Path); compression {
	case ".gz":
		z, err := gzip.NewReader(s.raw)
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("%s: gzip: %w", in.Name, noEOF(err))
		}
		s.Reader, s.close = z, append(s.close, func() { _ = z.Close() })
	case ".zst":
		z, err := zstd.NewReader(s.raw, zstd.WithDecoderConcurrency(1))
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("%s: zstd: %w", in.Name, noEOF(err))
		}
		s.Reader, s.close = z, append(s.close, z.Close)
	}
	return s, nil
}

// finish reads what a decompressor left unread, so that sum has seen it all.
func (s *stream) finish() error {
	if s.raw == s.Reader {
		return nil
	}
	if _, err := io.Copy(io.Discard, s.raw); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// Close releases the file and the decompressor.
func (s *stream) Close() {
	for i := len(s.close) - 1; i >= 0; i-- {
		s.close[i]()
	}
}

// noEOF makes of a plain end of file, which callers take for the end of the
// rows, the error that it is inside a value.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

var bom = []byte("\xef\xbb\xbf")

// isBlank tells whether a line has nothing but white space.
func isBlank(b []byte) bool { return len(bytes.TrimSpace(b)) == 0 }
