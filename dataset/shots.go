package dataset

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"olmoeval/dataset/internal/rowio"
	"olmoeval/eval"
)

// howMirror ends messages about sets and texts that cannot be had.
const howMirror = "name a directory that holds it with --mirror DIR or OLMO_EVAL_MIRROR"

// Shots are the rows of a few-shot set: from the mirror if it holds the set,
// else from the public data set or file it was published in. The digest is
// checked wherever they come from.
func (s *Store) Shots(ctx context.Context, name string) ([]eval.Doc, error) {
	docs, err := shared(ctx, s, "shots "+name, func(ctx context.Context) ([]eval.Doc, error) { return s.shots(ctx, name) })
	if err != nil {
		return nil, fmt.Errorf("few-shot set %q: %w", name, err)
	}
	return slices.Clone(docs), nil
}

func (s *Store) shots(ctx context.Context, name string) ([]eval.Doc, error) {
	def := knownSet(name)
	m, err := s.theMirror()
	if err != nil {
		return nil, err
	}
	if m != nil {
		if i := slices.IndexFunc(m.Fewshot, func(f mirrorFile) bool { return f.Name == name }); i >= 0 {
			return m.shots(ctx, m.Fewshot[i], def)
		}
	}
	if def == nil {
		return nil, fmt.Errorf("unknown%s; to supply your own, %s", hint(name, s.shotNames(m)), howMirror)
	}
	if docs := s.keptShots(ctx, def); docs != nil {
		return docs, nil
	}
	docs, err := s.publicShots(ctx, def)
	if err != nil {
		return nil, fmt.Errorf("%w; or %s", err, howMirror)
	}
	s.keepShots(def, docs)
	return docs, nil
}

// publicShots makes the set of public data, and if that cannot be had, or has
// other rows by now, reads it where it was published.
func (s *Store) publicShots(ctx context.Context, def *shotSet) ([]eval.Doc, error) {
	var built error
	if def.canBuild() {
		docs, err := s.buildShots(ctx, def)
		if err == nil || ctx.Err() != nil {
			return docs, err
		}
		built = err
		s.log.Debug("few-shot set not made of public data", "set", def.name, "error", err)
	}
	docs, err := s.publishedShots(ctx, def)
	if err != nil && built != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w; nor from where it was published: %w", built, err)
	}
	return docs, err
}

// shotNames are the sets that there are.
func (s *Store) shotNames(m *mirror) []string {
	var names []string
	for _, d := range shotSets() {
		names = append(names, d.name)
	}
	if m != nil {
		for _, f := range m.Fewshot {
			if !slices.Contains(names, f.Name) {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

// shots reads a set that the mirror holds.
func (m *mirror) shots(ctx context.Context, f mirrorFile, def *shotSet) ([]eval.Doc, error) {
	file := filepath.Join(m.dir, filepath.FromSlash(f.File))
	docs, err := readDocs(ctx, file)
	if err != nil {
		return nil, fmt.Errorf("mirror: %w", err)
	}
	if f.Rows != nil && *f.Rows != len(docs) {
		return nil, fmt.Errorf("mirror: %s: %d rows where the index says %d", file, len(docs), *f.Rows)
	}
	got := RowsDigest(docs)
	if f.SHA256 != "" && got != f.SHA256 {
		return nil, fmt.Errorf("mirror: %s: digest of the rows is %s where the index says %s", file, got, f.SHA256)
	}
	if def != nil && got != def.sha256 {
		return nil, fmt.Errorf("mirror: %s: digest of the rows is %s, of the set of this name %s; give other rows another name", file, got, def.sha256)
	}
	return docs, nil
}

func readDocs(ctx context.Context, file string) ([]eval.Doc, error) {
	return collect(ctx, newRows(eval.SourceInfo{}, []rowio.Input{{Name: file, Path: file}}))
}

// buildShots makes the set of public data.
func (s *Store) buildShots(ctx context.Context, def *shotSet) ([]eval.Doc, error) {
	var docs []eval.Doc
	if def.url != "" {
		file, err := s.download(ctx, def.url)
		if err != nil {
			return nil, err
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if docs, err = def.parse(raw); err != nil {
			return nil, fmt.Errorf("%s: %w", def.url, err)
		}
	} else {
		rows, err := s.Open(ctx, def.source, def.split)
		if err != nil {
			return nil, err
		}
		if docs, err = pickRows(ctx, rows, def); err != nil {
			return nil, fmt.Errorf("data %s: %w", describe(def.source, def.split), err)
		}
	}
	if got := RowsDigest(docs); got != def.sha256 {
		return nil, fmt.Errorf("the public rows are not those of the set: digest wanted %s, got %s", def.sha256, got)
	}
	return docs, nil
}

// pickRows takes the rows of the set out of a data set, in the set's order.
func pickRows(ctx context.Context, rows eval.Rows, def *shotSet) ([]eval.Doc, error) {
	found := map[string]eval.Doc{}
	for row, err := range rows.All(ctx) {
		if err != nil {
			return nil, err
		}
		doc, err := Decode(row)
		if err != nil {
			return nil, err
		}
		id := make([]string, len(def.key))
		for i, k := range def.key {
			if k == byDigest {
				id[i] = RowsDigest([]eval.Doc{keepFields(doc, def.fields)})
			} else {
				id[i] = doc.Text(k)
			}
		}
		if slices.ContainsFunc(def.pick, func(want []string) bool { return slices.Equal(want, id) }) {
			key := strings.Join(id, "\n")
			if found[key] != nil {
				return nil, fmt.Errorf("two rows with %s %s", strings.Join(def.key, ", "), strings.Join(id, ", "))
			}
			found[key] = keepFields(doc, def.fields)
		}
	}
	var docs []eval.Doc
	var missing []string
	for _, want := range def.pick {
		doc := found[strings.Join(want, "\n")]
		if doc == nil {
			missing = append(missing, strings.Join(want, "/"))
		}
		docs = append(docs, doc)
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("no row with %s %s: found %d of %d", strings.Join(def.key, "/"), strings.Join(missing, ", "),
			len(def.pick)-len(missing), len(def.pick))
	}
	return docs, nil
}

func keepFields(doc eval.Doc, fields []string) eval.Doc {
	if fields == nil {
		return doc
	}
	out := make(eval.Doc, len(fields))
	for _, f := range fields {
		if v, ok := doc[f]; ok {
			out[f] = v
		}
	}
	return out
}

// parseChainOfThought reads the worked examples of a harness task file: the
// samples of its few-shot section, whose targets end in "The answer is N.".
func parseChainOfThought(raw []byte) ([]eval.Doc, error) {
	var file struct {
		Fewshot struct {
			Samples []struct {
				Question string `yaml:"question"`
				Target   string `yaml:"target"`
			} `yaml:"samples"`
		} `yaml:"fewshot_config"`
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		return nil, errors.New(strings.SplitN(err.Error(), "\n", 2)[0])
	}
	const mark = "The answer is "
	var docs []eval.Doc
	for i, s := range file.Fewshot.Samples {
		at := strings.LastIndex(s.Target, mark)
		if at < 0 {
			return nil, fmt.Errorf("fewshot_config.samples[%d]: no %q in the target", i, mark)
		}
		docs = append(docs, eval.Doc{
			"question":     s.Question,
			"answer":       s.Target[:at] + "So the answer is " + s.Target[at+len(mark):],
			"short_answer": strings.TrimSuffix(strings.TrimSpace(s.Target[at+len(mark):]), "."),
		})
	}
	return docs, nil
}
