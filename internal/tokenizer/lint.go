package tokenizer

import (
	"fmt"
	"strings"
)

// Lint says what is odd about a prompt that a chat template rendered and that is
// to be encoded with special tokens: a BOS token twice, or one missing that the
// model was trained with. Nil means nothing was found.
func Lint(t *Tokenizer, rendered string) []string {
	var found []string
	bos, hasBOS := t.BOS()
	before, after := t.Around()
	adds := hasBOS && len(before) > 0 && before[0] == bos.ID
	text := strings.TrimLeft(rendered, " \t\r\n")
	leads := hasBOS && strings.HasPrefix(text, bos.Text)
	switch {
	case leads && strings.HasPrefix(text[len(bos.Text):], bos.Text):
		found = append(found, fmt.Sprintf("double BOS: the text begins with %s twice", bos.Text))
	case leads && adds:
		found = append(found, fmt.Sprintf("double BOS: the text begins with %s and the tokenizer adds another; send it with add_special_tokens false", bos.Text))
	case adds && !leads:
		found = append(found, fmt.Sprintf("no BOS in the text though the tokenizer adds %s; send it with add_special_tokens true", bos.Text))
	}
	if eos, ok := t.EOS(); ok && len(after) > 0 && after[len(after)-1] == eos.ID {
		found = append(found, fmt.Sprintf("the tokenizer puts %s after the prompt, which tells the model that the text is over; send it with add_special_tokens false", eos.Text))
	}
	return found
}
