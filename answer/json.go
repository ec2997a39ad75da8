package answer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"olmoeval/eval"
)

// Object is a JSON object whose members keep their order. A name given twice
// keeps its first place and its last value.
type Object []Member

// Member is a name of an object with its value.
type Member struct {
	Name  string
	Value any
}

// Value is that of a name; ok is false where the object lacks it.
func (o Object) Value(name string) (v any, ok bool) {
	for _, m := range o {
		if m.Name == name {
			return m.Value, true
		}
	}
	return nil, false
}

// LastObject decodes the last {…} of a text that is complete and stands in no
// other, newlines removed; ok is false where there is none or it is no JSON. An
// earlier object is not tried then. Braces are counted wherever they stand, in
// strings too; a closing brace too many is passed over.
func LastObject(text string) (o Object, ok bool) {
	depth, start := 0, 0
	last := ""
	for i := range len(text) {
		switch text[i] {
		case '{':
			if depth == 0 {
				start = i
			}
			depth++
		case '}':
			if depth == 0 {
				continue
			}
			if depth--; depth == 0 {
				last = text[start : i+1]
			}
		}
	}
	if last == "" {
		return nil, false
	}
	v, err := Ordered(strings.ReplaceAll(last, "\n", ""))
	if err != nil {
		return nil, false
	}
	o, ok = v.(Object)
	return o, ok
}

// Ordered decodes one JSON value: nil, bool, string, json.Number, []any or
// Object.
func Ordered(text string) (any, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	v, err := orderedValue(dec, 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

// mostNested is how deep a value may be, about as deep as Python reads.
const mostNested = 1000

func orderedValue(dec *json.Decoder, depth int) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if depth > mostNested {
		return nil, fmt.Errorf("JSON nested more than %d deep", mostNested)
	}
	switch token {
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			v, err := orderedValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := dec.Token()
		return list, err
	case json.Delim('{'):
		return orderedObject(dec, depth)
	}
	return token, nil
}

func orderedObject(dec *json.Decoder, depth int) (any, error) {
	o, at := Object{}, map[string]int{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, fmt.Errorf("an object's name is %v", token)
		}
		v, err := orderedValue(dec, depth+1)
		if err != nil {
			return nil, err
		}
		if i, ok := at[name]; ok {
			o[i].Value = v
			continue
		}
		at[name] = len(o)
		o = append(o, Member{name, v})
	}
	_, err := dec.Token()
	return o, err
}

// Ranking takes an order of the question's candidates, which the model names by
// their numbers from 1: the last list that is the value of Name in the text, or,
// where there is no such list, the last list that holds a number. The answer is
// the candidates' own ids, each once; numbers that name none are passed over.
// Without a list it is empty, as an order of nothing.
type Ranking struct {
	// Name is the list's name in the JSON that the model writes.
	Name string `json:"name"`
	// IDs is the metadata key of the candidates' ids.
	IDs string `json:"ids"`
}

var _ eval.Extractor = Ranking{}

// Extract returns a []any of the candidates' ids, best first.
func (e Ranking) Extract(in *eval.Instance, out *eval.Output) any {
	var ids []any
	if in != nil {
		ids, _ = in.Metadata[e.IDs].([]any)
	}
	ranked := []any{}
	used := map[int]bool{}
	for _, n := range e.numbers(out.Text) {
		if n >= 1 && n <= len(ids) && !used[n] {
			used[n] = true
			ranked = append(ranked, ids[n-1])
		}
	}
	return ranked
}

func (e Ranking) numbers(text string) []int {
	key := strconv.Quote(e.Name)
	for end := len(text); ; {
		at := strings.LastIndex(text[:end], key)
		if at < 0 {
			break
		}
		rest, ok := strings.CutPrefix(trimLeft(text[at+len(key):]), ":")
		if rest = trimLeft(rest); ok && strings.HasPrefix(rest, "[") {
			if n := strings.IndexAny(rest[1:], "[]"); n >= 0 && rest[1+n] == ']' {
				return integers(rest[:n+2])
			}
		}
		end = at
	}
	for _, list := range innerLists(text) {
		if n := integers(list); len(n) > 0 {
			return n
		}
	}
	return nil
}

// innerLists are the […] that hold no other, the last first.
func innerLists(text string) (lists []string) {
	for end := len(text); ; {
		stop := strings.LastIndexByte(text[:end], ']')
		if stop < 0 {
			return lists
		}
		start := strings.LastIndexAny(text[:stop], "[]")
		if start < 0 {
			return lists
		}
		if text[start] == '[' {
			lists = append(lists, text[start:stop+1])
			end = start
		} else {
			end = start + 1
		}
	}
}

// integers are the whole numbers of a JSON list: fractions are cut off, digits
// in quotes count, anything else is passed over.
func integers(list string) (out []int) {
	v, err := Ordered(list)
	values, ok := v.([]any)
	if err != nil || !ok {
		return nil
	}
	for _, v := range values {
		switch v := v.(type) {
		case json.Number:
			if f, err := v.Float64(); err == nil && math.Abs(f) < 1<<31 {
				out = append(out, int(f))
			}
		case string:
			if n, err := strconv.Atoi(trim(v)); err == nil && n >= 0 {
				out = append(out, n)
			}
		}
	}
	return out
}
