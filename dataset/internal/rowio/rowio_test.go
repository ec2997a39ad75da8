package rowio

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"olmoeval/eval"
)

func gz(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zst(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

// read returns the rows of one file as compact JSON, and the errors.
func read(t testing.TB, name string, content []byte) (rows []string, errs []error, sum string) {
	t.Helper()
	h := sha256.New()
	in := Input{Name: name, Path: name, FS: fstest.MapFS{name: {Data: content}}}
	for row, err := range in.Rows(context.Background(), h) {
		switch {
		case err != nil:
			errs = append(errs, err)
		case row.Doc != nil:
			b, err := json.Marshal(row.Doc)
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, string(b))
		default:
			rows = append(rows, fmt.Sprintf("%d:%s", row.Line, row.Raw))
		}
	}
	return rows, errs, fmt.Sprintf("%x", h.Sum(nil))
}

func TestFormats(t *testing.T) {
	parquet, err := os.ReadFile("testdata/nested.parquet")
	if err != nil {
		t.Fatal(err)
	}
	docs := []string{`{"id":1,"text":"a, \"b\""}`, `{"id":2,"text":"zwölf\n🎵"}`}
	cells := []string{`{"id":"1","text":"a, \"b\""}`, `{"id":"2","text":"zwölf\n🎵"}`}
	lines := []string{"1:" + docs[0], "2:" + docs[1]}
	jsonl := docs[0] + "\n" + docs[1] + "\n"
	for _, c := range []struct {
		name, content string
		want          []string
	}{
		{"rows.jsonl", jsonl, lines},
		{"noend.jsonl", strings.TrimSuffix(jsonl, "\n"), lines},
		{"windows.jsonl", "\xef\xbb\xbf" + strings.ReplaceAll(jsonl, "\n", "\r\n"), lines},
		{"blank.jsonl", "\n" + docs[0] + "\n  \r\n" + docs[1] + "\n\n", []string{"2:" + docs[0], "4:" + docs[1]}},
		{"array.json", "\xef\xbb\xbf[" + docs[0] + ",\n" + docs[1] + "]\n", lines},
		{"pretty.json", "[\n {\n  \"a\": 1\n },\n {\"b\": [2, \"]\\\"\"]}\n]", []string{"2:{\n  \"a\": 1\n }", "5:{\"b\": [2, \"]\\\"\"]}"}},
		{"object.json", `{"version": {"x": [1]}, "data": [` + docs[0] + `], "n": 1}`, []string{"1:" + docs[0]}},
		{"precedence.json", `{"items": [{"no":1}], "data": [` + docs[0] + `]}`, []string{"1:" + docs[0]}},
		{"lines.json", jsonl, lines},
		{"lineskey.json", `{"data":[1]}` + "\n" + `{"data":[2]}` + "\n", []string{`1:{"data":[1]}`, `2:{"data":[2]}`}},
		{"table.csv", "id,text\n1,\"a, \"\"b\"\"\"\n2,\"zwölf\n🎵\"\n", cells},
		{"bom.csv", "\xef\xbb\xbfid,text\r\n1,\"a, \"\"b\"\"\"\r\n", cells[:1]},
		{"table.tsv", "id\ttext\n1\t\"a, \"\"b\"\"\"\n", cells[:1]},
		{"nested.parquet", string(parquet), nested},
	} {
		for suffix, pack := range map[string]func(testing.TB, []byte) []byte{
			"":     func(_ testing.TB, b []byte) []byte { return b },
			".gz":  gz,
			".zst": zst,
		} {
			content := pack(t, []byte(c.content))
			rows, errs, sum := read(t, c.name+suffix, content)
			if len(errs) > 0 || strings.Join(rows, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("%s%s: got %v\n%s\nwant\n%s", c.name, suffix, errs, strings.Join(rows, "\n"), strings.Join(c.want, "\n"))
			}
			if want := fmt.Sprintf("%x", sha256.Sum256(content)); sum != want {
				t.Errorf("%s%s: digest %s, want %s", c.name, suffix, sum, want)
			}
		}
	}
}

// nested is testdata/nested.parquet, which another library wrote.
var nested = []string{
	`{"answers":{"start":[1,2],"text":["x","y"]},"at":"2024-02-29T12:30:15.25","atz":"2024-02-29T12:30:15Z","big":18446744073709551615,"choices":["a","b"],"clock":"01:02:03.004","day":"2024-02-29","flag":true,"holes":[1,null,3],"id":1,"large":"L","map":{"k":1,"l":null},"nested":[[1,2],[]],"price":12.30,"raw":"/wA=","score":0.1,"single":0.10000000149011612,"small":7,"text":"plain","turns":[{"content":"hi","n":null,"role":"user"},{"content":null,"n":2,"role":"bot"}]}`,
	`{"answers":{"start":[],"text":[]},"at":null,"atz":null,"big":0,"choices":[],"clock":null,"day":null,"flag":null,"holes":[null],"id":2,"large":null,"map":{},"nested":[],"price":null,"raw":"ok","score":2.5,"single":1.5,"small":null,"text":"émoji 🎵","turns":null}`,
	`{"answers":null,"at":"1970-01-01T00:00:00","atz":"1970-01-01T00:00:00Z","big":null,"choices":null,"clock":"00:00:00","day":"1969-12-31","flag":false,"holes":null,"id":3,"large":"","map":null,"nested":[[3]],"price":-0.05,"raw":null,"score":3.0,"single":null,"small":-7,"text":null,"turns":[]}`,
}

func TestMalformed(t *testing.T) {
	parquet, err := os.ReadFile("testdata/nested.parquet")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, content string
		rows          int
		errs          []string // all but the last are rows' errors
		last          bool     // the last one is a row's error too
	}{
		{"a.csv", "id,text\n1\n2,b\n3,c,d\n", 1, []string{"a.csv:2: 1 fields where the header has 2", "a.csv:4: 3 fields"}, true},
		{"b.csv", "id,text\n1,x\"y\n2,b\n", 1, []string{"b.csv:2: bare \""}, true},
		{"c.csv", "id,text\n1,\"open\n2,b\n", 0, []string{"c.csv:2: line"}, true},
		{"d.csv", "", 0, []string{"d.csv: empty file"}, false},
		{"e.csv", "id,id\n1,2\n", 0, []string{"e.csv:1: two columns are called \"id\""}, false},
		{"a.json", "[{\"a\":1}\n{\"b\":2}]", 1, []string{"a.json:2: want , or ], got '{'"}, false},
		{"b.json", "[{\"a\":1},\n{\"b\":", 1, []string{"b.json:2: unexpected EOF"}, false},
		{"c.json", "[{\"a\":1}]\n]", 1, []string{"c.json:2: ']' after the end"}, false},
		{"d.json", "{\"rows\":[{}], \"more\":1}", 0, []string{"d.json: an object without an array of rows under data, instances, examples, items, records; it has the keys rows, more"}, false},
		{"e.json", "", 0, []string{"e.json: empty file"}, false},
		{"f.json", "12", 0, []string{"f.json:1: want an array of rows or an object, got '1'"}, false},
		{"g.json", "[{},]", 1, []string{"g.json:1: want a value, got ']'"}, false},
		{"h.json", "{\"data\":[{\"a\":1}]", 0, []string{"h.json:1: unexpected end of file"}, false},
		{"a.jsonl.gz", string(gz(t, []byte("{}\n{}\n"))[:12]), 0, []string{"a.jsonl.gz"}, false},
		{"b.jsonl.gz", "{}\n", 0, []string{"b.jsonl.gz: gzip"}, false},
		{"c.jsonl.zst", "{}\n", 0, []string{"c.jsonl.zst"}, false},
		{"a.parquet", "PAR1 this is none", 0, []string{"a.parquet: not a parquet file"}, false},
		{"b.parquet", string(parquet[:len(parquet)/2]), 0, []string{"b.parquet: not a parquet file"}, false},
		{"c.parquet", "", 0, []string{"c.parquet: not a parquet file"}, false},
		{"a.txt", "x", 0, []string{"a.txt: not a file of rows; known: .jsonl"}, false},
	} {
		rows, errs, _ := read(t, c.name, []byte(c.content))
		if len(rows) != c.rows || len(errs) != len(c.errs) {
			t.Errorf("%s: %d rows, errors %v", c.name, len(rows), errs)
			continue
		}
		for i, err := range errs {
			var bad *eval.RowError
			isRow := i < len(errs)-1 || c.last
			if !strings.HasPrefix(err.Error(), c.errs[i]) || errors.As(err, &bad) != isRow || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: error %d is %q (a row's: %v), want %q", c.name, i, err, !isRow, c.errs[i])
			}
		}
	}
}

