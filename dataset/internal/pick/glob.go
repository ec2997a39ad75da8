package pick

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// IsGlob tells whether a path has wildcards.
func IsGlob(p string) bool { return strings.ContainsAny(p, "*?[") }

// Root is the longest directory of a pattern that has no wildcards, "" if the
// first part has one already.
func Root(pattern string) string {
	i := strings.IndexAny(pattern, "*?[")
	if i < 0 {
		return pattern
	}
	return pattern[:strings.LastIndexByte(pattern[:i], '/')+1]
}

// Glob compiles a pattern over slash-separated paths: * and ? stay within a
// part, ** goes through any number of parts, [a-z] and [^a-z] are classes.
func Glob(pattern string) (func(string) bool, error) {
	var re strings.Builder
	re.WriteString(`\A`)
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			if !strings.HasPrefix(pattern[i:], "**") {
				re.WriteString(`[^/]*`)
				continue
			}
			i++
			if strings.HasPrefix(pattern[i+1:], "/") {
				i++
				re.WriteString(`(?:.*/)?`)
			} else {
				re.WriteString(`.*`)
			}
		case '?':
			re.WriteString(`[^/]`)
		case '[':
			end := strings.IndexByte(pattern[i:], ']')
			if end < 2 {
				return nil, fmt.Errorf("pattern %q: [ without ]", pattern)
			}
			class := pattern[i+1 : i+end]
			if rest, ok := strings.CutPrefix(class, "!"); ok {
				class = "^" + rest
			}
			re.WriteString("[" + strings.ReplaceAll(class, `\`, `\\`) + "]")
			i += end
		default:
			re.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	re.WriteString(`\z`)
	compiled, err := regexp.Compile(re.String())
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return compiled.MatchString, nil
}

// parts are the directories of a path, outermost first, and its base name.
func parts(p string) (dirs []string, base string) {
	dir, base := path.Split(p)
	for d := range strings.SplitSeq(strings.Trim(dir, "/"), "/") {
		if d != "" {
			dirs = append(dirs, d)
		}
	}
	return dirs, base
}

// Matching are the files that a pattern names. Where their names tell several
// usual splits, only those of the wanted one are taken; where they tell one or
// none, the pattern has decided.
func Matching(names []string, pattern, want string) ([]string, error) {
	match, err := Glob(pattern)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, n := range Readable(names) {
		if match(n) {
			files = append(files, n)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no file matches %s%s", pattern, among(Readable(names)))
	}
	if len(Splits(files)) > 1 {
		return Split(files, want, OneFormat)
	}
	return OneFormat(files)
}

func among(files []string) string {
	if len(files) == 0 {
		return ""
	}
	return "; there are " + List(files)
}
