package jinja

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// FromJSON makes a value of JSON; objects keep the order of their keys.
func FromJSON(b []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	v, err := decodeValue(dec, 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the end of the JSON value")
	}
	return v, nil
}

func decodeValue(dec *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("JSON is nested deeper than %d", maxDepth)
	}
	t, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Number:
		if i, err := strconv.ParseInt(string(t), 10, 64); err == nil {
			return i, nil
		}
		return t.Float64()
	case json.Delim:
		if t == '[' {
			l := &List{Items: []any{}}
			for dec.More() {
				v, err := decodeValue(dec, depth+1)
				if err != nil {
					return nil, err
				}
				l.Items = append(l.Items, v)
			}
			_, err = dec.Token()
			return l, err
		}
		d := NewDict()
		for dec.More() {
			k, err := dec.Token()
			if err != nil {
				return nil, err
			}
			v, err := decodeValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			d.Set(k.(string), v)
		}
		_, err = dec.Token()
		return d, err
	}
	return t, nil
}

// toJSON is the filter tojson as chat templates know it: characters beyond ASCII
// and signs of HTML stay as they are, keys keep their order.
func toJSON(r *run, a callArgs) (any, error) {
	w := &jsonWriter{r: r, item: ", ", key: ": "}
	switch indent := a.arg(2, "indent", nil).(type) {
	case nil:
	case int64:
		if indent > 100 {
			return nil, errors.New("filter 'tojson': an indent above 100 is not supported")
		}
		w.indent, w.item = strings.Repeat(" ", int(max(indent, 0))), ","
		w.lines = true
	case string:
		w.indent, w.item, w.lines = indent, ",", true
	default:
		return nil, errors.New("filter 'tojson': indent must be an integer or a text")
	}
	if sep, ok := a.arg(3, "separators", nil).(*List); ok {
		if len(sep.Items) != 2 {
			return nil, errors.New("filter 'tojson': separators must be two texts")
		}
		item, ok1 := sep.Items[0].(string)
		key, ok2 := sep.Items[1].(string)
		if !ok1 || !ok2 {
			return nil, errors.New("filter 'tojson': separators must be two texts")
		}
		w.item, w.key = item, key
	}
	w.ascii, w.sort = truth(a.arg(1, "ensure_ascii", false)), truth(a.arg(4, "sort_keys", false))
	if err := w.value(a.positional[0], 0); err != nil {
		return nil, err
	}
	return w.b.String(), nil
}

type jsonWriter struct {
	r                 *run
	b                 strings.Builder
	item, key, indent string
	lines, ascii      bool
	sort              bool
}

func (w *jsonWriter) put(s string) error {
	w.b.WriteString(s)
	return w.r.grow(len(s))
}

func (w *jsonWriter) newline(depth int) error {
	if !w.lines {
		return nil
	}
	return w.put("\n" + strings.Repeat(w.indent, depth))
}

func (w *jsonWriter) value(v any, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("a value is nested deeper than %d", maxDepth)
	}
	if err := w.r.work(1); err != nil {
		return err
	}
	switch v := v.(type) {
	case nil, bool, int64, float64:
		return w.put(scalarJSON(v))
	case string:
		return w.text(v)
	case *List:
		return w.list(v, depth)
	case *Dict:
		return w.dict(v, depth)
	}
	return fmt.Errorf("object of type %s is not JSON serializable", typeName(v))
}

func scalarJSON(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		switch s := floatRepr(v); s {
		case "nan":
			return "NaN"
		case "inf":
			return "Infinity"
		case "-inf":
			return "-Infinity"
		default:
			return s
		}
	}
	return "null"
}

func (w *jsonWriter) text(s string) error {
	w.b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			w.b.WriteByte('\\')
			w.b.WriteRune(c)
		case c < ' ':
			if k := strings.IndexRune("\b\f\n\r\t", c); k >= 0 {
				w.b.WriteString(`\` + "bfnrt"[k:k+1])
			} else {
				fmt.Fprintf(&w.b, `\u%04x`, c)
			}
		case w.ascii && c >= 0x10000:
			c -= 0x10000
			fmt.Fprintf(&w.b, `\u%04x\u%04x`, 0xD800+c>>10, 0xDC00+c&0x3FF)
		case w.ascii && c > 0x7E:
			fmt.Fprintf(&w.b, `\u%04x`, c)
		default:
			w.b.WriteRune(c)
		}
	}
	w.b.WriteByte('"')
	return w.r.grow(len(s) + 2)
}

func (w *jsonWriter) list(l *List, depth int) error {
	if len(l.Items) == 0 {
		return w.put("[]")
	}
	w.b.WriteByte('[')
	for i, x := range l.Items {
		if i > 0 {
			w.b.WriteString(w.item)
		}
		if err := w.newline(depth + 1); err != nil {
			return err
		}
		if err := w.value(x, depth+1); err != nil {
			return err
		}
	}
	if err := w.newline(depth); err != nil {
		return err
	}
	return w.put("]")
}

func (w *jsonWriter) dict(d *Dict, depth int) error {
	if d.Len() == 0 {
		return w.put("{}")
	}
	all, err := pairs(w.r, d)
	if err != nil {
		return err
	}
	if w.sort {
		if all.Items, err = sorted(w.r, all.Items, keyOf(int64(0), true), false); err != nil {
			return err
		}
	}
	w.b.WriteByte('{')
	for i, p := range all.Items {
		if i > 0 {
			w.b.WriteString(w.item)
		}
		if err := w.newline(depth + 1); err != nil {
			return err
		}
		kv := p.(*List).Items
		k, ok := kv[0].(string)
		if !ok {
			switch kv[0].(type) {
			case nil, bool, int64, float64:
				k = scalarJSON(kv[0])
			default:
				return fmt.Errorf("keys must be str, int, float, bool or None, not %s", typeName(kv[0]))
			}
		}
		if err := w.text(k); err != nil {
			return err
		}
		w.b.WriteString(w.key)
		if err := w.value(kv[1], depth+1); err != nil {
			return err
		}
	}
	if err := w.newline(depth); err != nil {
		return err
	}
	return w.put("}")
}
