package mock

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"olmoeval/eval"
	"olmoeval/internal/provider/mock/lex"
)

// Loss is what a mock says of one continuation.
type Loss struct {
	Nats   float64 // minus its log-likelihood, > 0
	Tokens int     // of package lex, as the boundary rule of log-likelihoods counts them
	Greedy bool    // each token is the first choice
}

// unconditional is the loss per byte of a choice without its question.
const unconditional = 0.55

// Losses appends a loss for each continuation. The chosen one, the gold where
// the mock is right, wins by sum, per character, per token, per byte, and
// against the unconditional scores, which depend on the text alone.
func (m *Model) Losses(dst []Loss, r *eval.Request) []Loss {
	base := len(dst)
	for i, c := range r.Continuations {
		dst = append(dst, Loss{Tokens: tailTokens(r.Context(i), c)})
	}
	out := dst[base:]
	if len(out) == 0 {
		return dst
	}
	o := r.Origin
	if m.mode == fixed || o == nil || o.Instance == nil {
		for i := range out {
			out[i].Nats = FixedLoss
		}
		return dst
	}
	key := m.key(o.Digest)
	n := doubled(r, o.Instance)
	if n == 1 {
		m.single(key, len(r.Continuations[0]), &out[0])
	} else {
		m.contest(key, r, out[:n])
	}
	for i := n; i < len(out); i++ {
		out[i].Nats = unconditional * float64(max(1, len(r.Continuations[i])))
	}
	return dst
}

// FixedLoss is a plain mock's loss for every continuation: it prefers none.
const FixedLoss = 1.5

// single scores the only continuation: likely and greedy where right.
func (m *Model) single(key uint64, bytes int, l *Loss) {
	// The mean of two draws varies from item to item as real scores do.
	level := (uniform(key, drawLevel, 0) + uniform(key, drawLevel, 1)) / 2
	rate := 0.8 + 0.6*level
	if m.right(key, 0) {
		rate, l.Greedy = 0.15+0.3*level, true
	} else if m.mode == random {
		rate = 0.15 + 1.25*level
	}
	l.Nats = rate * float64(max(1, bytes))
}

// contest scores continuations of which one must win in every way.
func (m *Model) contest(key uint64, r *eval.Request, out []Loss) {
	win := m.winner(key, r, len(out))
	text := r.Continuations[win]
	w := &out[win]
	bytes, runes, tokens := float64(max(1, len(text))), float64(max(1, utf8.RuneCountInString(text))), float64(max(1, w.Tokens))
	w.Nats = (0.12 + 0.23*uniform(key, drawLevel, 0)) * bytes
	w.Greedy = true
	for i := range out {
		if i == win {
			continue
		}
		text := r.Continuations[i]
		b := float64(max(1, len(text)))
		ratio := max(1, b/bytes, float64(max(1, utf8.RuneCountInString(text)))/runes, float64(max(1, out[i].Tokens))/tokens)
		least := max(w.Nats*ratio, w.Nats+unconditional*(b-bytes))
		out[i].Nats = least*(1.1+0.6*uniform(key, drawGap, i)) + 0.05
	}
}

// winner is the gold where the mock is right, else another.
func (m *Model) winner(key uint64, r *eval.Request, n int) int {
	if m.mode == random {
		return int(bits(key, drawRight, 0) % uint64(n))
	}
	gold := goldContinuation(r, n)
	if gold < 0 {
		return int(bits(key, drawOther, 0) % uint64(n))
	}
	if m.right(key, 0) {
		return gold
	}
	first := int(bits(key, drawOther, 0) % uint64(n-1))
	for k := range n - 1 {
		i := (gold + 1 + (first+k)%(n-1)) % n
		if r.Continuations[i] != r.Continuations[gold] || r.Context(i) != r.Context(gold) {
			return i
		}
	}
	return gold
}

// goldContinuation is the index of the right one of the first n
// continuations, −1 if it cannot be told.
func goldContinuation(r *eval.Request, n int) int {
	in := r.Origin.Instance
	if i, ok := in.GoldIndex(); ok && i >= 0 && i < n {
		return i
	}
	gold, ok := in.GoldText()
	if !ok {
		return -1
	}
	for i, c := range r.Continuations[:n] {
		if strings.TrimSpace(c) == strings.TrimSpace(gold) {
			return i
		}
	}
	if i, ok := letterIndex(gold); ok && i < n {
		return i
	}
	return -1
}

// doubled is how many continuations compete: half of them where the second
// half repeats the first without its question.
func doubled(r *eval.Request, in *eval.Instance) int {
	n := len(r.Continuations)
	if n%2 != 0 || r.ContinuationPrompts == nil {
		return n
	}
	half := n / 2
	if k, ok := in.Int("num_choices"); ok {
		if k != half {
			return n
		}
	} else if len(in.Choices) > 0 && len(in.Choices) != half || half < 2 {
		return n
	}
	for i := range half {
		if r.Continuations[i] != r.Continuations[half+i] {
			return n
		}
	}
	return half
}

// tailTokens counts a continuation's tokens: white space at the end of the
// context belongs to it.
func tailTokens(context, continuation string) int {
	head := strings.TrimRightFunc(context, unicode.IsSpace)
	if len(head) == len(context) {
		return lex.Tail(head, continuation)
	}
	return lex.Tail(head, context[len(head):]+continuation)
}

// score answers a log-likelihood request.
func (m *Model) score(r *eval.Request) *eval.Response {
	n := len(r.Continuations)
	type scored struct {
		lik    eval.Loglik
		greedy bool
	}
	block := make([]scored, n)
	resp := &eval.Response{Outputs: make([]eval.Output, n), Attempts: 1}
	var room [16]Loss
	total := 0
	for i, l := range m.Losses(room[:0], r) {
		s := &block[i]
		s.greedy = l.Greedy
		s.lik = eval.Loglik{Sum: -l.Nats, Tokens: l.Tokens, Greedy: &s.greedy}
		resp.Outputs[i].Text = r.Continuations[i]
		resp.Outputs[i].Loglik = &s.lik
		total += size(r.Context(i)) + l.Tokens
	}
	resp.Usage.PromptTokens = total
	return resp
}
