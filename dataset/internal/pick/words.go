package pick

import (
	"regexp"
	"slices"
	"strings"

	"olmoeval/dataset/internal/rowio"
)

// families are the words by which published files name the usual splits; the
// first is the split's own name.
var families = [][]string{
	{"train", "training"},
	{"validation", "valid", "val", "dev"},
	{"test", "testing", "eval", "evaluation"},
}

// series and formats drop what differs between the shards of one file.
var (
	shard  = regexp.MustCompile(`[-_.]?\d+[-_]of[-_]\d+$`)
	number = regexp.MustCompile(`[-_.]?\d+$`)
)

// family is the usual split that a file's name tells, or else the nearest
// directory that tells one, "" if none does.
func family(p string) string {
	dirs, base := parts(p)
	for _, name := range append([]string{rowio.Stem(base)}, backwards(dirs)...) {
		if f := familiesOf(name); len(f) > 0 {
			return f[0]
		}
	}
	return ""
}

// familiesOf are the usual splits that one name tells.
func familiesOf(name string) []string {
	var out []string
	for _, words := range families {
		if slices.ContainsFunc(words, func(w string) bool { return hasWord(name, w) }) {
			out = append(out, words[0])
		}
	}
	return out
}

// match ranks how well a file's name says the split: 3 its name is the
// split's, 2 contains it, 1 contains another word for it, 0 none. key is equal
// for files that belong together.
func match(p, want string) (rank int, key string) {
	dirs, base := parts(p)
	format, compression, _ := rowio.Format(base)
	stem := number.ReplaceAllString(shard.ReplaceAllString(rowio.Stem(base), ""), "")
	if rowio.Stem(base) == want {
		stem = want // a split's own name may end in a number
	}
	series := strings.Join(dirs, "/") + "/" + stem + format + compression
	if r := rankName(stem, want); r > 0 {
		return r, series
	}
	if len(familiesOf(stem)) > 0 {
		return 0, "" // the name says another split, whatever the directory
	}
	for i := len(dirs) - 1; i >= 0; i-- {
		if r := rankName(dirs[i], want); r > 0 {
			return r, strings.Join(dirs[:i+1], "/") + "/*" + format + compression
		}
		if len(familiesOf(dirs[i])) > 0 {
			return 0, ""
		}
	}
	return 0, ""
}

func rankName(name, want string) int {
	switch {
	case name == want:
		return 3
	case hasWord(name, want):
		return 2
	}
	for _, words := range families {
		if slices.Contains(words, strings.ToLower(want)) && slices.ContainsFunc(words, func(w string) bool { return hasWord(name, w) }) {
			return 1
		}
	}
	return 0
}

// hasWord tells whether word stands in name, not as part of a longer word.
func hasWord(name, word string) bool {
	lower := strings.ToLower(name)
	word = strings.ToLower(word)
	for at := 0; word != ""; {
		i := strings.Index(lower[at:], word)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(word)
		if (start == 0 || !isLetter(lower[start-1])) && (end == len(lower) || !isLetter(lower[end])) {
			return true
		}
		at = start + 1
	}
	return false
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 0x80 }

func backwards(s []string) []string {
	out := slices.Clone(s)
	slices.Reverse(out)
	return out
}
