package answer

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"olmoeval/eval"
)

// The extractors of this file and of genome.go read short answers to questions
// about genes and genomes (GeneTuring). All pass over <think>…</think>.

// FirstLine takes the first line that is not empty when bold marks, a wordy
// opening ("the official gene symbol for … is"), what follows the first sentence
// and a closing parenthesis are dropped.
type FirstLine struct{}

var _ eval.Extractor = FirstLine{}

// Extract returns the line as a string, or nil.
func (FirstLine) Extract(_ *eval.Instance, out *eval.Output) any {
	return firstLine(WithoutThinking(out.Text))
}

// GeneNames is FirstLine, where an answer that there is none is "No gene".
type GeneNames struct{}

var _ eval.Extractor = GeneNames{}

// Extract returns the names as one string, or nil.
func (GeneNames) Extract(_ *eval.Instance, out *eval.Output) any {
	text := WithoutThinking(out.Text)
	low := strings.ToLower(text)
	if strings.Contains(low, "no gene") || strings.Contains(low, "no protein") || strings.HasPrefix(low, "none") {
		return "No gene"
	}
	return firstLine(text)
}

// GeneSymbols takes all gene symbols, joined by ", ": those in bold if there are
// any, else every word of two to fourteen capitals, digits and "/.-" once. Words
// that are capitals for other reasons (DNA, NCBI, THE …) are none.
type GeneSymbols struct{}

var _ eval.Extractor = GeneSymbols{}

// Extract returns the symbols as one string, or nil.
func (GeneSymbols) Extract(_ *eval.Instance, out *eval.Output) any {
	text := WithoutThinking(out.Text)
	var found []string
	for _, m := range boldSymbol().FindAllStringSubmatch(text, -1) {
		if !noSymbol[m[1]] {
			found = append(found, m[1])
		}
	}
	if len(found) == 0 {
		found = capitals(text)
	}
	if len(found) == 0 {
		return nil
	}
	return strings.Join(found, ", ")
}

// GOTerm takes the name of a Gene Ontology term: a text in quotation marks or in
// bold, else what [FirstLine] takes.
type GOTerm struct{}

var _ eval.Extractor = GOTerm{}

// Extract returns the name as a string, or nil.
func (GOTerm) Extract(_ *eval.Instance, out *eval.Output) any {
	text := WithoutThinking(out.Text)
	if m := isQuoted().FindStringSubmatch(text); m != nil {
		return trim(m[1])
	}
	for _, m := range quoted().FindAllStringSubmatch(text, -1) {
		if name := trim(m[1]); !goNumber().MatchString(name) && !allUpper(name) {
			return name
		}
	}
	if m := isBold().FindStringSubmatch(text); m != nil {
		return trim(goNumberBehind().ReplaceAllLiteralString(m[1], ""))
	}
	return firstLine(text)
}

// NameSet is the names of a list: parts between commas, semicolons, line ends
// and the word "and", in lower case, without full stops at the ends and without
// those that say there is none.
func NameSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == '\n' }) {
		for part != "" {
			at := wordIndex(part, "and")
			name, rest := part, ""
			if at >= 0 {
				name, rest = part[:at], part[at+len("and"):]
			}
			part = rest
			switch name = strings.ToLower(trim(strings.Trim(trim(name), "."))); name {
			case "", "no gene", "none":
			default:
				set[name] = true
			}
		}
	}
	return set
}

// HasWord reports whether the word stands in the text between Unicode word
// boundaries, as Python's \b sees them; upper and lower case differ.
func HasWord(text, word string) bool { return wordIndex(text, word) >= 0 }

func wordIndex(text, word string) int {
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return -1
		}
		i += from
		if boundary(text, i) && boundary(text, i+len(word)) {
			return i
		}
		_, n := utf8.DecodeRuneInString(text[i:])
		from = i + max(n, 1)
		if from > len(text) {
			return -1
		}
	}
}

// boundary reports whether a word starts or ends at index i.
func boundary(s string, i int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	after, _ := utf8.DecodeRuneInString(s[i:])
	return (i > 0 && isWord(before)) != (i < len(s) && isWord(after))
}

// isWord reports whether Python's \w matches r.
func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

