package modelspec

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// UnmarshalJSON takes an object. Unknown fields and prices below 0 are errors.
func (p *Price) UnmarshalJSON(b []byte) error {
	type plain Price
	var x plain
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&x); err != nil {
		return fmt.Errorf("price: want {prompt: 3, cached: 1.5, completion: 15}, US dollars for a million tokens")
	}
	if x.Prompt < 0 || x.Completion < 0 || x.Cached != nil && *x.Cached < 0 {
		return fmt.Errorf("price: a price is below 0")
	}
	*p = Price(x)
	return nil
}
