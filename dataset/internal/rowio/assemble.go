package rowio

import (
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"olmoeval/eval"
)

// assembler makes documents of parquet's flat rows by their repetition and
// definition levels (Dremel's record assembly). Lists and maps lose the groups
// that parquet wraps them in.
type assembler struct {
	root *node
	cols [][]parquet.Value
}

type node struct {
	name               string
	first, last        int // leaf columns [first, last)
	rep, def           int // levels of this node
	optional, repeated bool
	list, table        bool // annotated LIST or MAP
	unwrap             bool // a repeated group that only wraps its field
	fields             []*node
	convert            func(parquet.Value) (any, error)
}

func newAssembler(root *parquet.Column) *assembler {
	next := 0
	n := newNode(root, 0, 0, &next)
	n.optional, n.repeated = false, false
	return &assembler{root: n, cols: make([][]parquet.Value, next)}
}

func newNode(c *parquet.Column, rep, def int, next *int) *node {
	n := &node{name: c.Name(), first: *next, optional: c.Optional(), repeated: c.Repeated()}
	if n.repeated {
		rep, def = rep+1, def+1
	} else if n.optional {
		def++
	}
	n.rep, n.def = rep, def
	if c.Leaf() {
		*next++
		n.last = *next
		n.convert = converter(c.Type())
		return n
	}
	if t := c.Type().LogicalType(); t != nil {
		_, n.list = t.Value.(*format.ListType)
		_, n.table = t.Value.(*format.MapType)
	}
	for _, child := range c.Columns() {
		n.fields = append(n.fields, newNode(child, rep, def, next))
	}
	n.last = *next
	one := len(n.fields) == 1 && n.fields[0].repeated
	n.list, n.table = n.list && one, n.table && one
	if n.list {
		// The format's rules for older writers: a repeated group of one field
		// is a wrapper unless it goes by these names.
		el := n.fields[0]
		el.unwrap = len(el.fields) == 1 && !el.fields[0].repeated && el.name != "array" && el.name != n.name+"_tuple"
	}
	return n
}

// doc assembles one row.
func (a *assembler) doc(row parquet.Row) (eval.Doc, error) {
	for i := range a.cols {
		a.cols[i] = nil
	}
	for start := 0; start < len(row); {
		col, end := row[start].Column(), start+1
		for end < len(row) && row[end].Column() == col {
			end++
		}
		if col < 0 || col >= len(a.cols) {
			return nil, fmt.Errorf("value of column %d of %d", col, len(a.cols))
		}
		a.cols[col] = row[start:end]
		start = end
	}
	for i, c := range a.cols {
		if len(c) == 0 {
			return nil, fmt.Errorf("no value in column %d", i)
		}
	}
	v, err := a.root.value(a.cols)
	if err != nil {
		return nil, err
	}
	m, _ := v.(map[string]any)
	return m, nil
}

// value assembles the node from the values of its columns, cols[0] being
// column n.first.
func (n *node) value(cols [][]parquet.Value) (any, error) {
	if n.repeated {
		return n.elements(cols)
	}
	if n.optional && cols[0][0].DefinitionLevel() < n.def {
		return nil, nil
	}
	return n.one(cols)
}

// one assembles a present, single value.
func (n *node) one(cols [][]parquet.Value) (any, error) {
	switch {
	case n.convert != nil:
		v, err := n.convert(cols[0][0])
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", n.name, err)
		}
		return v, nil
	case n.list:
		return n.fields[0].value(cols)
	case n.unwrap:
		return n.fields[0].value(cols)
	case n.table:
		v, err := n.fields[0].value(cols)
		if err != nil {
			return nil, err
		}
		return tableOf(v), nil
	}
	m := make(map[string]any, len(n.fields))
	for _, f := range n.fields {
		v, err := f.value(cols[f.first-n.first : f.last-n.first])
		if err != nil {
			return nil, err
		}
		m[f.name] = v
	}
	return m, nil
}

// elements assembles a repeated node: an element begins in each column where
// the repetition level is the node's.
func (n *node) elements(cols [][]parquet.Value) (any, error) {
	list := []any{}
	if cols[0][0].DefinitionLevel() < n.def {
		return list, nil
	}
	rest := make([][]parquet.Value, len(cols))
	copy(rest, cols)
	part := make([][]parquet.Value, len(cols))
	for len(rest[0]) > 0 {
		for i, c := range rest {
			if len(c) == 0 {
				return nil, fmt.Errorf("column %s: lists of different length", n.name)
			}
			end := 1
			for end < len(c) && c[end].RepetitionLevel() > n.rep {
				end++
			}
			part[i], rest[i] = c[:end], c[end:]
		}
		v, err := n.one(part)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// tableOf makes an object of key and value pairs with text keys; other maps
// stay lists of pairs.
func tableOf(v any) any {
	pairs, _ := v.([]any)
	m := make(map[string]any, len(pairs))
	for _, p := range pairs {
		pair, ok := p.(map[string]any)
		key, isText := pair["key"].(string)
		if !ok || !isText {
			return v
		}
		m[key] = pair["value"]
	}
	return m
}
