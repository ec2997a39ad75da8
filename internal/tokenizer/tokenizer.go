package tokenizer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/goccy/go-json"
)

// Tokenizer turns text into ids. It does not change; many goroutines may use it.
type Tokenizer struct {
	normalizer    normalizer
	preTokenizers []preTokenizer
	words         words
	decoder       decoder
	around        around
	raw, shaped   trie // of added tokens: in the text as given, and normalized

	ids     map[string]int32 // of the model
	added   map[string]*AddedToken
	texts   []string // by id; has says which are there
	has     []bool
	special map[int]bool

	byteLevel bool // texts of tokens are bytes written as characters
	config    config
}

// Token is one token of a text with the bytes it covers. Tokens that were added
// cover nothing; tokens that share a character cover a part of it each.
type Token struct {
	ID       int
	From, To int
}

// maxFile bounds what is read of a file, and maxAdded the texts of added tokens.
const (
	maxFile  = 256 << 20
	maxAdded = 4 << 20
)

// Open reads a tokenizer from a folder that has a tokenizer.json, or from such a
// file; the other files are looked for beside it.
func Open(path string) (*Tokenizer, error) {
	file, dir := path, filepath.Dir(path)
	if info, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	} else if info.IsDir() {
		file, dir = filepath.Join(path, "tokenizer.json"), path
	}
	b, err := readFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("tokenizer: %s has no tokenizer.json: convert the checkpoint's tokenizer, or name the folder that has one", path)
	}
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	c, err := readConfig(dir)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	t, err := parse(b, c)
	if err != nil {
		return nil, fmt.Errorf("tokenizer %s: %w", file, err)
	}
	return t, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%s is larger than %d MiB", path, maxFile>>20)
	}
	return b, err
}

// Parse reads a tokenizer from the contents of a tokenizer.json and, if not
// empty, of a tokenizer_config.json.
func Parse(tokenizerJSON, configJSON []byte) (*Tokenizer, error) {
	var c config
	if len(configJSON) > 0 {
		if err := c.add(configJSON); err != nil {
			return nil, fmt.Errorf("tokenizer_config.json: %w", err)
		}
	}
	return parse(tokenizerJSON, c)
}

func parse(b []byte, c config) (*Tokenizer, error) {
	var f tokenizerFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, err
	}
	if f.Model == nil {
		return nil, errors.New("has no model")
	}
	t := &Tokenizer{config: c, special: map[int]bool{}, added: map[string]*AddedToken{}}
	for _, step := range []func(*tokenizerFile) error{t.setModel, t.setSteps, t.setAdded, t.setAround} {
		if err := step(&f); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// newModel makes the model of a file.
func newModel(f *modelFile) (model, error) {
	switch {
	case f.Type == "BPE", f.Type == "" && f.Merges.pairs != nil:
		return newBPE(f)
	case f.Type == "Unigram":
		return newUnigram(f)
	case f.Type == "WordPiece":
		return newWordPiece(f)
	}
	return nil, fmt.Errorf("model %q is not supported: want BPE, Unigram or WordPiece", f.Type)
}

func (t *Tokenizer) setModel(f *tokenizerFile) error {
	for text, id := range f.Model.Vocab.ids {
		if id < 0 || id >= maxID {
			return fmt.Errorf("token %.40q: id %d is not between 0 and %d", text, id, maxID-1)
		}
	}
	m, err := newModel(f.Model)
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	t.words.model, t.ids = m, m.vocabulary()
	for text, id := range t.ids {
		t.setText(int(id), text)
	}
	if b, ok := m.(*bpe); ok && b.neverJoins(f.Model.Merges.pairs, "▁") {
		t.words.mark = "▁"
	}
	return nil
}

// setText notes the text of an id; of two texts the first in order stands.
func (t *Tokenizer) setText(id int, text string) {
	for id >= len(t.texts) {
		n := max(id+1, 2*len(t.texts), len(t.ids))
		t.texts = append(t.texts, make([]string, n-len(t.texts))...)
		t.has = append(t.has, make([]bool, n-len(t.has))...)
	}
	if !t.has[id] || text < t.texts[id] {
		t.texts[id], t.has[id] = text, true
	}
}

func (t *Tokenizer) setSteps(f *tokenizerFile) (err error) {
	if f.Normalizer != nil {
		if t.normalizer, err = newNormalizer(f.Normalizer); err != nil {
			return err
		}
		t.byteLevel = f.Normalizer.hasByteLevel()
	}
	if f.PreTokenizer != nil {
		if t.preTokenizers, t.words.byteLevel, err = newPreTokenizers(f.PreTokenizer); err != nil {
			return err
		}
		t.byteLevel = t.byteLevel || f.PreTokenizer.hasByteLevel()
	}
	if t.words.byteLevel {
		t.words.mark = ""
	}
	if f.Decoder != nil {
		t.decoder, err = newDecoder(f.Decoder)
	}
	return err
}

func (f *normalizerFile) hasByteLevel() bool {
	for i := range f.Normalizers {
		if f.Normalizers[i].hasByteLevel() {
			return true
		}
	}
	return f.Type == "ByteLevel"
}

func (f *preTokenizerFile) hasByteLevel() bool {
	for i := range f.PreTokenizers {
		if f.PreTokenizers[i].hasByteLevel() {
			return true
		}
	}
	return f.Type == "ByteLevel"
}

func (t *Tokenizer) setAdded(f *tokenizerFile) error {
	size := 0
	for _, a := range append(f.Added, t.config.added...) {
		if size += len(a.Content); size > maxAdded {
			return fmt.Errorf("the added tokens have more than %d bytes", maxAdded)
		}
		if a.ID < 0 || a.ID >= maxID {
			return fmt.Errorf("added token %.40q: id %d is not between 0 and %d", a.Content, a.ID, maxID-1)
		}
		if a.Content == "" || t.added[a.Content] != nil {
			continue
		}
		t.added[a.Content] = &a
		if a.Special {
			t.special[a.ID] = true
		}
		t.setText(a.ID, "")
		t.texts[a.ID] = a.Content
		if !a.Normalized || t.normalizer == nil {
			t.raw.add(a.Content, &a)
			continue
		}
		p, err := t.normalizer(piece{text: a.Content, job: newJob(len(a.Content))})
		if err != nil {
			return err
		}
		t.shaped.add(p.text, &a)
	}
	return nil
}
