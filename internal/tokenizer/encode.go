package tokenizer

import "strings"

var metaspaces = strings.NewReplacer("▁", " ")

// sink gathers what is found: ids, or tokens with the bytes they cover.
type sink struct {
	ids    []int
	tokens []Token
	track  bool
}

func (s *sink) add(id int, at span) {
	if s.track {
		s.tokens = append(s.tokens, Token{id, at.from, at.to})
	} else {
		s.ids = append(s.ids, id)
	}
}

// Encode is the ids of a text, if special is set between the tokens that the
// model's tokenizer puts round it. Bytes that are no UTF-8 are taken for U+FFFD.
// The error is a regular expression of the file that ran out of time.
func (t *Tokenizer) Encode(text string, special bool) ([]int, error) {
	s := sink{ids: make([]int, 0, len(text)/3+4)}
	err := t.encode(text, special, &s)
	return s.ids, err
}

// Offsets is Encode with the bytes of the text that each token covers.
func (t *Tokenizer) Offsets(text string, special bool) ([]Token, error) {
	s := sink{track: true, tokens: make([]Token, 0, len(text)/3+4)}
	err := t.encode(text, special, &s)
	return s.tokens, err
}

func (t *Tokenizer) encode(text string, special bool, s *sink) error {
	if special {
		for _, id := range t.around.before {
			s.add(id, span{})
		}
	}
	j := newJob(len(text))
	j.track = s.track
	whole := piece{text: text, job: j}
	whole, err := whole.valid()
	if err != nil {
		return err
	}
	added := func(a *AddedToken, at span) { s.add(a.ID, at) }
	err = t.raw.split(&whole, func(p piece) error {
		if t.normalizer != nil {
			var err error
			if p, err = t.normalizer(p); err != nil {
				return err
			}
		}
		return t.shaped.split(&p, func(p piece) error { return t.pieces(p, s) }, added)
	}, added)
	if special {
		for _, id := range t.around.after {
			s.add(id, span{len(text), len(text)})
		}
	}
	return err
}

// pieces cuts a piece into words and these into tokens.
func (t *Tokenizer) pieces(p piece, s *sink) error {
	found := func(p *piece, at int, tokens []token) {
		for _, tk := range tokens {
			end := at + int(tk.n)
			if s.track {
				s.add(int(tk.id), p.span(at, end))
			} else {
				s.ids = append(s.ids, int(tk.id))
			}
			at = end
		}
	}
	next := func(p piece) error {
		t.words.each(&p, found)
		return nil
	}
	for _, step := range backwards(t.preTokenizers) {
		after := next
		next = func(p piece) error {
			if p.text == "" {
				return nil
			}
			return step(p, after)
		}
	}
	return next(p)
}

func backwards(steps []preTokenizer) []preTokenizer {
	out := make([]preTokenizer, len(steps))
	for i, s := range steps {
		out[len(steps)-1-i] = s
	}
	return out
}
