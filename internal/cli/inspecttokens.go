package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/chattemplate"
	"olmoeval/internal/tokenizer"
)

// offline shows requests as a model's tokenizer sees them, without a server.
type offline struct {
	formatted, tokens bool
	tok               *tokenizer.Tokenizer
}

// inspectedTokens are the tokens of a request. Log-likelihoods have a list for
// each continuation in place of one for all.
type inspectedTokens struct {
	tokenList
	Continuations []boundaryTokens `json:"continuations,omitempty"`
}

type tokenList struct {
	IDs    []int    `json:"ids,omitempty"`
	Pieces []string `json:"pieces,omitempty"`
	N      int      `json:"n"`
}

// boundaryTokens are a context and a continuation, as they are scored.
type boundaryTokens struct {
	tokenList
	NContext      int `json:"n_context"`
	NContinuation int `json:"n_continuation"`
}

// newOffline opens the tokenizer, nil if none is asked for.
func (f *inspectFlags) newOffline(abs func(string) string) (*offline, error) {
	switch asked := f.formatted || f.tokens; {
	case f.tokenizer == "" && asked:
		return nil, usage("--formatted and --tokens need -T DIR, a folder with the model's tokenizer.json")
	case f.tokenizer == "":
		return nil, nil
	case !asked:
		return nil, usage("-T shows nothing by itself: add --formatted, --tokens or both")
	}
	tok, err := tokenizer.Open(abs(f.tokenizer))
	if err != nil {
		return nil, asUsage(err)
	}
	return &offline{f.formatted, f.tokens, tok}, nil
}

// show fills in what the flags ask for.
func (o *offline) show(x *inspected) error {
	r := x.Request
	text := r.Prompt
	if r.Type == eval.Chat {
		var err error
		if text, err = o.render(r); err != nil {
			return err
		}
		x.Notes = append(x.Notes, tokenizer.Lint(o.tok, text)...)
	}
	if o.formatted && r.Type != eval.Loglikelihood {
		x.Formatted = &text
	}
	switch {
	case r.Type == eval.Loglikelihood:
		return o.boundaries(x)
	case !o.tokens:
		return nil
	}
	ids, err := o.tok.Encode(text, r.Type == eval.Completion)
	if err != nil {
		return err
	}
	x.Tokens = &inspectedTokens{tokenList: o.list(ids)}
	if bos, ok := o.tok.BOS(); ok && len(ids) > 1 && ids[0] == bos.ID && ids[1] == bos.ID && r.Type == eval.Completion {
		x.Notes = append(x.Notes, "double BOS: the prompt begins with "+bos.Text+" and the tokenizer adds another")
	}
	return nil
}

// render writes a chat as the model's template does.
func (o *offline) render(r *eval.Request) (string, error) {
	source, err := chattemplate.Choose(o.tok.ChatTemplates(), len(r.Tools) > 0)
	if err != nil {
		return "", err
	}
	t, err := chattemplate.Parse(source)
	if err != nil {
		return "", err
	}
	in, err := chattemplate.FromRequest(r)
	if err != nil {
		return "", err
	}
	in.Specials, in.Now = o.tok.Specials(), time.Now
	return t.Render(in)
}

// boundaries are the texts and tokens of log-likelihoods, continuation by
// continuation.
func (o *offline) boundaries(x *inspected) error {
	r := x.Request
	if o.formatted {
		var contexts []string
		for i := range r.Continuations {
			if c := r.Context(i); !slices.Contains(contexts, c) {
				contexts = append(contexts, c)
			}
		}
		text := strings.Join(contexts, "\n")
		x.Formatted = &text
	}
	if !o.tokens {
		return nil
	}
	x.Tokens = &inspectedTokens{}
	for i, c := range r.Continuations {
		s, err := o.tok.Boundary(r.Context(i), c)
		if err != nil {
			return fmt.Errorf("continuation %d: %w", i, err)
		}
		all := boundaryTokens{o.list(slices.Concat(s.Context, s.Continuation)), len(s.Context), len(s.Continuation)}
		x.Tokens.Continuations = append(x.Tokens.Continuations, all)
		x.Tokens.N += all.N
		if r.MaxLength != nil && all.N > *r.MaxLength-1 {
			x.Notes = append(x.Notes, fmt.Sprintf("continuation %d: %d tokens are cut from the left to fit max_length %d", i, all.N-*r.MaxLength+1, *r.MaxLength))
		}
	}
	return nil
}

func (o *offline) list(ids []int) tokenList {
	l := tokenList{IDs: ids, N: len(ids), Pieces: make([]string, len(ids))}
	for i, id := range ids {
		l.Pieces[i] = o.tok.Token(id)
	}
	return l
}

// tokenColumns is how wide lines of tokens may be.
const tokenColumns = 100

// text writes tokens as ID "piece", several a line; a bar stands before token
// bar, if there is one with that number.
func (l *tokenList) text(bar int) string {
	var b strings.Builder
	column := 0
	for i, id := range l.IDs {
		word := fmt.Sprintf("%d %q", id, l.Pieces[i])
		if i == bar {
			word = "| " + word
		}
		if column > 0 && column+2+len(word) > tokenColumns {
			b.WriteByte('\n')
			column = 0
		} else if column > 0 {
			b.WriteString("  ")
			column += 2
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}

// offlineText is what the tokenizer adds to the text of a request.
func (x *inspected) offlineText(part func(name, text string)) {
	if x.Formatted != nil {
		part("formatted", *x.Formatted)
	}
	if t := x.Tokens; t != nil && t.Continuations == nil {
		part(fmt.Sprintf("tokens, %d", t.N), t.text(-1))
	} else if t != nil {
		for i := range t.Continuations {
			c := &t.Continuations[i]
			name := fmt.Sprintf("tokens of continuation %d, %d context | %d continuation", i, c.NContext, c.NContinuation)
			if i > 0 && slices.Equal(c.IDs[:c.NContext], t.Continuations[i-1].IDs[:t.Continuations[i-1].NContext]) {
				rest := tokenList{IDs: c.IDs[c.NContext:], Pieces: c.Pieces[c.NContext:]}
				part(name+", context as before", rest.text(-1))
			} else {
				part(name, c.text(c.NContext))
			}
		}
	}
	if len(x.Notes) > 0 {
		part("notes", strings.Join(x.Notes, "\n"))
	}
}
