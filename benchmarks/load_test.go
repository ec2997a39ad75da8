package benchmarks

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"olmoeval/catalog"
	"olmoeval/dataset"
	"olmoeval/eval"
	"olmoeval/internal/corpus"
	"olmoeval/internal/pyrand"
	"olmoeval/metric"
)

func decode(t testing.TB, r io.Reader, into any) {
	t.Helper()
	dec := json.NewDecoder(r)
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		t.Fatal(err)
	}
}

func unzip(t testing.TB, name string) io.Reader {
	t.Helper()
	f, err := os.Open(filepath.Join(corpus.Dir(t), name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// eachLine calls f with each row of a recorded file.
func eachLine(t testing.TB, name string, f func(line []byte)) {
	t.Helper()
	s := bufio.NewScanner(unzip(t, name))
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		f(s.Bytes())
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}

func ours(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.New(metric.ByID, All())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// covered reports whether a spec of the reference belongs to the families here.
func covered(spec string) bool {
	for _, family := range []string{"arc_easy", "arc_challenge", "gsm8k", "gsm_symbolic", "mmlu_", "sciq", "hellaswag", "csqa", "piqa", "socialiqa", "winogrande", "coqa", "squad", "medmcqa", "medqa", "qasper_yesno", "sciriff_yesno", "basic_skills_", "lambada", "drop", "naturalqs", "jeopardy", "zebralogic", "litsearch_rerank", "geneturing_", "gpqa_", "lab_bench_"} {
		if strings.HasPrefix(spec, family) {
			return true
		}
	}
	return false
}

func resolve(t testing.TB, c *catalog.Catalog, spec string) *eval.Task {
	t.Helper()
	r, err := c.Resolve(spec, nil)
	if err != nil {
		t.Fatalf("%s: %v", spec, err)
	}
	return &r.Task
}

func mirror(t testing.TB) *dataset.Store {
	opt := dataset.OptionsFromEnv(func(string) string { return "" })
	opt.Mirror = filepath.Join(corpus.Dir(t), "mirror")
	opt.Offline = true
	opt.Bundled = Bundled()
	return dataset.New(opt)
}

// load reads a task's selected instances and its worked examples.
func load(data eval.Data, t *eval.Task) (instances, shots []*eval.Instance, err error) {
	if t.Prompt, err = fetchTexts(data, t.Prompt); err != nil {
		return nil, nil, err
	}
	sel := t.Selection()
	index := 0
	for _, split := range sel.Splits {
		err := eachDoc(data, t, split, func(d eval.Doc) error {
			in, err := t.Instance(d, index)
			if in != nil {
				instances = append(instances, in)
			}
			index++
			return err
		})
		if err != nil {
			return nil, nil, err
		}
	}
	if t.Limit != nil && *t.Limit < len(instances) {
		instances = pick(instances, pyrand.New(sel.Seed).Sample(len(instances), *t.Limit))
	}
	shots, err = loadShots(data, t)
	return instances, shots, err
}

// fetchTexts fills in the published texts of a prompt.
func fetchTexts(data eval.Data, f eval.Formatter) (eval.Formatter, error) {
	p, ok := f.(eval.TextFormatter)
	if !ok {
		return f, nil
	}
	texts := map[string]string{}
	for _, name := range p.Texts() {
		text, err := data.Text(context.Background(), name)
		if err != nil {
			return nil, err
		}
		texts[name] = text
	}
	return p.WithTexts(texts), nil
}

func loadShots(data eval.Data, t *eval.Task) (shots []*eval.Instance, err error) {
	f := t.Fewshot
	if f.Num == 0 {
		return nil, nil
	}
	index := 0
	take := func(d eval.Doc) error {
		in, err := t.Shot(d, index)
		if in != nil {
			shots = append(shots, in)
		}
		index++
		return err
	}
	if f.Set != "" {
		docs, err := data.Shots(context.Background(), f.Set)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			if err := take(d); err != nil {
				return nil, err
			}
		}
	} else if err := eachDoc(data, t, f.Split, take); err != nil {
		return nil, err
	}
	n := min(f.Num, len(shots))
	type drawer interface {
		DrawShots(n, k int, seed int64) []int
	}
	if p, ok := t.Prompt.(drawer); ok && f.Set == "" && f.Draw {
		return pick(shots, p.DrawShots(len(shots), f.Num, f.Seed)), nil
	}
	if f.Set == "" && f.Draw {
		return pick(shots, pyrand.New(f.Seed).Sample(len(shots), n)), nil
	}
	return shots[:n], nil
}

func eachDoc(data eval.Data, t *eval.Task, split string, f func(eval.Doc) error) error {
	rows, err := data.Open(context.Background(), t.Source, split)
	if err != nil {
		return err
	}
	for row, err := range rows.All(context.Background()) {
		if err != nil {
			return err
		}
		d, err := dataset.Decode(row)
		items := []eval.Doc{d}
		if err == nil && t.Unfold != nil {
			items, err = t.Unfold(d)
		}
		for _, d := range items {
			if err == nil {
				err = f(d)
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", row.Where(), err)
		}
	}
	return nil
}

func pick(from []*eval.Instance, at []int) []*eval.Instance {
	out := make([]*eval.Instance, len(at))
	for i, j := range at {
		out[i] = from[j]
	}
	return out
}

// plain is v as decoded JSON without null and empty parts.
func plain(t testing.TB, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return corpus.Prune(out)
}

// same compares without null and empty parts, numbers by value.
func same(t testing.TB, got, want any) bool {
	t.Helper()
	return reflect.DeepEqual(plain(t, got), plain(t, want))
}

// without is m less some keys.
func without(m map[string]any, keys ...string) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		if !slices.Contains(keys, k) {
			out[k] = v
		}
	}
	return out
}

func requestOfFirst(t testing.TB, task *eval.Task, data eval.Data) *eval.Request {
	t.Helper()
	req, _ := firstOf(t, task, data)
	return req
}

// firstOf is the request of a task's first instance, and how many instances it
// has.
func firstOf(t testing.TB, task *eval.Task, data eval.Data) (req *eval.Request, instances int) {
	t.Helper()
	all, shots, err := load(data, task)
	if err != nil {
		t.Fatalf("%s: %v", task.Name, err)
	}
	render, err := task.Prompt.Prepare(shots)
	if err != nil {
		t.Fatalf("%s: %v", task.Name, err)
	}
	if req, err = render(all[0]); err != nil {
		t.Fatalf("%s: %v", task.Name, err)
	}
	return req, len(all)
}

// checkFirst checks how many instances a spec has, and how many continuations
// its first.
func checkFirst(t testing.TB, data eval.Data, task *eval.Task, spec string, instances, continuations int) {
	t.Helper()
	req, n := firstOf(t, task, data)
	if n != instances || len(req.Continuations) != continuations {
		t.Errorf("%s: %d instances, %d continuations, want %d and %d", spec, n, len(req.Continuations), instances, continuations)
	}
}

// checkShared checks the part of a spec's prompts before the evaluated
// question, by its characters and the first half of its SHA-256.
func checkShared(t testing.TB, spec, sum string, chars int) {
	t.Helper()
	req := requestOfFirst(t, resolve(t, ours(t), spec), mirror(t))
	shared := req.Prompt[:req.Shared]
	digest := sha256.Sum256([]byte(shared))
	if got := hex.EncodeToString(digest[:16]); got != sum || len([]rune(shared)) != chars {
		t.Errorf("%s: %d characters, %s; want %d, %s", spec, len([]rune(shared)), got, chars, sum)
	}
}
