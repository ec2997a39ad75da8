package wire

import (
	"encoding/json"
	"strings"
	"testing"
)

func FuzzValid(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e+3,null,true,"x\u00e9\n"]}`, `[NaN]`, `01`, `"\x"`, "\"\x01\"", `{} x`, "[1,]", "1\x00", `""`, `{"":{"":[]}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, want := Valid(b), json.Valid(b); got != want && strings.Count(string(b), "[")+strings.Count(string(b), "{") < maxDepth/2 {
			t.Errorf("%q: %v, want %v", b, got, want)
		}
	})
}
