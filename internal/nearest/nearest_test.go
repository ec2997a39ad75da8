package nearest

import "testing"

func TestName(t *testing.T) {
	known := []string{"gsm8k", "arc_easy", "arc_challenge", "mmlu_anatomy"}
	for got, want := range map[string]string{
		"gsm8": "gsm8k", "GSM8K": "gsm8k", "arc_eazy": "arc_easy", "gms8k": "gsm8k", "mmlu_anatomi": "mmlu_anatomy", "zzzzzzzzzzzzzz": "",
	} {
		if name, _ := Name(got, known); name != want {
			t.Errorf("Name(%q) = %q, want %q", got, name, want)
		}
	}
	if h := Hint("xqzw", []string{"b", "a"}); h != "; known: a, b" {
		t.Errorf("Hint = %q", h)
	}
}
