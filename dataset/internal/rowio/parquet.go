package rowio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"

	"olmoeval/eval"
)

// readParquet reads a parquet file, some rows of a row group at a time.
func readParquet(ctx context.Context, in Input, sum io.Writer, yield yieldFunc) (err error) {
	r, size, release, err := in.random(ctx)
	if err != nil {
		return err
	}
	defer release()
	// The library panics on some files that are not what they say.
	consumer := error(nil)
	defer func() {
		if p := recover(); p != nil {
			if consumer != nil {
				panic(p)
			}
			err = fmt.Errorf("%s: malformed parquet: %v", in.Name, p)
		}
	}()
	file, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return fmt.Errorf("%s: not a parquet file: %w", in.Name, noEOF(err))
	}
	asm := newAssembler(file.Root())
	var rows int64
	for i, group := range file.RowGroups() {
		n, err := groupRows(ctx, group, asm, func(doc eval.Doc) error {
			consumer = errStop // a panic from here on is the consumer's
			err := yield(eval.Row{Doc: doc, File: in.Name}, nil)
			consumer = nil
			return err
		})
		rows += n
		if errors.Is(err, errStop) || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return err
		}
		if err != nil {
			return fmt.Errorf("%s: row group %d, row %d: malformed parquet: %w", in.Name, i, rows+1, noEOF(err))
		}
	}
	if rows != file.NumRows() {
		return fmt.Errorf("%s: malformed parquet: %d rows where the footer says %d", in.Name, rows, file.NumRows())
	}
	return in.digest(sum)
}

// groupRows reads one row group and returns how many rows it had.
func groupRows(ctx context.Context, group parquet.RowGroup, asm *assembler, yield func(eval.Doc) error) (int64, error) {
	rows := group.Rows()
	defer rows.Close()
	buf := make([]parquet.Row, 64)
	var total int64
	for {
		if ctx.Err() != nil {
			return total, ctx.Err()
		}
		n, err := rows.ReadRows(buf)
		for _, row := range buf[:n] {
			doc, err := asm.doc(row)
			if err != nil {
				return total, err
			}
			if err := yield(doc); err != nil {
				return total, err
			}
			total++
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		if n == 0 {
			return total, io.ErrNoProgress
		}
	}
}

// random gives random access to the content: the file itself, or a copy of it
// where it is compressed or its file system has no random access.
func (in Input) random(ctx context.Context) (r io.ReaderAt, size int64, release func(), err error) {
	_, compression, _ := Format(in.Path)
	if compression == "" {
		f, err := in.open()
		if err != nil {
			return nil, 0, nil, err
		}
		if at, ok := f.(io.ReaderAt); ok {
			if st, err := f.Stat(); err == nil && !st.IsDir() {
				return at, st.Size(), func() { _ = f.Close() }, nil
			}
		}
		_ = f.Close()
	}
	s, err := in.stream(nil)
	if err != nil {
		return nil, 0, nil, err
	}
	defer s.Close()
	tmp, err := os.CreateTemp("", "olmo-eval-*.parquet")
	if err != nil {
		return nil, 0, nil, err
	}
	release = func() { tmp.Close(); os.Remove(tmp.Name()) }
	size, err = io.Copy(tmp, readerWithContext{ctx, s})
	if err != nil {
		release()
		return nil, 0, nil, fmt.Errorf("%s: %w", in.Name, noEOF(err))
	}
	return tmp, size, release, nil
}

// digest writes the file's bytes to sum: parquet is not read in order, so that
// costs a second reading.
func (in Input) digest(sum io.Writer) error {
	if sum == nil {
		return nil
	}
	f, err := in.open()
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if _, err := io.Copy(sum, f); err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	return nil
}

type readerWithContext struct {
	ctx context.Context
	r   io.Reader
}

func (r readerWithContext) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
