package eval

import "testing"

func TestHashJSON(t *testing.T) {
	// The vector of the reference's documentation.
	v := map[string]any{"b": []any{1, 2.0, nil, "é"}, "a": true}
	if got := HashJSON(v); got != "286d552c522b2971" {
		t.Errorf("HashJSON = %s, want 286d552c522b2971", got)
	}
}
