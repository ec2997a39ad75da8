package boundary

import (
	"errors"
	"strings"
	"testing"

	"olmoeval/eval"
)

// chars has one token a character, but for pairs that merge.
func chars(merged ...string) func(string) ([]string, error) {
	return func(text string) ([]string, error) {
		var out []string
		for len(text) > 0 {
			n := len(string([]rune(text)[:1]))
			for _, m := range merged {
				if strings.HasPrefix(text, m) {
					n = len(m)
				}
			}
			out, text = append(out, text[:n]), text[n:]
		}
		return out, nil
	}
}

func TestSplit(t *testing.T) {
	bos := []string{"^"}
	for _, c := range []struct {
		name                  string
		k                     Tokens[string]
		context, continuation string
		head, rest            string // joined with |
	}{
		{"empty context", Tokens[string]{Encode: chars(), Empty: bos}, "", "cd", "^", "c|d"},
		{"one space", Tokens[string]{Encode: chars(), Empty: bos}, "ab ", "cd", "a|b", " |c|d"},
		{"two spaces", Tokens[string]{Encode: chars(), Empty: bos}, "ab  ", "cd", "a|b", " | |c|d"},
		{"only spaces", Tokens[string]{Encode: chars(), Empty: bos}, "  ", "cd", "", " | |c|d"},
		{"only spaces with a prefix", Tokens[string]{Encode: chars(), Empty: bos, Prefix: bos}, "  ", "cd", "^", " | |c|d"},
		{"no BOS", Tokens[string]{Encode: chars()}, "", "x", "", "x"},
		{"prefix", Tokens[string]{Encode: chars(), Empty: bos, Prefix: bos}, "ab", "c", "^|a|b", "c"},
		{"no prefix before an empty one", Tokens[string]{Encode: chars(), Empty: bos, Prefix: bos}, "", "c", "^", "c"},
		{"line break, tab, no-break space", Tokens[string]{Encode: chars()}, "a\n\t\u00a0", "b", "a", "\n|\t|\u00a0|b"},
		{"separator", Tokens[string]{Encode: chars()}, "a\x1c", "b", "a", "\x1c|b"},
		{"zero-width space is none", Tokens[string]{Encode: chars()}, "a\u200b", "b", "a|\u200b", "b"},
		{"a merge over the boundary", Tokens[string]{Encode: chars("bc")}, "ab", "cd", "a|bc", "d"},
		{"a merge of all", Tokens[string]{Encode: chars("bc")}, "ab", "c", "a", "bc"},
		{"apart", Tokens[string]{Encode: chars("bc"), Separate: true}, "ab", "cd", "a|b", "c|d"},
		{"no continuation", Tokens[string]{Encode: chars(), Prefix: bos}, "ab", "", "^|a|b", ""},
		{"nothing at all", Tokens[string]{Encode: chars()}, "", "", "", ""},
	} {
		head, rest, err := c.k.Split(c.context, c.continuation)
		if err != nil || strings.Join(head, "|") != c.head || strings.Join(rest, "|") != c.rest {
			t.Errorf("%s: %q, %q, %v; want %q, %q", c.name, head, rest, err, c.head, c.rest)
		}
	}
}

func TestSplitFails(t *testing.T) {
	silent := func(text string) ([]string, error) { return strings.Split(strings.TrimRight(text, "~"), ""), nil }
	if _, _, err := (Tokens[string]{Encode: silent}).Split("ab", "~"); eval.FaultOf(err).Status != eval.ConfigError {
		t.Errorf("a continuation without tokens: %v", err)
	}
	broken := errors.New("broken")
	fail := func(string) ([]string, error) { return nil, broken }
	for _, context := range []string{"", "a"} {
		if _, _, err := (Tokens[string]{Encode: fail}).Split(context, "b"); !errors.Is(err, broken) {
			t.Errorf("context %q: %v", context, err)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("ab ", "cd")
	f.Add("a\xff\u00a0", "")
	f.Fuzz(func(t *testing.T, context, continuation string) {
		k := Tokens[byte]{Encode: func(s string) ([]byte, error) { return []byte(s), nil }}
		head, rest, err := k.Split(context, continuation)
		if err != nil || string(head)+string(rest) != context+continuation {
			t.Errorf("%q %q: %q %q %v", context, continuation, head, rest, err)
		}
	})
}
