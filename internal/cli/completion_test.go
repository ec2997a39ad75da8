package cli

import (
	"strings"
	"testing"
)

func TestCompletion(t *testing.T) {
	c := starCall(t)
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out := c.ok(t, "completion", shell); !strings.Contains(out, "olmo-eval") || len(out) < 500 {
			t.Errorf("completion %s: %d bytes", shell, len(out))
		}
	}
	c.refuses(t, []string{"completion", "tcsh"}, `unknown shell "tcsh"`, "known: bash")
	c.refuses(t, []string{"completion"}, "accepts 1 arg")
	for _, k := range []struct {
		line []string
		want string
	}{
		{[]string{"task", "show", "on"}, "one\n"},
		{[]string{"task", "show", "one:h"}, "one:hot\none:hard\n"},
		{[]string{"task", "show", "one:hot:"}, "one:hot:hard\n"},
		{[]string{"task", "show", "one", ""}, ""},
		{[]string{"task", "inspect", "one", "tw"}, "two\n"},
		{[]string{"task", "inspect", "one", "--diff", "bot"}, "both\n"},
		{[]string{"suite", "show", "bo"}, "both\n"},
		{[]string{"run", "-t", "bot"}, "both\n"},
		{[]string{"run", "-m", "mock:a"}, "mock:acc=\n"},
		{[]string{"score", "-t", "gsm8"}, "gsm8k\n"},
		{[]string{"tasks", "--format", "l"}, "latex\n"},
		{[]string{"completion", "z"}, "zsh\n"},
	} {
		code, out, _ := c.run(append([]string{"__completeNoDesc"}, k.line...)...)
		lines, _, _ := strings.Cut(out, ":4\n")
		if code != 0 || !sameLines(lines, k.want) {
			t.Errorf("%v: exit code %d, %q, want %q", k.line, code, out, k.want)
		}
	}
	// Paths are left to the shell.
	if _, out, _ := c.run("__completeNoDesc", "task", "check", "./"); out != ":0\n" {
		t.Errorf("paths: %q", out)
	}
}

func sameLines(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	if len(x) != len(y) {
		return false
	}
	seen := map[string]bool{}
	for _, l := range x {
		seen[l] = true
	}
	for _, l := range y {
		if !seen[l] {
			return false
		}
	}
	return true
}
