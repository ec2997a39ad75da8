package main

import "olmoeval/eval"

// Rows of docs/deviations.md, by their first column.
const (
	rowMissing = "missing log-probability"
	rowGold    = "no valid gold index"
	rowTies    = "equal likelihoods"
	rowNone    = "no observations"
	rowMean    = "accuracy over several samples"
	rowClamp   = "pass@k and pass^k with k > n"
	rowBiased  = "pass^k"
	rowCode    = "answers of code in bits per byte"
)

// rows are all of them.
func rows() []string {
	return []string{rowMissing, rowGold, rowTies, rowNone, rowMean, rowClamp, rowBiased, rowCode}
}

// reason explains differences that are meant: each is a row of
// docs/deviations.md.
type reason struct {
	family string // "" is any
	// what is "extraction" (it fails), "extracted" (another answer), "candidates"
	// or the scorer's name; "" is any.
	what string
	row  string // one of rows
	// when decides for a case; got is our answers or scores.
	when func(k *scoringCase, got any) bool
}

// reasons are all differences that are meant.
func reasons() []reason {
	return []reason{
		// The choice with the highest likelihood is not known.
		{what: "extraction", row: rowMissing, when: func(k *scoringCase, _ any) bool {
			return k.Type == eval.Loglikelihood && k.lacksLogprobs()
		}},
		{family: "bigcodebench", what: "extracted", row: rowCode, when: always},
		{family: "ds1000", what: "extracted", row: rowCode, when: always},
	}
}

func always(*scoringCase, any) bool { return true }

// lacksLogprobs tells a reply in which a server left scores out.
func (k *scoringCase) lacksLogprobs() bool {
	for i := range k.Outputs {
		if len(k.Outputs[i].Logprobs) == 0 {
			return true
		}
	}
	return false
}

// reason is the listed reason for a difference, "" if there is none.
func (c *checker) reason(family, what string, k *scoringCase, got any) string {
	for _, r := range c.reasons {
		if (r.family == "" || r.family == family) && (r.what == "" || r.what == what) && r.when(k, got) {
			return r.row
		}
	}
	return ""
}

// partial are the families of which the catalogue has bits per byte alone: their
// other variants take a sandbox, or the equivalence of formulas.
func partial() []string {
	return []string{"bigcodebench", "ds1000", "humaneval", "mbpp", "minerva_math"}
}
