package answer

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"olmoeval/eval"
)

func TestLastObject(t *testing.T) {
	for text, want := range map[string]string{
		`x {"a": 1} y {"b": {"c": [1, "}"]}} z`: "",
		`{"a": 1} {"b": {"c": 2}} end`:          "b=[{c 2}]",
		`} {"a": "x` + "\n" + `y"}`:             "a=xy",
		`{"a": 1} {"b": `:                       "a=1",
		`{ {"a": 1}`:                            "",
		`{"a": 1} {b}`:                          "",
		`{"a": 1, "b": 2, "a": 3}`:              "a=3 b=2",
		`{}`:                                    "",
		`{"a": 1,}`:                             "",
		`{"a": null, "b": true}`:                "a=<nil> b=true",
		"none":                                  "",
	} {
		o, _ := LastObject(text)
		var parts []string
		for _, m := range o {
			parts = append(parts, m.Name+"="+strings.ReplaceAll(strings.Trim(strings.TrimSpace(sprint(m.Value)), " "), "\n", ""))
		}
		if got := strings.Join(parts, " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if o, ok := LastObject(strings.Repeat(`{"a":`, 3000) + "1" + strings.Repeat("}", 3000)); ok {
		t.Errorf("a value nested too deep: %d members", len(o))
	}
}

func sprint(v any) string {
	switch v := v.(type) {
	case nil:
		return "<nil>"
	case string:
		return v
	case Object:
		s := "["
		for _, m := range v {
			s += "{" + m.Name + " " + sprint(m.Value) + "}"
		}
		return s + "]"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func TestOrderedRefuses(t *testing.T) {
	for _, text := range []string{"", "1 2", "[1,]", `{"a" 1}`, `{1: 2}`, "[", "nul", `{"a":1}]`} {
		if v, err := Ordered(text); err == nil {
			t.Errorf("%q is %v", text, v)
		}
	}
}

func TestRanking(t *testing.T) {
	e := Ranking{Name: "ranked_papers", IDs: "ids"}
	in := &eval.Instance{Metadata: map[string]any{"ids": []any{"a", "b", "c"}}}
	for text, want := range map[string][]any{
		`{"ranked_papers": [3, 1, 3, 0, 9, -1, 2]}`:                       {"c", "a", "b"},
		`{"ranked_papers": [1]} or rather "ranked_papers" : [2]`:          {"b"},
		`[1] then {"ranked_papers": []}`:                                  {},
		`{"ranked_papers": [1, 2,]} and [3]`:                              {},
		`{"ranked_papers": [[1]]} and [2, "3", " 1 ", 1.9, true, null] x`: {"b", "c", "a"},
		`{"ranked_papers": 1} see [2] and [x]`:                            {"b"},
		`"ranked_papers": [1e999, 2.9]`:                                   {"b"},
		`[] nothing`:                                                      {},
		`[[3, 2]`:                                                         {"c", "b"},
		``:                                                                {},
	} {
		if got := e.Extract(in, &eval.Output{Text: text}); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if got := e.Extract(&eval.Instance{}, &eval.Output{Text: "[1]"}); !reflect.DeepEqual(got, []any{}) {
		t.Errorf("without candidates: %v", got)
	}
}

// FuzzLists holds the scans for lists against the patterns that define them.
func FuzzLists(f *testing.F) {
	named, inner := regexp.MustCompile(`"n"[ \t\n]*:[ \t\n]*(\[[^\[\]]*\])`), regexp.MustCompile(`\[[^\[\]]*\]`)
	for _, s := range []string{`"n": [1] "n" : [2]`, `[[1]]`, `"n":[[1],[2]`, `]["n":[3`, `"n":["n":[1]]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lists := inner.FindAllString(text, -1)
		got := innerLists(text)
		if len(got) != len(lists) {
			t.Fatalf("%q: %q, want %q", text, got, lists)
		}
		for i := range got {
			if got[i] != lists[len(lists)-1-i] {
				t.Fatalf("%q: %q, want %q", text, got, lists)
			}
		}
		if strings.ContainsFunc(text, func(r rune) bool { return isSpace(r) && !strings.ContainsRune(" \t\n", r) }) {
			return // Go's pattern knows fewer spaces
		}
		var want []int
		if m := named.FindAllStringSubmatch(text, -1); m != nil {
			want = integers(m[len(m)-1][1])
		} else {
			for _, l := range got {
				if want = integers(l); len(want) > 0 {
					break
				}
			}
		}
		if n := (Ranking{Name: "n"}).numbers(text); len(n) != len(want) || len(n) > 0 && !reflect.DeepEqual(n, want) {
			t.Errorf("%q: %v, want %v", text, n, want)
		}
	})
}

func FuzzLastObject(f *testing.F) {
	for _, s := range []string{`{"a": [1, {"b": null}]}`, `}{`, `{"a": 1, "a": 2}`, "{\n}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, ok := LastObject(text)
		if ok != (o != nil) {
			t.Errorf("%q: %v, %v", text, o, ok)
		}
		v, err := Ordered(text)
		var plain any
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		bad := dec.Decode(&plain) != nil || dec.More() || !json.Valid([]byte(text))
		if bad != (err != nil) {
			t.Errorf("%q: %v, %v; encoding/json: bad %v", text, v, err, bad)
		}
		if err == nil && !reflect.DeepEqual(unordered(v), plain) {
			t.Errorf("%q: %v, want %v", text, v, plain)
		}
	})
}
