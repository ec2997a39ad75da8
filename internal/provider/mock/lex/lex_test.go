package lex

import (
	"reflect"
	"testing"
)

func TestRoundTripAndCounts(t *testing.T) {
	for _, s := range []string{"", " ", "a", " a", "The sky is blue", "x  y\n\n z", "Ünïcödé — 日本語", "a+b=c", "\x00\xff\xfe", "tab\tend "} {
		ids := Encode(nil, s)
		if len(ids) != Count(s) {
			t.Errorf("Count(%q) = %d, Encode gives %d", s, Count(s), len(ids))
		}
		if got := text(t, ids); got != s {
			t.Errorf("%q came back as %q", s, got)
		}
	}
	if _, err := AppendText(nil, Size); err == nil {
		t.Error("an id beyond the vocabulary was taken")
	}
}

func TestAdditiveBeforeASpace(t *testing.T) {
	a, b := "Question: what?\nAnswer:", " the sea"
	whole := Encode(nil, a+b)
	parts := Encode(Encode(nil, a), b)
	if !reflect.DeepEqual(whole, parts) {
		t.Errorf("%v is not %v", whole, parts)
	}
}

func FuzzTail(f *testing.F) {
	f.Add("The sky is", " blue")
	f.Add("ab", "cd")
	f.Add("ab ", "cd")
	f.Add("x  ", "  y")
	f.Add("", "cd")
	f.Fuzz(func(t *testing.T, head, tail string) {
		want := Count(head+tail) - Count(head)
		if got := Tail(head, tail); got != want {
			t.Errorf("Tail(%q, %q) = %d, want %d", head, tail, got, want)
		}
		if got := text(t, Encode(nil, head+tail)); got != head+tail {
			t.Errorf("%q came back as %q", head+tail, got)
		}
	})
}

func text(t *testing.T, ids []int) string {
	t.Helper()
	var b []byte
	for _, id := range ids {
		var err error
		if b, err = AppendText(b, id); err != nil {
			t.Fatal(err)
		}
	}
	return string(b)
}
