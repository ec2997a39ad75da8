package mock

import (
	"strings"

	"olmoeval/eval"
)

// FixedText is what a plain mock says to everything: a letter and a boxed
// number can be found in it.
const FixedText = "I have thought about it. ANSWER: B\n\nAs a number it would be \\boxed{4}."

// Text is sample k of the answer to a generation request.
func (m *Model) Text(r *eval.Request, k int) string {
	o := r.Origin
	if m.mode == fixed || o == nil || o.Instance == nil {
		return FixedText
	}
	in := o.Instance
	right, known := rightText(o)
	if !known {
		return FixedText
	}
	key := m.key(o.Digest)
	switch m.mode {
	case oracle:
		return right
	case share:
		if m.right(key, k) {
			return right
		}
	case random:
		if n := len(in.Choices); n > 0 && bits(key, drawRight, k)%uint64(n) == 0 {
			return right
		}
	}
	return wrongText(in, right, bits(key, drawOther, k))
}

// right decides sample k: with equal seeds a better mock is right wherever a
// worse one is.
func (m *Model) right(key uint64, k int) bool {
	return m.mode == oracle || m.mode == share && uniform(key, drawRight, k) < m.acc
}

// rightText is the task's own right answer, else the gold.
func rightText(o *eval.Origin) (string, bool) {
	if o.Task != nil && o.Task.Oracle != nil {
		if text, ok := o.Task.Oracle(o.Instance); ok {
			return text, true
		}
	}
	return o.Instance.GoldText()
}

// wrongText is the right text with the answer in it changed: a letter to
// another choice's, a choice to another, a number to another number. Where
// nothing can be changed safely it is a short text of another kind. It is never
// one of the accepted answers.
func wrongText(in *eval.Instance, right string, h uint64) string {
	gold, hasGold := in.GoldText()
	if text, ok := otherChoice(in, right, gold, h); ok && !accepted(in, text) {
		return text
	}
	if !hasGold {
		// Without a gold only the empty answer is sure to be wrong.
		return ""
	}
	if text, ok := otherWord(right, gold); ok && !accepted(in, text) {
		return text
	}
	if changed, ok := otherNumber(gold, h); ok {
		if text, ok := swapLast(right, gold, changed); ok && !accepted(in, text) {
			return text
		}
		// The oracle spells the number in its own way.
		if len(right) <= shortText {
			if text, ok := otherNumber(right, h); ok && !accepted(in, text) {
				return text
			}
		}
	}
	word := nonsense[h%uint64(len(nonsense))]
	if text, ok := swapLast(right, gold, word); ok && len(gold) <= shortText && !accepted(in, text) {
		return text
	}
	return word
}

// shortText bounds texts in which a changed digit surely changes the meaning;
// in a program it might not.
const shortText = 64

// nonsense shares no word with any answer.
var nonsense = [...]string{"zorvane", "quillock", "brandulo", "mivetta", "tesquary"}

// otherWord turns yes into no and the like.
func otherWord(right, gold string) (string, bool) {
	for _, p := range [...][2]string{{"yes", "no"}, {"no", "yes"}, {"true", "false"}, {"false", "true"}} {
		if strings.EqualFold(gold, p[0]) {
			word := p[1]
			switch {
			case gold[0] >= 'a':
			case len(gold) > 1 && gold[1] >= 'a':
				word = strings.ToUpper(word[:1]) + word[1:]
			default:
				word = strings.ToUpper(word)
			}
			return swapLast(right, gold, word)
		}
	}
	return "", false
}

// otherNumber changes the last digit of a short text.
func otherNumber(text string, h uint64) (string, bool) {
	if len(text) > shortText || strings.Contains(text, "\n") {
		return "", false
	}
	i := strings.LastIndexAny(text, "0123456789")
	if i < 0 {
		return "", false
	}
	digit := (uint64(text[i]-'0')+1+h%9)%10 + '0'
	return text[:i] + string(rune(digit)) + text[i+1:], true
}

// swapLast replaces the last whole-word occurrence of old; ok is false without
// one.
func swapLast(text, old, with string) (string, bool) {
	i := lastWord(text, old)
	if i < 0 {
		return "", false
	}
	return text[:i] + with + text[i+len(old):], true
}

// lastWord is where old stands last in text with no letter or digit beside it.
func lastWord(text, old string) int {
	if old == "" {
		return -1
	}
	for end := len(text); ; {
		i := strings.LastIndex(text[:end], old)
		if i < 0 {
			return -1
		}
		after := i + len(old)
		if !(i > 0 && wordByte(text[i-1]) && wordByte(old[0])) &&
			!(after < len(text) && wordByte(text[after]) && wordByte(old[len(old)-1])) {
			return i
		}
		end = i + len(old) - 1
	}
}

func wordByte(c byte) bool {
	return c >= 0x80 || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// accepted reports whether a text is one of the right answers.
func accepted(in *eval.Instance, text string) bool {
	text = strings.TrimSpace(text)
	if gold, ok := in.Gold.(string); ok && strings.EqualFold(gold, text) {
		return true
	}
	if list, ok := in.Gold.([]string); ok && contains(list, text) {
		return true
	}
	switch all := in.Metadata["all_answers"].(type) {
	case []string:
		return contains(all, text)
	case []any:
		return contains(in.Texts("all_answers"), text)
	}
	return false
}

func contains(list []string, text string) bool {
	for _, a := range list {
		if strings.EqualFold(strings.TrimSpace(a), text) {
			return true
		}
	}
	return false
}
