package modelspec

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/goccy/go-yaml"
)

// UnmarshalJSON takes an object, or the text of one as it is typed after -m:
// {prompt: 3, completion: 15}. Unknown fields and prices below 0 are errors.
func (p *Price) UnmarshalJSON(b []byte) error {
	type plain Price
	var x plain
	var text string
	if json.Unmarshal(b, &text) == nil {
		b = []byte(text)
	}
	// JSON is YAML.
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(&x); err != nil {
		return fmt.Errorf("price: want {prompt: 3, cached: 1.5, completion: 15}, US dollars for a million tokens")
	}
	if x.Prompt < 0 || x.Completion < 0 || x.Cached != nil && *x.Cached < 0 {
		return fmt.Errorf("price: a price is below 0")
	}
	*p = Price(x)
	return nil
}