// A damaged parquet file is an error or other rows, never a panic or fewer
// rows than the footer says.
func TestDamagedParquet(t *testing.T) {
	good, err := os.ReadFile("testdata/nested.parquet")
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(good); at += 7 {
		bad := bytes.Clone(good)
		bad[at] ^= 0x55
		rows, errs, _ := read(t, "x.parquet", bad)
		if len(errs) == 0 && len(rows) != 3 {
			t.Errorf("byte %d: %d rows and no error", at, len(rows))
		}
	}
}

func TestStopAndCancel(t *testing.T) {
	parquet, _ := os.ReadFile("testdata/nested.parquet")
	for name, content := range map[string]string{
		"a.jsonl": "{}\n{}\n{}\n", "a.json": "[{},{},{}]", "a.csv": "a\n1\n2\n3\n", "a.parquet": string(parquet),
	} {
		in := Input{Name: name, Path: name, FS: fstest.MapFS{name: {Data: []byte(content)}}}
		n := 0
		for _, err := range in.Rows(context.Background(), nil) {
			if n++; err != nil || n == 2 {
				break
			}
		}
		if n != 2 {
			t.Errorf("%s: stopped after %d rows", name, n)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for _, err := range in.Rows(ctx, nil) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: cancelled: %v", name, err)
			}
		}
	}
}

