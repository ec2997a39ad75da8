package tokenizer

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// corpusText is what the tests' vocabularies are trained on.
const corpusText = `The quick brown fox jumps over the lazy dog, doesn't it? They'll say we've been here before; I'm sure you'd agree.
A benchmark asks a model many questions and counts how many it answers as we hoped. The answer is 42, or 1234567 if you count twice.
def add(a, b):
    """Return the sum of a and b."""
    return a + b  # nothing more

for (let i = 0; i < 10; i++) { console.log("row", i, values[i] ?? null); }
Der schnelle braune Fuchs springt über den faulen Hund; Größe und Straße. El niño comió jalapeños en la mañana.
Les élèves français étudient à l'école. Быстрая коричневая лиса прыгает через ленивую собаку.
今日は良い天気ですね。東京都に住んでいます。 快速的棕色狐狸跳过懒狗。 오늘은 날씨가 좋습니다.
مرحبا بالعالم، كيف حالك؟ שלום עולם. नमस्ते दुनिया। สวัสดีชาวโลก
Emoji: 😀 👍🏽 👩‍👩‍👧 🇩🇪 ✨. Signs: € £ ¥ © ™ … — “quotes” ‘single’ × ÷ ≠ ≤ ∑.
Question: What is the capital of France?
Answer: Paris

Question: What is 17 times 23?
Answer: 391
The following are multiple choice questions (with answers) about anatomy.
A. one  B. two  C. three  D. four
{"name": "get_weather", "arguments": {"city": "Oslo", "days": 3}}
`

// trainer learns merges from words, each a list of symbols.
type trainer struct {
	vocab  map[string]int
	merges [][2]string
}

func newTrainer(first []string) *trainer {
	t := &trainer{vocab: map[string]int{}}
	for _, s := range first {
		t.add(s)
	}
	return t
}

func (t *trainer) add(s string) {
	if _, ok := t.vocab[s]; !ok {
		t.vocab[s] = len(t.vocab)
	}
}

// train makes n merges, each of the pair seen most often, the first in order of
// those seen equally often.
func (t *trainer) train(words map[string]int, n int) {
	type counted struct {
		symbols []string
		n       int
	}
	var all []counted
	for _, w := range slices.Sorted(maps.Keys(words)) {
		symbols := strings.Split(w, "")
		for _, s := range symbols {
			t.add(s)
		}
		all = append(all, counted{symbols, words[w]})
	}
	for range n {
		pairs := map[[2]string]int{}
		for _, w := range all {
			for i := range len(w.symbols) - 1 {
				pairs[[2]string{w.symbols[i], w.symbols[i+1]}] += w.n
			}
		}
		if len(pairs) == 0 {
			return
		}
		best := slices.MinFunc(slices.Collect(maps.Keys(pairs)), func(x, y [2]string) int {
			return cmp.Or(pairs[y]-pairs[x], strings.Compare(x[0], y[0]), strings.Compare(x[1], y[1]))
		})
		t.merges = append(t.merges, best)
		t.add(best[0] + best[1])
		for k := range all {
			s := all[k].symbols
			out := s[:0]
			for i := 0; i < len(s); i++ {
				if i+1 < len(s) && s[i] == best[0] && s[i+1] == best[1] {
					out = append(out, best[0]+best[1])
					i++
				} else {
					out = append(out, s[i])
				}
			}
			all[k].symbols = out
		}
	}
}

// object is JSON under construction.
type object = map[string]any

func mergeTexts(pairs [][2]string) []string {
	out := make([]string, len(pairs))
	for i, p := range pairs {
		out[i] = p[0] + " " + p[1]
	}
	return out
}

func split(regex, behavior string) object {
	return object{"type": "Split", "pattern": object{"Regex": regex}, "behavior": behavior, "invert": false}
}

func byteLevel(prefix, regex bool) object {
	return object{"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": true, "use_regex": regex}
}

func sequence(kind string, steps ...object) object { return object{"type": "Sequence", kind: steps} }

func special(id int, text string) object {
	return object{"id": id, "content": text, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}
}

func template(before, after []string, ids map[string]int) object {
	parts, specials := []object{}, object{}
	put := func(texts []string) {
		for _, s := range texts {
			parts = append(parts, object{"SpecialToken": object{"id": s, "type_id": 0}})
			specials[s] = object{"id": s, "ids": []int{ids[s]}, "tokens": []string{s}}
		}
	}
	put(before)
	parts = append(parts, object{"Sequence": object{"id": "A", "type_id": 0}})
	put(after)
	pair := append(slices.Clone(parts), object{"Sequence": object{"id": "B", "type_id": 1}})
	return object{"type": "TemplateProcessing", "single": parts, "pair": pair, "special_tokens": specials}
}

// fixture is one configuration of a tokenizer, of the shape of a published one
// with a vocabulary of ours.
type fixture struct {
	name      string
	tokenizer object
	config    object
	// specials are texts of added tokens, to be put in the midst of texts.
	specials []string
	// apart says why the oracle cannot be asked about a text, "" if it can.
	apart func(text string) string
}

