package tokenizer

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// mixedText is some n bytes of words, most of them seen before, as prompts are.
func mixedText(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields(corpusText)
	var b strings.Builder
	for b.Len() < n {
		switch k := r.IntN(60); {
		case k == 0:
			b.WriteString("\n\n")
		case k < 4:
			fmt.Fprintf(&b, " %d", r.IntN(1_000_000))
		case k < 8: // a word that was not seen
			for range 4 + r.IntN(8) {
				b.WriteByte(byte('a' + r.IntN(26)))
			}
		default:
			b.WriteString(" " + words[r.IntN(len(words))])
		}
	}
	return b.String()
}

// BenchmarkEncode: bytes of text a second, on one core.
func BenchmarkEncode(b *testing.B) {
	text := mixedText(1 << 20)
	for _, f := range fixtures(b) {
		tok := f.open(b)
		b.Run(f.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := tok.Encode(text, true); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// bigFile is a tokenizer.json with the given number of tokens and merges.
func bigFile(tb testing.TB, size int) []byte {
	tb.Helper()
	tr := newTrainer(byteRune[:])
	r := rand.New(rand.NewPCG(3, 4))
	texts := append([]string(nil), byteRune[:]...)
	for len(tr.vocab) < size {
		left, right := texts[r.IntN(len(texts))], texts[r.IntN(len(texts))]
		if _, ok := tr.vocab[left+right]; ok || len(left+right) > 24 {
			continue
		}
		tr.add(left + right)
		tr.merges = append(tr.merges, [2]string{left, right})
		texts = append(texts, left+right)
	}
	out, err := json.Marshal(object{"pre_tokenizer": sequence("pretokenizers", split(llama3Words, "Isolated"), byteLevel(false, false)),
		"decoder": byteLevel(false, false), "model": object{"type": "BPE", "vocab": tr.vocab, "merges": mergeTexts(tr.merges), "ignore_merges": true}})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// BenchmarkOpen: reading a vocabulary of 128,000 tokens.
func BenchmarkOpen(b *testing.B) {
	file := bigFile(b, 128_000)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if _, err := Parse(file, nil); err != nil {
			b.Fatal(err)
		}
	}
}
