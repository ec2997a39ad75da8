package anthropic

import (
	"regexp"
	"strconv"
	"strings"
)

// version is the generation of a model by its name: claude-3-7-sonnet-20250219
// is 3.7, claude-opus-4-1 is 4.1; 0 where the name does not tell.
func version(model string) (major, minor int) {
	m := numbers.FindStringSubmatch(model)
	if m == nil {
		return 0, 0
	}
	major, _ = strconv.Atoi(m[1])
	minor, _ = strconv.Atoi(m[2])
	return major, minor
}

// A second number of more than two digits is a date.
var numbers = regexp.MustCompile(`claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?:\D|$)`)

func atLeast(model string, major, minor int) bool {
	a, b := version(model)
	return a > major || a == major && b >= minor
}

// adaptive reports whether a model decides by itself how long it thinks and
// takes an effort; earlier ones take a number of tokens.
func adaptive(model string) bool { return atLeast(model, 4, 6) }

// longest is how many tokens a model can write at most, by Anthropic's table of
// models; 8192 where the name is not known.
func longest(model string) int {
	major, minor := version(model)
	switch opus := strings.Contains(model, "opus"); {
	case major == 3 && minor == 0:
		return 4096
	case major == 3 && minor == 5:
		return 8192
	case major == 4 && opus && minor < 5:
		return 32000
	case major == 3 && minor == 7, major == 4:
		return 64000
	case major > 4:
		return 128000
	}
	return 8192
}
