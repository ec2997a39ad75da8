package tokenizer

import "maps"

// Special is a token with a part to play.
type Special struct {
	ID   int
	Text string
}

// llamaLike are the classes whose BOS and EOS follow add_bos_token and
// add_eos_token alone, whatever tokenizer.json says.
var llamaLike = map[string]bool{
	"LlamaTokenizer": true, "LlamaTokenizerFast": true, "CodeLlamaTokenizer": true, "CodeLlamaTokenizerFast": true,
	"GemmaTokenizer": true, "GemmaTokenizerFast": true,
}

// setAround settles what is put round a text.
func (t *Tokenizer) setAround(f *tokenizerFile) (err error) {
	if f.PostProcessor != nil {
		if t.around, err = newAround(f.PostProcessor); err != nil {
			return err
		}
	}
	bos, hasBOS := t.BOS()
	if !llamaLike[t.config.class] || !hasBOS {
		return nil
	}
	t.around = around{}
	if t.AddBOSToken() {
		t.around.before = []int{bos.ID}
	}
	if eos, ok := t.EOS(); ok && t.config.addEOS != nil && *t.config.addEOS {
		t.around.after = []int{eos.ID}
	}
	return nil
}

// ID is the id of the token with this text.
func (t *Tokenizer) ID(text string) (int, bool) {
	if a := t.added[text]; a != nil {
		return a.ID, true
	}
	id, ok := t.ids[text]
	return int(id), ok
}

func (t *Tokenizer) specialToken(text string) (Special, bool) {
	id, ok := t.ID(text)
	return Special{id, text}, ok && text != ""
}

// BOS is the token that begins a text, false if none is named or the vocabulary
// lacks it.
func (t *Tokenizer) BOS() (Special, bool) { return t.specialToken(t.config.bos) }

// EOS is the token that ends a text, false if none is named or the vocabulary
// lacks it.
func (t *Tokenizer) EOS() (Special, bool) { return t.specialToken(t.config.eos) }

// AddBOSToken is add_bos_token of the configuration; where it is absent, what
// the tokenizer's class takes for it. It decides whether a context of a
// log-likelihood begins with BOS. What Encode does is [Tokenizer.Around].
func (t *Tokenizer) AddBOSToken() bool {
	if t.config.addBOS != nil {
		return *t.config.addBOS
	}
	return llamaLike[t.config.class]
}

// Around is what Encode puts before and after a text when asked for special
// tokens. The results are the caller's.
func (t *Tokenizer) Around() (before, after []int) {
	return append([]int(nil), t.around.before...), append([]int(nil), t.around.after...)
}

// Specials are the texts of the special tokens under the names that chat
// templates use: bos_token, eos_token and so on.
func (t *Tokenizer) Specials() map[string]string { return maps.Clone(t.config.specials) }

// ChatTemplates are the sources of the chat templates by name; the usual one is
// "default". Nil if there is none.
func (t *Tokenizer) ChatTemplates() map[string]string { return maps.Clone(t.config.templates) }

// Size is the number of ids in use.
func (t *Tokenizer) Size() int {
	n := 0
	for _, has := range t.has {
		if has {
			n++
		}
	}
	return n
}

func (t *Tokenizer) text(id int) (string, bool) {
	if id < 0 || id >= len(t.has) || !t.has[id] {
		return "", false
	}
	return t.texts[id], true
}

// Token is the text of one token for people to read: bytes written as characters
// are shown as the bytes they are, spaces of SentencePiece as spaces. "" if
// there is no such id.
func (t *Tokenizer) Token(id int) string {
	text, ok := t.text(id)
	if !ok || t.added[text] != nil {
		return text
	}
	if t.byteLevel {
		return string(fromByteLevel(nil, text))
	}
	if b, ok := byteOf(text); ok {
		return string([]byte{b})
	}
	return metaspaces.Replace(text)
}
