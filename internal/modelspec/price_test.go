package modelspec

import (
	"strings"
	"testing"
)

func TestPrice(t *testing.T) {
	for text, ok := range map[string]bool{
		"{prompt: 3, completion: 15}":               true,
		`{"prompt":3,"cached":0.3,"completion":15}`: true,
		"{prompt: 3, complete: 15}":                 false,
		"{prompt: -3, completion: 15}":              false,
		"cheap":                                     false,
	} {
		specs, err := Parse("m,base_url=http://h/v1,price=" + text)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Builtin().Resolve(specs[0], none)
		switch {
		case ok && (err != nil || c.Price.Prompt != 3 || c.Price.Completion != 15 || strings.Contains(text, "cached") && *c.Price.Cached != 0.3):
			t.Errorf("%s: %v %+v", text, err, c)
		case !ok && (err == nil || !strings.Contains(err.Error(), "price")):
			t.Errorf("%s: %v", text, err)
		}
	}
}
