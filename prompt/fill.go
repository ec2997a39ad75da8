package prompt

import (
	"fmt"
	"strings"
)

// Fill renders a template whose fields a reader of rows has at hand, such as a
// title, a passage and a question: fields are names and values in turn. It is for
// questions of several parts, which stand in the instance as one text. The last
// field must be in the template; others may be left out. Errors begin with the
// setting's name.
func Fill(setting, text string, fields ...string) (string, error) {
	n := len(fields) / 2
	if n == 0 || len(fields)%2 != 0 {
		panic(fmt.Sprintf("%s: want names and values in turn, not %q", setting, fields))
	}
	names, values := make([]string, n), make([]string, n)
	for i := range n {
		names[i], values[i] = fields[2*i], fields[2*i+1]
	}
	t, err := parse(setting, text, names...)
	if err != nil {
		return "", err
	}
	if !t.has(n - 1) {
		return "", fmt.Errorf("%s: %q lacks {%s}", setting, text, names[n-1])
	}
	var b strings.Builder
	b.Grow(t.size(values...))
	t.write(&b, values...)
	return b.String(), nil
}
