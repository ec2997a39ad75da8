package child

import (
	"bufio"
	"errors"
	"io"
)

// ErrLong is a line of more bytes than allowed.
var ErrLong = errors.New("line is too long")

// ReadLine returns the next line that is not empty, without its end. A last
// line without a newline counts if partial says so; else it is dropped. A line
// of more than limit bytes is ErrLong, after which the reader is of no use. The
// bytes are the caller's.
func ReadLine(r *bufio.Reader, limit int, partial bool) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > limit {
			return nil, ErrLong
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (!partial || len(line) == 0 || !errors.Is(err, io.EOF)) {
			return nil, err
		}
		for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
			line = line[:len(line)-1]
		}
		if len(line) > 0 {
			return line, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