// Where the package for JavaScript differs from the one in Rust that models are
// trained with, the latter counts, and texts that show it are left out.
const (
	spacesApart = "its GPT-2 expression takes U+FEFF for a space and U+0085 for none"
	digitsApart = "its Digits knows ASCII digits only"
	bomApart    = "its ByteFallback drops U+FEFF"
	marksApart  = "its Metaspace keeps runs of spaces together"
)

// apartOn gives the reason for texts that have one of the characters.
func apartOn(reason, chars string) func(string) string {
	return func(text string) string {
		if strings.ContainsAny(text, chars) {
			return reason
		}
		return ""
	}
}

func either(checks ...func(string) string) func(string) string {
	return func(text string) string {
		for _, c := range checks {
			if why := c(text); why != "" {
				return why
			}
		}
		return ""
	}
}

func runsOfSpaces(text string) string {
	for _, run := range []string{"  ", "▁▁", " ▁", "▁ "} {
		if strings.Contains(text, run) {
			return marksApart
		}
	}
	return ""
}

func (f *fixture) json(t testing.TB) []byte {
	t.Helper()
	b, err := json.Marshal(f.tokenizer)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (f *fixture) open(t testing.TB) *Tokenizer {
	t.Helper()
	config, err := json.Marshal(f.config)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := Parse(f.json(t), config)
	if err != nil {
		t.Fatalf("%s: %v", f.name, err)
	}
	return tok
}

// byteFixture is a byte-level model trained with the given pre-tokenizer. Added
// tokens follow the vocabulary in order.
func byteFixture(t testing.TB, name string, normalizer any, pre object, pairsAsLists bool, added []object, config object) fixture {
	t.Helper()
	words := map[string]int{}
	probe := fixture{name: name, config: object{}, tokenizer: object{"pre_tokenizer": pre, "normalizer": normalizer,
		"model": object{"type": "BPE", "vocab": object{"!": 0}, "merges": []string{}}}}
	tok := probe.open(t)
	p := piece{text: corpusText, job: newJob(len(corpusText))}
	if tok.normalizer != nil {
		p, _ = tok.normalizer(p)
	}
	count := func(p piece) error {
		words[string(byteLevelWord(nil, p.text))]++
		return nil
	}
	for _, step := range backwards(tok.preTokenizers) {
		after := count
		count = func(p piece) error { return step(p, after) }
	}
	if err := count(p); err != nil {
		t.Fatal(err)
	}
	tr := newTrainer(byteRune[:])
	tr.train(words, 700)
	model := object{"type": "BPE", "vocab": tr.vocab, "merges": mergeTexts(tr.merges), "dropout": nil, "unk_token": nil,
		"continuing_subword_prefix": nil, "end_of_word_suffix": nil, "fuse_unk": false, "byte_fallback": false}
	if pairsAsLists {
		model["merges"], model["ignore_merges"] = tr.merges, true
	}
	f := fixture{name: name, config: config, tokenizer: object{"version": "1.0", "truncation": nil, "padding": nil, "normalizer": normalizer, "pre_tokenizer": pre,
		"post_processor": byteLevel(true, true), "decoder": byteLevel(true, true), "model": model}}
	ids := map[string]int{}
	for i, a := range added {
		a["id"] = len(tr.vocab) + i
		text := a["content"].(string)
		ids[text] = len(tr.vocab) + i
		f.specials = append(f.specials, text)
	}
	f.tokenizer["added_tokens"] = added
	if bos, ok := config["bos_token"].(string); ok && config["adds"] == true {
		f.tokenizer["post_processor"] = sequence("processors", byteLevel(true, false), template([]string{bos}, nil, ids))
	}
	return f
}

// spFixture is a SentencePiece-style model: bytes first, then characters.
func spFixture(t testing.TB, name string, normalizer, pre any, decoder object, lead bool) fixture {
	t.Helper()
	first := []string{"<unk>", "<s>", "</s>"}
	for b := range 256 {
		first = append(first, "<0x"+strings.ToUpper(string("0123456789abcdef"[b>>4])+string("0123456789abcdef"[b&15]))+">")
	}
	tr := newTrainer(append(first, "▁", "▁▁", "▁▁▁▁"))
	tr.merges = append(tr.merges, [2]string{"▁", "▁"}, [2]string{"▁▁", "▁▁"})
	words := map[string]int{}
	for _, w := range strings.Fields(corpusText[:len(corpusText)*2/3]) {
		words["▁"+w]++
	}
	tr.train(words, 600)
	ids := tr.vocab
	before := []string(nil)
	if lead {
		before = []string{"<s>"}
	}
	user := special(len(ids), "<start_of_turn>")
	return fixture{name: name, specials: []string{"<s>", "</s>", "<start_of_turn>"},
		config: object{"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"},
		tokenizer: object{"version": "1.0", "truncation": nil, "padding": nil, "normalizer": normalizer, "pre_tokenizer": pre, "decoder": decoder,
			"post_processor": template(before, nil, ids),
			"added_tokens":   []object{special(0, "<unk>"), special(1, "<s>"), special(2, "</s>"), user},
			"model": object{"type": "BPE", "dropout": nil, "unk_token": "<unk>", "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
				"fuse_unk": true, "byte_fallback": true, "vocab": ids, "merges": mergeTexts(tr.merges)}}}
}

var (
	trained  sync.Once
	fixtured []fixture
)

// fixtures are the configurations that published models use.
func fixtures(t testing.TB) []fixture {
	t.Helper()
	trained.Do(func() { fixtured = newFixtures(t) })
	return fixtured
}

func newFixtures(t testing.TB) []fixture {
	t.Helper()
	replaceSpace := object{"type": "Replace", "pattern": object{"String": " "}, "content": "▁"}
	fuse := sequence("decoders", object{"type": "Replace", "pattern": object{"String": "▁"}, "content": " "}, object{"type": "ByteFallback"}, object{"type": "Fuse"})
	fuseStrip := sequence("decoders", object{"type": "Replace", "pattern": object{"String": "▁"}, "content": " "}, object{"type": "ByteFallback"},
		object{"type": "Fuse"}, object{"type": "Strip", "content": " ", "start": 1, "stop": 0})
	strips := special(0, "<mask>")
	strips["lstrip"] = true
	plain := special(0, "<|tool|>")
	plain["special"], plain["normalized"] = false, true
	fs := []fixture{
		byteFixture(t, "gpt2", nil, byteLevel(false, true), false, []object{special(0, "<|endoftext|>"), strips}, object{"bos_token": "<|endoftext|>"}),
		byteFixture(t, "gpt2-prefix", nil, byteLevel(true, true), false, []object{special(0, "<|endoftext|>")}, object{}),
		byteFixture(t, "llama3", nil, sequence("pretokenizers", split(llama3Words, "Isolated"), byteLevel(false, false)), true,
			[]object{special(0, "<|begin_of_text|>"), special(0, "<|eot_id|>"), special(0, "<|start_header_id|>")}, object{"bos_token": "<|begin_of_text|>", "adds": true}),
		byteFixture(t, "qwen2", object{"type": "NFC"}, sequence("pretokenizers", split(qwen2Words, "Isolated"), byteLevel(false, false)), false,
			[]object{special(0, "<|im_start|>"), special(0, "<|im_end|>"), plain}, object{"eos_token": "<|im_end|>"}),
		byteFixture(t, "olmo2", nil, sequence("pretokenizers", split(llama3Words, "Isolated"), byteLevel(false, false)), false,
			[]object{special(0, "<|endoftext|>"), special(0, "|||IP_ADDRESS|||"), special(0, "<|user|>")}, object{"bos_token": "<|endoftext|>"}),
		byteFixture(t, "deepseek", nil, sequence("pretokenizers", split(`[\r\n]`, "Isolated"), split(`\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿ]+`, "Isolated"),
			split(`\s?[!-/:-~！-／：-～‘-‟　-。]+`, "Isolated"), split(`\s+$`, "Isolated"), split(`[一-龥ࠀ-一가-퟿]+`, "Isolated"),
			object{"type": "Digits", "individual_digits": true}, byteLevel(false, false)), false, []object{special(0, "<｜end▁of▁sentence｜>")}, object{}),
		byteFixture(t, "starcoder", nil, sequence("pretokenizers", object{"type": "Digits", "individual_digits": true}, byteLevel(false, true)), false,
			[]object{special(0, "<|endoftext|>")}, object{}),
		spFixture(t, "llama2", sequence("normalizers", object{"type": "Prepend", "prepend": "▁"}, replaceSpace), nil, fuseStrip, true),
		spFixture(t, "gemma", replaceSpace, object{"type": "Split", "pattern": object{"String": " "}, "behavior": "MergedWithPrevious", "invert": false}, fuse, true),
		spFixture(t, "mistral", nil, object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false}, fuseStrip, true),
		spFixture(t, "metaspace-always", nil, object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
			object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}, false),
	}
	gpt2, bom := apartOn(spacesApart, "\u0085\ufeff"), apartOn(bomApart, "\ufeff")
	digits := apartOn(digitsApart, "½²Ⅷ٣٤१२①")
	for i := range fs {
		switch f := &fs[i]; f.name {
		case "gpt2", "gpt2-prefix":
			f.apart = gpt2
		case "starcoder":
			f.apart = either(gpt2, digits)
		case "deepseek":
			f.apart = digits
		case "llama2", "gemma", "mistral":
			f.apart = bom
		case "metaspace-always":
			f.apart = either(bom, runsOfSpaces)
		default:
			f.apart = func(string) string { return "" }
		}
	}
	return fs
}
