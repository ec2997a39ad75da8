package prompt

import (
	"fmt"
	"strings"

	"olmoeval/eval"
)

// prefix joins the instruction and the rendered examples, each followed by the
// separator. An empty instruction is left out.
func prefix(instruction, separator string, shots []string) string {
	var b strings.Builder
	if instruction != "" {
		b.WriteString(instruction)
		b.WriteString(separator)
	}
	for _, s := range shots {
		b.WriteString(s)
		b.WriteString(separator)
	}
	return b.String()
}

// shotAnswer is the answer that worked example i shows: the metadata value of
// key where there is one, else the gold answer.
func shotAnswer(i int, shot *eval.Instance, key string) (string, error) {
	if key != "" {
		if s := shot.Text(key); s != "" {
			return s, nil
		}
	}
	if s, ok := shot.GoldText(); ok && s != "" {
		return s, nil
	}
	return "", fmt.Errorf("worked example %d has no answer", i+1)
}

// alphabet labels choices that have no labels of their own.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// label is the label of choice i: the i-th of labels, or A, B, C … without any
// (after Z the characters that follow it).
func label(labels []string, i int) (string, error) {
	switch {
	case labels == nil && i < len(alphabet):
		return alphabet[i : i+1], nil
	case labels == nil:
		return string(rune('A' + i)), nil
	case i >= len(labels):
		return "", fmt.Errorf("choice %d has no label; labels holds %d", i+1, len(labels))
	}
	return labels[i], nil
}
