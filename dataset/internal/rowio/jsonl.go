package rowio

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"olmoeval/eval"
)

// maxRow bounds one row, so that a file without line ends is an error and not
// an exhausted memory.
const maxRow = 256 << 20

const bufSize = 256 << 10

// readLines reads JSON Lines. Lines are not decoded here; blank ones are
// skipped, a byte order mark and carriage returns dropped.
func readLines(ctx context.Context, in Input, sum io.Writer, yield yieldFunc) error {
	s, err := in.stream(sum)
	if err != nil {
		return err
	}
	defer s.Close()
	br := bufio.NewReaderSize(s, bufSize)
	for n := 1; ; n++ {
		if n&1023 == 1 && ctx.Err() != nil {
			return ctx.Err()
		}
		line, err := readLine(br)
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return fmt.Errorf("%s:%d: %w", in.Name, n, err)
		}
		if n == 1 {
			line = bytes.TrimPrefix(line, bom)
		}
		if !isBlank(line) {
			row := eval.Row{Raw: bytes.Clone(bytes.TrimRight(line, "\r\n")), File: in.Name, Line: n}
			if err := yield(row, nil); err != nil {
				return err
			}
		}
		if last {
			return s.finish()
		}
	}
}

// readLine reads up to and with the next line feed. The slice is good until
// the next call. At the end it returns what is left, and io.EOF.
func readLine(br *bufio.Reader) ([]byte, error) {
	line, err := br.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	long := bytes.Clone(line)
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(long) > maxRow {
			return nil, fmt.Errorf("line longer than %d MiB: is this JSON Lines?", maxRow>>20)
		}
		line, err = br.ReadSlice('\n')
		long = append(long, line...)
	}
	return long, err
}
