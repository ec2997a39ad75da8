package rowio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// rowKeys are the keys under which an object may hold the rows; the first one
// present wins.
var rowKeys = []string{"data", "instances", "examples", "items", "records"}

// readJSON reads an array of rows, an object that holds one, or JSON Lines
// that go by the name of JSON, as many published files do.
func readJSON(ctx context.Context, in Input, sum io.Writer, yield yieldFunc) error {
	key, lines, err := in.probe(ctx)
	if err != nil {
		return err
	}
	if lines {
		return readLines(ctx, in, sum, yield)
	}
	s, err := in.stream(sum)
	if err != nil {
		return err
	}
	defer s.Close()
	sc := newScanner(ctx, s, in.Name)
	if key == "" {
		err = sc.array(yield)
	} else {
		err = sc.object(func(k string) (bool, error) {
			if k != key {
				return false, nil
			}
			return true, sc.array(yield)
		})
	}
	if err != nil {
		return err
	}
	if c, err := sc.peek(); err == nil {
		return sc.errorf("%q after the end of the JSON value", c)
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	return s.finish()
}

// probe says which key of the object holds the rows ("" for a bare array), or
// that the file is JSON Lines.
func (in Input) probe(ctx context.Context) (key string, lines bool, err error) {
	s, err := in.stream(nil)
	if err != nil {
		return "", false, err
	}
	defer s.Close()
	sc := newScanner(ctx, s, in.Name)
	c, err := sc.peek()
	switch {
	case errors.Is(err, io.EOF):
		return "", false, fmt.Errorf("%s: empty file", in.Name)
	case err != nil:
		return "", false, err
	case c == '[':
		return "", false, nil
	case c != '{':
		return "", false, sc.errorf("want an array of rows or an object, got %q", c)
	}
	var keys, arrays []string
	err = sc.object(func(k string) (bool, error) {
		keys = append(keys, k)
		c, err := sc.peek()
		if err == nil && c == '[' {
			arrays = append(arrays, k)
		}
		return false, err
	})
	if err != nil {
		return "", false, err
	}
	if c, err := sc.peek(); err == nil && c == '{' {
		return "", true, nil
	}
	for _, k := range rowKeys {
		if slices.Contains(arrays, k) {
			return k, false, nil
		}
	}
	if len(keys) > 8 {
		keys = append(keys[:8], "…")
	}
	return "", false, fmt.Errorf("%s: an object without an array of rows under %s; it has the keys %s",
		in.Name, strings.Join(rowKeys, ", "), strings.Join(keys, ", "))
}