// WithoutThinking drops every <think>…</think>, in lower case only, and white
// space at the ends; [StripThinking] has other rules.
func WithoutThinking(text string) string {
	if strings.Contains(text, "<think>") {
		text = thinking().ReplaceAllLiteralString(text, "")
	}
	return trim(text)
}

func firstLine(text string) any {
	for line := range strings.SplitSeq(text, "\n") {
		line = inBold().ReplaceAllString(trim(line), "${1}")
		line = opening().ReplaceAllLiteralString(line, "")
		line, _, _ = strings.Cut(strings.TrimRight(line, "."), ". ")
		if line = trim(aside().ReplaceAllLiteralString(line, "")); line != "" {
			return line
		}
	}
	return nil
}

// capitals are the words that may be gene symbols, each once: the longest that
// ends at a word boundary.
func capitals(text string) (found []string) {
	letter := func(i int) bool { return i < len(text) && 'A' <= text[i] && text[i] <= 'Z' }
	inner := func(i int) bool {
		return letter(i) || i < len(text) && ('0' <= text[i] && text[i] <= '9')
	}
	const most = 12 // characters after the first two
	for i := 0; i < len(text); {
		if !letter(i) || !inner(i+1) || !boundary(text, i) {
			i++
			continue
		}
		end := i + 2
		for end < i+2+most && (inner(end) || end < len(text) && strings.IndexByte("/.-", text[end]) >= 0) {
			end++
		}
		for end >= i+2 && !boundary(text, end) {
			end--
		}
		if end < i+2 {
			i++
			continue
		}
		if s := text[i:end]; !noSymbol[s] && !slices.Contains(found, s) {
			found = append(found, s)
		}
		i = end
	}
	return found
}

// allUpper is Python's str.isupper.
func allUpper(s string) bool {
	upper := false
	for _, r := range s {
		if unicode.IsLower(r) || unicode.IsTitle(r) {
			return false
		}
		upper = upper || unicode.IsUpper(r)
	}
	return upper
}

// noSymbol lists words in capitals that are not genes.
var noSymbol = wordSet(`THE AND FOR NOT ARE BUT ALL CAN HAS WAS ONE OUR OUT YOU HERE THIS THAT WITH HAVE FROM THEY
	BEEN SAID EACH WILL ALSO THAN NOW ITS WHO MAY USE DUE TYPE KEY RARE NOTE STEP VIA
	DNA RNA SNP GO NCBI OMIM GENE HUGO HGNC HGMD HTTP HTTPS
	PHP PFK MRI QT AD AR IV CKD MDS ASD ECM BAM`)

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

// pattern compiles when it is first used; a blank stands for Python's \s, and \S
// is Python's.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(strings.NewReplacer(" ", "["+spaceClass+"]", `\S`, "[^"+spaceClass+"]").Replace(text))
	})
}

var (
	thinking       = pattern(`(?s)<think>.*?</think> *`)
	boldSymbol     = pattern(`\*\*([A-Z][A-Z0-9/.-]{1,12})\*\*`)
	isQuoted       = pattern(`(?i)is +(?:likely +)?["“]([^"”]+)["”]`)
	quoted         = pattern(`["“]([^"”]{5,})["”]`)
	isBold         = pattern(`is +(?:likely +)?\*\*([^*]+)\*\*`)
	goNumber       = pattern(`^GO:\p{Nd}+`)
	goNumberBehind = pattern(` *\(GO:\p{Nd}+\) *$`)
	inBold         = pattern(`\*{1,2}([^*]+)\*{1,2}`)
	aside          = pattern(` *\(.*?\) *$`)
	opening        = pattern(`(?i)^(?:` + strings.Join([]string{
		`the +(?:official +)?(?:gene +)?(?:symbol|name|answer|identifier) +(?:is|for|of|corresponding to) +[^:]*?(?:is +|: *)`,
		`the +(?:ensembl +)?(?:gene +)?identifier +\S+ +(?:corresponds? +to|maps? +to|is) +(?:the +)?(?:official +)?(?:gene +)?(?:symbol +)?`,
		`based on[^,]*, *`,
		`according to[^,]*, *`,
		`the +gene +symbol +for +.*? +is +`,
		`the +official +gene +symbol +.*? +is +`,
		`the +SNP +\S+ +is +(?:most +closely +)?associated +with +(?:the +)?(?:gene +)?`,
	}, "|") + `)`)
)
