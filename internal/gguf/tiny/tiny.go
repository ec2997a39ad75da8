// Package tiny writes a small checkpoint with random weights, on which tests
// compare engines: a llama of two layers with grouped-query attention and a
// byte-level vocabulary with a few merges. The same seed gives the same bytes.
// Call [Write].
package tiny

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	"olmoeval/internal/gguf"
)

// The shape of the model.
const (
	Layers  = 2
	Width   = 64
	Heads   = 4
	KVHeads = 2
	Head    = Width / Heads
	Inner   = 160
	Context = 1024
	Epsilon = 1e-5
	Base    = 10000.0
)

// Special tokens, behind the 256 bytes.
const (
	BOS  = 256 // <s>
	EOS  = 257 // </s>
	Turn = 258 // <|im_start|>, begins a message
	End  = 259 // <|im_end|>, ends one
)

// Merges of the vocabulary, in order of rank; each is a pair of texts in which
// Ġ stands for a space. Token 260+i is the pair's concatenation.
var merges = [...]string{
	"t h", "Ġ t", "i n", "h e", "Ġ a", "Ġt he", "e r", "Ġ P", "a r", "i s", "ar is", "ĠP aris", "Ġ b", "a n", "th e", "h i", "in g",
}

// Vocab is the number of tokens.
const Vocab = 260 + len(merges)

// Template is the chat template of the file, in Jinja: ChatML.
const Template = `{% for m in messages %}<|im_start|>{{ m['role'] }}
{{ m['content'] }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`

// Config is what may differ between files.
type Config struct {
	Seed uint64
	// NoBOS leaves the token out of the metadata and adds none before texts.
	NoBOS bool
	// NoTemplate leaves out the chat template.
	NoTemplate bool
	// Scale is the standard deviation of weights times the square root of the
	// width; 0 means 1. Large values make sharp predictions.
	Scale float64
}

// Write writes the file.
func Write(w io.Writer, c Config) error {
	return gguf.Write(w, c.meta(), c.Weights())
}

func (c Config) meta() []gguf.KV {
	tokens, types := vocabulary()
	meta := []gguf.KV{
		{Key: "general.architecture", Value: "llama"},
		{Key: "general.name", Value: fmt.Sprintf("tiny-%d", c.Seed)},
		{Key: "llama.context_length", Value: uint32(Context)},
		{Key: "llama.embedding_length", Value: uint32(Width)},
		{Key: "llama.block_count", Value: uint32(Layers)},
		{Key: "llama.feed_forward_length", Value: uint32(Inner)},
		{Key: "llama.attention.head_count", Value: uint32(Heads)},
		{Key: "llama.attention.head_count_kv", Value: uint32(KVHeads)},
		{Key: "llama.attention.layer_norm_rms_epsilon", Value: float32(Epsilon)},
		{Key: "llama.rope.dimension_count", Value: uint32(Head)},
		{Key: "llama.rope.freq_base", Value: float32(Base)},
		{Key: "llama.vocab_size", Value: uint32(Vocab)},
		{Key: "tokenizer.ggml.model", Value: "gpt2"},
		{Key: "tokenizer.ggml.pre", Value: "gpt-2"},
		{Key: "tokenizer.ggml.tokens", Value: tokens},
		{Key: "tokenizer.ggml.token_type", Value: types},
		{Key: "tokenizer.ggml.merges", Value: merges[:]},
		{Key: "tokenizer.ggml.eos_token_id", Value: uint32(EOS)},
		{Key: "tokenizer.ggml.add_bos_token", Value: !c.NoBOS},
	}
	if !c.NoBOS {
		meta = append(meta, gguf.KV{Key: "tokenizer.ggml.bos_token_id", Value: uint32(BOS)})
	}
	if !c.NoTemplate {
		meta = append(meta, gguf.KV{Key: "tokenizer.chat_template", Value: Template})
	}
	return meta
}

// vocabulary is the text and the type (1 normal, 3 control) of each token.
func vocabulary() (tokens []string, types []int32) {
	for b := range 256 {
		tokens, types = append(tokens, string(Rune(byte(b)))), append(types, 1)
	}
	for _, s := range []string{"<s>", "</s>", "<|im_start|>", "<|im_end|>"} {
		tokens, types = append(tokens, s), append(types, 3)
	}
	for _, m := range merges {
		tokens, types = append(tokens, strings.Replace(m, " ", "", 1)), append(types, 1)
	}
	return tokens, types
}

// Rune is the letter that stands for a byte in byte-level vocabularies:
// itself if it is printable, else one from U+0100 on.
func Rune(b byte) rune {
	shift := rune(0)
	for c := range 256 {
		printable := c >= '!' && c <= '~' || c >= 0xa1 && c <= 0xac || c >= 0xae
		switch {
		case byte(c) == b && printable:
			return rune(c)
		case byte(c) == b:
			return 0x100 + shift
		case !printable:
			shift++
		}
	}
	return 0
}

// Piece is the bytes of a token, "" for a special one.
func Piece(id int) string {
	switch {
	case id < 256:
		return string([]byte{byte(id)})
	case id < 260:
		return ""
	}
	return strings.ReplaceAll(strings.Replace(merges[id-260], " ", "", 1), "Ġ", " ")
}

// Merge is the two texts that make the token 260+i; those with a smaller i are
// joined first.
func Merge(i int) (left, right string) {
	left, right, _ = strings.Cut(merges[i], " ")
	return strings.ReplaceAll(left, "Ġ", " "), strings.ReplaceAll(right, "Ġ", " ")
}

// Weights are the tensors, in the names and shapes of the llama family.
func (c Config) Weights() []gguf.Weights {
	rng := rand.New(rand.NewPCG(c.Seed, 0x6c6c616d61))
	scale := c.Scale
	if scale == 0 {
		scale = 1
	}
	matrix := func(name string, in, out int) gguf.Weights {
		v := make([]float32, in*out)
		for i := range v {
			v[i] = float32(rng.NormFloat64() * scale / 8)
		}
		return gguf.Weights{Name: name, Dims: []uint64{uint64(in), uint64(out)}, Values: v}
	}
	norm := func(name string) gguf.Weights {
		v := make([]float32, Width)
		for i := range v {
			v[i] = float32(1 + 0.1*rng.NormFloat64())
		}
		return gguf.Weights{Name: name, Dims: []uint64{Width}, Values: v}
	}
	head := matrix("output.weight", Width, Vocab)
	for i := range head.Values { // bytes that are no text are never the first choice
		if id := i / Width; id < 256 && id != '\n' && (id < ' ' || id > '~') {
			head.Values[i] /= 100
		}
	}
	out := []gguf.Weights{matrix("token_embd.weight", Width, Vocab), norm("output_norm.weight"), head}
	for l := range Layers {
		name := func(s string) string { return fmt.Sprintf("blk.%d.%s.weight", l, s) }
		out = append(out, norm(name("attn_norm")),
			matrix(name("attn_q"), Width, Width), matrix(name("attn_k"), Width, KVHeads*Head),
			matrix(name("attn_v"), Width, KVHeads*Head), matrix(name("attn_output"), Width, Width),
			norm(name("ffn_norm")), matrix(name("ffn_gate"), Width, Inner),
			matrix(name("ffn_up"), Width, Inner), matrix(name("ffn_down"), Inner, Width))
	}
	return out
}
