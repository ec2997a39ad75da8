package rowio

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"olmoeval/eval"
)

// scanner finds where JSON values begin and end; what is inside a row is
// checked when the row is decoded.
type scanner struct {
	ctx  context.Context
	br   *bufio.Reader
	name string
	line int
	buf  []byte
}

func newScanner(ctx context.Context, r io.Reader, name string) *scanner {
	br := bufio.NewReaderSize(r, bufSize)
	if b, _ := br.Peek(len(bom)); bytes.Equal(b, bom) {
		_, _ = br.Discard(len(bom))
	}
	return &scanner{ctx: ctx, br: br, name: name, line: 1}
}

func (sc *scanner) errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", sc.name, sc.line, fmt.Errorf(format, args...))
}

// skip takes bytes that Peek has shown, which cannot fail.
func (sc *scanner) skip(n int) { _, _ = sc.br.Discard(n) }

// peek skips white space and returns the next byte without taking it; io.EOF,
// bare, at the end.
func (sc *scanner) peek() (byte, error) {
	for {
		b, err := sc.br.Peek(1)
		if err != nil {
			if errors.Is(err, io.EOF) {
				return 0, io.EOF
			}
			return 0, sc.errorf("%w", err)
		}
		switch b[0] {
		case '\n':
			sc.line++
			fallthrough
		case ' ', '\t', '\r':
			sc.skip(1)
		default:
			return b[0], nil
		}
	}
}

// take skips white space and takes the next byte, which must be one of want.
func (sc *scanner) take(want string) (byte, error) {
	c, err := sc.peek()
	if errors.Is(err, io.EOF) {
		return 0, sc.errorf("unexpected end of file")
	}
	if err != nil {
		return 0, err
	}
	if strings.IndexByte(want, c) < 0 {
		return 0, sc.errorf("want %s, got %q", strings.Join(strings.Split(want, ""), " or "), c)
	}
	sc.skip(1)
	return c, nil
}

// array yields each element of the array that comes next.
func (sc *scanner) array(yield yieldFunc) error {
	if _, err := sc.take("["); err != nil {
		return err
	}
	if c, err := sc.peek(); err == nil && c == ']' {
		sc.skip(1)
		return nil
	}
	for n := 0; ; n++ {
		if n&1023 == 0 && sc.ctx.Err() != nil {
			return sc.ctx.Err()
		}
		if _, err := sc.peek(); err != nil {
			return sc.errorf("%w", noEOF(err))
		}
		line := sc.line
		if err := sc.value(true); err != nil {
			return err
		}
		if err := yield(eval.Row{Raw: bytes.Clone(sc.buf), File: sc.name, Line: line}, nil); err != nil {
			return err
		}
		if c, err := sc.take(",]"); err != nil || c == ']' {
			return err
		}
	}
}

// object calls member for each key of the object that comes next. Unless
// member took the value, it is skipped.
func (sc *scanner) object(member func(key string) (took bool, err error)) error {
	if _, err := sc.take("{"); err != nil {
		return err
	}
	if c, err := sc.peek(); err == nil && c == '}' {
		sc.skip(1)
		return nil
	}
	for {
		if c, err := sc.peek(); err == nil && c != '"' {
			return sc.errorf("want a key in quotes, got %q", c)
		}
		if err := sc.value(true); err != nil {
			return err
		}
		var key string
		if err := json.Unmarshal(sc.buf, &key); err != nil {
			return sc.errorf("key: %w", err)
		}
		if _, err := sc.take(":"); err != nil {
			return err
		}
		took, err := member(key)
		if err == nil && !took {
			err = sc.value(false)
		}
		if err != nil {
			return err
		}
		if c, err := sc.take(",}"); err != nil || c == '}' {
			return err
		}
	}
}

// value takes the next value; with keep it is left in sc.buf.
func (sc *scanner) value(keep bool) error {
	sc.buf = sc.buf[:0]
	first, err := sc.peek()
	if err != nil {
		return sc.errorf("%w", noEOF(err))
	}
	if strings.IndexByte(",]}:", first) >= 0 {
		return sc.errorf("want a value, got %q", first)
	}
	var st valueState
	for {
		chunk, err := sc.br.Peek(max(1, sc.br.Buffered()))
		if len(chunk) == 0 {
			if errors.Is(err, io.EOF) && st.scalar {
				return nil
			}
			return sc.errorf("%w", noEOF(err))
		}
		n, done := st.scan(chunk)
		sc.line += bytes.Count(chunk[:n], []byte{'\n'})
		if keep {
			if len(sc.buf)+n > maxRow {
				return sc.errorf("a row larger than %d MiB", maxRow>>20)
			}
			sc.buf = append(sc.buf, chunk[:n]...)
		}
		sc.skip(n)
		if done {
			return nil
		}
	}
}

// valueState is where in a value the scan is.
type valueState struct {
	depth       int
	quoted, esc bool
	scalar      bool
}

// scan goes through chunk and returns how many bytes of it belong to the
// value, and whether the value ended with them.
func (st *valueState) scan(chunk []byte) (n int, done bool) {
	for i := 0; i < len(chunk); i++ {
		c := chunk[i]
		if st.quoted {
			switch {
			case st.esc:
				st.esc = false
			case c == '\\':
				st.esc = true
			case c == '"':
				st.quoted = false
				if st.depth == 0 {
					return i + 1, true
				}
			}
			continue
		}
		switch c {
		case '"':
			if st.scalar {
				return i, true
			}
			st.quoted = true
		case '{', '[':
			if st.scalar {
				return i, true
			}
			st.depth++
		case '}', ']':
			if st.depth == 0 {
				return i, true
			}
			st.depth--
			if st.depth == 0 {
				return i + 1, true
			}
		case ',', ':', ' ', '\t', '\r', '\n':
			if st.scalar {
				return i, true
			}
		default:
			st.scalar = st.scalar || st.depth == 0
		}
	}
	return len(chunk), false
}
