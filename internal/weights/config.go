package weights

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"olmoeval/internal/gguf"
)

// maxMeta bounds a configuration file that is read whole.
const maxMeta = 256 << 20

// config are the fields of config.json that we read.
type config struct {
	Architectures []string `json:"architectures"`
	ModelType     string   `json:"model_type"`
	TorchDType    string   `json:"torch_dtype"`
	DType         string   `json:"dtype"`
	MaxPositions  int      `json:"max_position_embeddings"`
	Positions     int      `json:"n_positions"`
	MaxSeqLen     int      `json:"max_seq_len"`
	MaxSequence   int      `json:"max_sequence_length"`
	SeqLength     int      `json:"seq_length"`
	Text          *config  `json:"text_config"`
}

// readConfig takes what the configuration says. An unusual value is no reason
// to refuse a checkpoint: the server decides.
func (i *Info) readConfig(dir string, p Parts) error {
	if slices.Contains(p.Meta, "config.json") {
		var c config
		if err := readJSON(filepath.Join(dir, "config.json"), &c); err != nil {
			return err
		}
		i.take(c)
		if i.Kind == HF && c.ModelType == "" && len(c.Architectures) == 0 {
			i.Kind = Unknown
			i.Missing = append(i.Missing, "model_type in config.json")
		}
	}
	if i.Kind == Unknown && slices.Contains(p.Meta, "adapter_config.json") {
		i.Missing = append(i.Missing, "the model that this adapter belongs to (merge the adapter into it)")
	}
	i.ChatTemplate = slices.ContainsFunc(p.Meta, func(n string) bool { return strings.HasPrefix(n, "chat_template.") })
	if i.ChatTemplate || !slices.Contains(p.Meta, "tokenizer_config.json") {
		return nil
	}
	var t struct {
		ChatTemplate any `json:"chat_template"`
	}
	if err := readJSON(filepath.Join(dir, "tokenizer_config.json"), &t); err != nil {
		return err
	}
	switch v := t.ChatTemplate.(type) {
	case string:
		i.ChatTemplate = v != ""
	case []any:
		i.ChatTemplate = len(v) > 0
	}
	return nil
}

// take copies what a configuration says; what it leaves open, the part about
// text of a model of several senses may say.
func (i *Info) take(c config) {
	if len(c.Architectures) > 0 && i.Architecture == "" {
		i.Architecture = c.Architectures[0]
	}
	if i.DType == "" {
		i.DType = strings.TrimPrefix(first(c.DType, c.TorchDType), "torch.")
	}
	for _, n := range []int{c.MaxPositions, c.Positions, c.MaxSeqLen, c.MaxSequence, c.SeqLength} {
		if i.MaxPositions == 0 && n > 0 {
			i.MaxPositions = n
		}
	}
	if c.Text != nil {
		i.take(*c.Text)
	}
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// readJSON reads a file whose fields may have other types than ours: those are
// as if they were not there.
func readJSON(path string, into any) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if st.Size() > maxMeta {
		return fmt.Errorf("%s has %d bytes: no configuration", path, st.Size())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	err = json.Unmarshal(raw, into)
	var other *json.UnmarshalTypeError
	if errors.As(err, &other) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// readIndex are the files that an index of weights names.
func readIndex(path string) ([]string, error) {
	var index struct {
		Map map[string]string `json:"weight_map"`
	}
	err := readJSON(path, &index)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []string
	for _, f := range index.Map {
		out = append(out, f)
	}
	slices.Sort(out)
	return slices.Compact(out), err
}

// readGGUF takes what the header of a GGUF file says.
func (i *Info) readGGUF() error {
	f, err := gguf.Open(i.Path)
	if err != nil {
		return err
	}
	i.Architecture, i.MaxPositions, i.ChatTemplate = f.Architecture(), f.ContextLength(), f.ChatTemplate() != ""
	if f.Text("tokenizer.ggml.model") != "" {
		i.Tokenizer = []string{filepath.Base(i.Path)}
	}
	if len(i.Weights) == 1 {
		for t := range f.Tensors {
			i.Parameters += int64(f.Tensors[t].Elements())
		}
	}
	return nil
}