// The consumer's own panic is not taken for a malformed file.
func TestConsumerPanic(t *testing.T) {
	defer func() {
		if p := recover(); p != "mine" {
			t.Errorf("recovered %v", p)
		}
	}()
	for range (Input{Name: "n", Path: "testdata/nested.parquet"}).Rows(context.Background(), nil) {
		panic("mine")
	}
}

func TestLongLine(t *testing.T) {
	long := `{"a":"` + strings.Repeat("x", 3*bufSize) + `"}`
	for name, content := range map[string]string{"a.jsonl": long + "\n{}", "a.json": "[" + long + ",{}]"} {
		rows, errs, _ := read(t, name, []byte(content))
		if len(errs) > 0 || len(rows) != 2 || rows[0] != "1:"+long {
			t.Errorf("%s: %d rows, %v", name, len(rows), errs)
		}
	}
}

func FuzzReaders(f *testing.F) {
	parquet, _ := os.ReadFile("testdata/nested.parquet")
	f.Add(0, []byte("{\"a\":1}\r\n\n{"))
	f.Add(1, []byte(`{"x":[{"a":"]"}],"data":[{},{"b":[1,"\""]}]}`))
	f.Add(1, []byte("{}\n{}"))
	f.Add(2, []byte("a,b\n1,\"2\"\n"))
	f.Add(3, []byte("a\tb\n1\n"))
	f.Add(4, parquet)
	names := []string{"a.jsonl", "a.json", "a.csv", "a.tsv", "a.parquet", "a.jsonl.gz", "a.json.zst"}
	f.Fuzz(func(t *testing.T, kind int, content []byte) {
		name := names[((kind%len(names))+len(names))%len(names)]
		in := Input{Name: name, Path: name, FS: fstest.MapFS{name: {Data: content}}}
		ended := false
		for row, err := range in.Rows(context.Background(), nil) {
			if ended {
				t.Fatal("rows after the last error")
			}
			var bad *eval.RowError
			ended = err != nil && !errors.As(err, &bad)
			if err == nil && row.Doc == nil && len(row.Raw) == 0 {
				t.Fatal("an empty row")
			}
		}
		// A valid array is read as its elements.
		var want []json.RawMessage
		if name == "a.json" && json.Unmarshal(content, &want) == nil && content[0] == '[' {
			rows, errs, _ := read(t, name, content)
			if len(errs) > 0 || len(rows) != len(want) {
				t.Fatalf("%d rows of %d, %v", len(rows), len(want), errs)
			}
		}
	})
}

func BenchmarkJSONL(b *testing.B) {
	line := `{"question": "` + strings.Repeat("How many clips did she sell in April and May? ", 9) + `", "answer": "` + strings.Repeat("48/2 = 24 clips. ", 14) + `#### 72"}` + "\n"
	file := filepath.Join(b.TempDir(), "rows.jsonl")
	content := []byte(strings.Repeat(line, 64<<20/len(line)))
	if err := os.WriteFile(file, content, 0o666); err != nil {
		b.Fatal(err)
	}
	for _, digest := range []bool{true, false} {
		b.Run(fmt.Sprintf("digest=%v", digest), func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				var err error
				if digest {
					err = drain(Input{Name: file, Path: file}.Rows(context.Background(), sha256.New()))
				} else {
					err = drain(Input{Name: file, Path: file}.Rows(context.Background(), nil))
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func drain(rows func(func(eval.Row, error) bool)) error {
	for _, err := range rows {
		if err != nil {
			return err
		}
	}
	return nil
}
