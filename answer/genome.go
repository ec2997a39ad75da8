package answer

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"olmoeval/eval"
)

// Chromosome takes the chromosome of a place in a genome: see [ChromosomeOf].
type Chromosome struct{}

var _ eval.Extractor = Chromosome{}

// Extract returns chr and the number or letter as a string, or nil.
func (Chromosome) Extract(_ *eval.Instance, out *eval.Output) any {
	if c, ok := ChromosomeOf(WithoutThinking(out.Text)); ok {
		return c
	}
	return nil
}

// ChromosomeOf is "chr" with the number or letter of the first chromosome that
// the text names as chr7, CHR7 or chromosome 7, or of a text that is nothing but
// one or two digits, X or Y.
func ChromosomeOf(text string) (string, bool) {
	if m := chromosome().FindStringSubmatch(text); m != nil {
		return "chr" + strings.ToUpper(m[1]), true
	}
	text = strings.ToUpper(trim(text))
	if text == "X" || text == "Y" {
		return "chr" + text, true
	}
	digits := utf8.RuneCountInString(text)
	if digits < 1 || digits > 2 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.Is(unicode.Nd, r) }) {
		return "", false
	}
	return "chr" + text, true
}

var chromosome = pattern(`(?i)chr(?:omosome *)?(\p{Nd}+|[xy])`)

// TrueOrNA takes TRUE where the text says so or says yes, and NA where it says
// false, no, not available or non-coding.
type TrueOrNA struct{}

var _ eval.Extractor = TrueOrNA{}

// Extract returns "TRUE", "NA" or nil.
func (TrueOrNA) Extract(_ *eval.Instance, out *eval.Output) any {
	text := strings.ToLower(WithoutThinking(out.Text))
	first, _, _ := strings.Cut(text, "\n")
	has := func(part string) bool { return strings.Contains(text, part) }
	switch {
	case has("true") && !has("na") && !has("false"):
		return "TRUE"
	case HasWord(text, "false"), strings.HasPrefix(text, "na"), strings.HasPrefix(text, "n/a"),
		has("not a protein"), has("not protein"), has("non-coding"):
		return "NA"
	case HasWord(first, "yes"):
		return "TRUE"
	case HasWord(first, "no"):
		return "NA"
	}
	return nil
}

// Regulation takes Activation or Repression. Where the text speaks of both, the
// first of them in its first sentence counts, and Repression if that has none.
type Regulation struct{}

var _ eval.Extractor = Regulation{}

// Extract returns "Activation", "Repression" or nil.
func (Regulation) Extract(_ *eval.Instance, out *eval.Output) any {
	text := strings.ToLower(WithoutThinking(out.Text))
	up, down := strings.Contains(text, "activat"), strings.Contains(text, "repress")
	if up && down {
		line, _, _ := strings.Cut(text, "\n")
		sentence, _, _ := strings.Cut(line, ".")
		at, other := strings.Index(sentence, "activat"), strings.Index(sentence, "repress")
		up = at >= 0 && (other < 0 || at < other)
	}
	switch {
	case up:
		return "Activation"
	case down:
		return "Repression"
	}
	return nil
}

// Sequence takes the longest run of letters of an alphabet, in upper case; of
// equal ones the first.
type Sequence struct {
	// Letters is the alphabet in upper case; lower case counts too.
	Letters string `json:"letters"`
	// Min is the shortest run that counts.
	Min int `json:"min"`
}

var _ eval.Extractor = Sequence{}

// Extract returns the run as a string, or nil.
func (e Sequence) Extract(_ *eval.Instance, out *eval.Output) any {
	text := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, WithoutThinking(out.Text))
	best := ""
	for run := range strings.FieldsFuncSeq(text, func(r rune) bool { return !strings.ContainsRune(e.Letters, r) }) {
		if len(run) > len(best) {
			best = run
		}
	}
	if best == "" || len(best) < e.Min {
		return nil
	}
	return best
}

// Species takes the last of eight model organisms that the text names, by its
// common or its scientific name.
type Species struct{}

var _ eval.Extractor = Species{}

// Extract returns the common name as a string, or nil.
func (Species) Extract(_ *eval.Instance, out *eval.Output) any {
	text := strings.ToLower(WithoutThinking(out.Text))
	last, found := -1, ""
	for _, s := range species {
		for _, name := range s {
			if at := strings.LastIndex(text, name); at > last {
				last, found = at, s[0]
			}
		}
	}
	if found == "" {
		return nil
	}
	return found
}

// SpeciesNames are all names of a species that [Species] knows by its common
// name, itself first; of any other name, itself.
func SpeciesNames(common string) []string {
	for _, s := range species {
		if s[0] == common {
			return slices.Clone(s)
		}
	}
	return []string{common}
}

// species lists the names of each, the common one first.
var species = [][]string{
	{"human", "homo sapiens"},
	{"mouse", "mus musculus"},
	{"rat", "rattus norvegicus", "rattus"},
	{"zebrafish", "danio rerio"},
	{"worm", "caenorhabditis elegans", "c. elegans", "c.elegans"},
	{"yeast", "saccharomyces cerevisiae", "s. cerevisiae", "s.cerevisiae"},
	{"fruit fly", "drosophila melanogaster", "drosophila", "d. melanogaster"},
	{"chicken", "gallus gallus"},
}
