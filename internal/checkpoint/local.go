package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"olmoeval/internal/nearest"
	"olmoeval/internal/weights"
)

// resolveLocal checks a directory or a .gguf file.
func resolveLocal(ref Ref, o Options) (*Checkpoint, error) {
	abs, err := filepath.Abs(ref.Path)
	if err != nil {
		return nil, err
	}
	st, err := os.Stat(abs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("checkpoint %s: no such file or directory%s", ref.Path, sibling(abs))
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	c := &Checkpoint{Dir: abs, Source: abs}
	if !st.IsDir() {
		c.Dir = filepath.Dir(abs)
	}
	if o.TokenizerOnly && st.IsDir() {
		files, err := weights.List(abs)
		for _, f := range files {
			if weights.IsSmall(f.Name) {
				c.Files = append(c.Files, f.Name)
			}
		}
		if err == nil && len(c.Files) == 0 {
			err = errNoTokenizer
		}
		if err != nil {
			return nil, fmt.Errorf("checkpoint %s: %w", ref.Path, err)
		}
		return c, nil
	}
	if err := c.inspect(abs, o); err != nil {
		return nil, err
	}
	if !st.IsDir() {
		c.Files = c.Info.Weights
		return c, nil
	}
	files, err := weights.List(abs)
	if err != nil {
		return nil, fmt.Errorf("checkpoint %s: %w", ref.Path, err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	c.Files = weights.Sort(names).Files()
	return c, nil
}

// errNoTokenizer says that a tokenizer was asked for and there is none.
var errNoTokenizer = errors.New("no tokenizer files (tokenizer.json, tokenizer_config.json); give another with tokenizer=DIR")

// sibling is the name beside a missing one that was probably meant.
func sibling(path string) string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if n, ok := nearest.Name(filepath.Base(path), names); ok {
		return fmt.Sprintf("; did you mean %s?", filepath.Join(filepath.Dir(path), n))
	}
	return ""
}
