package wire

import (
	"encoding/json"
	"strings"
	"testing"
)

func FuzzAppendString(f *testing.F) {
	f.Add("plain")
	f.Add("\"quoted\"\\ \n\t\r\x00\x1f ü \xff\xc0 \u2028")
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		b := AppendString(nil, s)
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatalf("%q became %s: %v", s, b, err)
		}
		// Each byte that is no UTF-8 is one replacement character.
		want := string([]rune(s))
		if back != want {
			t.Errorf("%q came back as %q", s, back)
		}
		if strings.ContainsAny(string(b), "\n\r") {
			t.Errorf("a line break in %s", b)
		}
	})
}
