package rowio

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"olmoeval/eval"
)

// readCSV reads a table with a header row; all values are strings.
func readCSV(comma rune) reader {
	return func(ctx context.Context, in Input, sum io.Writer, yield yieldFunc) error {
		return readTable(ctx, in, sum, comma, yield)
	}
}

func readTable(ctx context.Context, in Input, sum io.Writer, comma rune, yield yieldFunc) error {
	s, err := in.stream(sum)
	if err != nil {
		return err
	}
	defer s.Close()
	br := bufio.NewReaderSize(s, bufSize)
	if b, _ := br.Peek(len(bom)); string(b) == string(bom) {
		_, _ = br.Discard(len(bom)) // as Peek has shown
	}
	cr := csv.NewReader(br)
	cr.Comma = comma
	header, err := csvHeader(cr, in.Name)
	if err != nil {
		return err
	}
	cr.ReuseRecord = true
	for n := 0; ; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		record, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return s.finish()
		}
		var pe *csv.ParseError
		if err != nil && !errors.As(err, &pe) {
			return fmt.Errorf("%s: %w", in.Name, err)
		}
		row := eval.Row{File: in.Name}
		if err != nil {
			row.Line = pe.StartLine
			why := pe.Err
			if errors.Is(why, csv.ErrFieldCount) {
				why = fmt.Errorf("%d fields where the header has %d", len(record), len(header))
			} else if pe.Line != pe.StartLine {
				why = fmt.Errorf("line %d: %w", pe.Line, why)
			}
			if err := yield(row, &eval.RowError{Where: row.Where(), Err: why}); err != nil {
				return err
			}
			continue
		}
		row.Line, _ = cr.FieldPos(0)
		row.Doc = make(eval.Doc, len(header))
		for i, name := range header {
			row.Doc[name] = record[i]
		}
		if err := yield(row, nil); err != nil {
			return err
		}
	}
}

// csvHeader reads the names of the columns.
func csvHeader(cr *csv.Reader, name string) ([]string, error) {
	header, err := cr.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: empty file, want a header row", name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: header: %w", name, err)
	}
	seen := map[string]bool{}
	for i, h := range header {
		header[i] = strings.TrimSpace(h)
		if seen[header[i]] {
			return nil, fmt.Errorf("%s:1: two columns are called %q", name, header[i])
		}
		seen[header[i]] = true
	}
	return header, nil
}
