package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"olmoeval/eval"
)

func TestDecode(t *testing.T) {
	for raw, want := range map[string]eval.Doc{
		`{}`:                               {},
		` {"a":1.50,"b":[true,null]} `:     {"a": json.Number("1.50"), "b": []any{true, nil}},
		`{"a":{"b":12345678901234567890}}`: {"a": map[string]any{"b": json.Number("12345678901234567890")}},
		`{"a":1,"a":"\ud83c\udfb5\n"}`:     {"a": "🎵\n"},
	} {
		got, err := Decode(eval.Row{Raw: []byte(raw)})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v, %v", raw, got, err)
		}
	}
	for raw, want := range map[string]string{
		`{"a":1`:            `f.jsonl:7: malformed JSON: the line ends inside the object, after "{\"a\":1"`,
		`{"a":01}`:          `f.jsonl:7: malformed JSON at byte 7: invalid character '1' after object key:value pair, after "{\"a\":0"`,
		`{"a":1}}`:          `f.jsonl:7: malformed JSON at byte 8: invalid character '}' after top-level value`,
		`{"a":1} {"b":2}`:   `f.jsonl:7: malformed JSON at byte 9`,
		`{"a":NaN}`:         `f.jsonl:7: malformed JSON at byte 6: invalid character 'N'`,
		`[1,2]`:             `f.jsonl:7: want a JSON object, got [1,2]`,
		`"text"`:            `f.jsonl:7: want a JSON object, got "text"`,
		`null`:              `f.jsonl:7: want a JSON object, got null`,
		`a: 1`:              `f.jsonl:7: malformed JSON: want {, got "a: 1"`,
		"{\"a\":\"x\xff\"}": `f.jsonl:7: byte 8 is not UTF-8`,
		``:                  `f.jsonl:7: an empty row`,
	} {
		_, err := Decode(eval.Row{Raw: []byte(raw), File: "f.jsonl", Line: 7})
		var bad *eval.RowError
		if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %s", raw, err, want)
		}
	}
	doc := eval.Doc{"a": "b"}
	if got, err := Decode(eval.Row{Doc: doc}); err != nil || !reflect.DeepEqual(got, doc) {
		t.Errorf("%v, %v", got, err)
	}
}

// What the fast decoder takes, the standard one takes, to the same end.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,{"b":"\u00e9"}]}`, `{"a":1}}`, `{"a":-0.0,"b":null}`, `{"":""}`, `{"a":"\ud800"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := Decode(eval.Row{Raw: raw})
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.UseNumber()
		var want map[string]any
		stdErr := dec.Decode(&want)
		if stdErr == nil && dec.More() {
			stdErr = errors.New("more")
		}
		if err == nil && (stdErr != nil || !reflect.DeepEqual(map[string]any(got), want)) {
			t.Fatalf("%q: %v; the standard decoder: %v, %v", raw, got, want, stdErr)
		}
		if err == nil {
			RowsDigest([]eval.Doc{got})
		}
	})
}

func TestRowsDigest(t *testing.T) {
	// printf '%s\n%s' '{"a":"\u00e9<","b":[1,2.0,null]}' '{}' | sha256sum
	docs := []eval.Doc{{"b": []any{json.Number("1"), json.Number("2.0"), nil}, "a": "é<"}, {}}
	if got, want := RowsDigest(docs), TextDigest(`{"a":"\u00e9<","b":[1,2.0,null]}`+"\n{}"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestSecret(t *testing.T) {
	o := Options{HFToken: "hunter2", S3: S3{SecretKey: "hunter2", SessionToken: "hunter2"}, GCS: GCS{Token: "hunter2"}}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", o.HFToken, "options", o)
	raw, err := json.Marshal(o.S3)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(o), fmt.Sprintf("%+v %#v %s %q", o, o, o.HFToken, o.HFToken), string(raw), log.String()} {
		if strings.Contains(text, "hunter2") || !strings.Contains(text, "***") {
			t.Errorf("printed %s", text)
		}
	}
	if o.HFToken.Reveal() != "hunter2" || Secret("").String() != "" {
		t.Error("secret lost")
	}
}

var benchLine = []byte(`{"question": "` + strings.Repeat("How many clips did she sell in April and May? ", 9) + `", "answer": "` + strings.Repeat("48/2 = 24 clips. ", 14) + `#### 72", "id": 12}`)

func BenchmarkDecode(b *testing.B) {
	b.SetBytes(int64(len(benchLine)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(eval.Row{Raw: benchLine}); err != nil {
			b.Fatal(err)
		}
	}
}
