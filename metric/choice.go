package metric

import (
	"unicode/utf8"

	"olmoeval/eval"
)

// AccSum (acc_sum) is the share of questions whose right continuation has the
// greatest log-likelihood. Where t continuations are greatest, the right one
// among them counts 1/t. It is not defined for a question without a gold index
// or with a continuation that has no log-likelihood; so too for the others.
func AccSum() eval.Metric { return choice{"acc_sum"} }

// AccPerChar (acc_per_char) compares log-likelihoods over the number of code
// points of the continuation, its leading space included, at least 1.
func AccPerChar() eval.Metric { return choice{"acc_per_char"} }

// AccPerToken (acc_per_token) compares log-likelihoods over the number of
// tokens, at least 1.
func AccPerToken() eval.Metric { return choice{"acc_per_token"} }

// AccPerByte (acc_per_byte) compares log-likelihoods over the number of UTF-8
// bytes, its leading space included, at least 1.
func AccPerByte() eval.Metric { return choice{"acc_per_byte"} }

// choice is a metric of the likeliest continuation; the id says by what.
type choice struct {
	ID string `json:"id"`
}

var _ eval.Metric = choice{}

const unscored = "no question has a gold index and log-likelihoods of all its continuations"

func (m choice) Info() eval.MetricInfo                { return proportion(m.ID) }
func (choice) Scorer() eval.Scorer                    { return nil }
func (m choice) Estimate(s eval.Sample) eval.Estimate { return meanOf(m.Info(), s, unscored) }

func (m choice) Observe(r *eval.Record) (eval.Observation, bool) {
	n := len(r.Outputs)
	if lost(r) {
		return eval.Observation{Weight: 1}, true
	}
	gold, ok := goldIndex(r, n)
	if !ok {
		return eval.Observation{}, false
	}
	var top contest
	for i := range r.Outputs {
		o := &r.Outputs[i]
		v, tokens, ok := loglik(o)
		if !ok {
			return eval.Observation{}, false
		}
		switch m.ID {
		case "acc_per_char":
			v /= float64(max(utf8.RuneCountInString(o.Text), 1))
		case "acc_per_token":
			v /= float64(max(tokens, 1))
		case "acc_per_byte":
			v /= float64(max(len(o.Text), 1))
		}
		top.add(v, i == gold)
	}
	return eval.Observation{Value: top.share(), Weight: 1}, true
}

// contest keeps the greatest of several values.
type contest struct {
	best float64
	tied int
	gold bool // among the tied
}

func (c *contest) add(v float64, gold bool) {
	switch {
	case c.tied == 0 || v > c.best:
		c.best, c.tied, c.gold = v, 1, gold
	case v == c.best:
		c.tied++
		c.gold = c.gold || gold
	}
}

func (c *contest) share() float64 {
	if !c.gold {
		return 0
	}
	return 1 / float64(c.tied)
}

// AccUncond (acc_uncond) compares by how much the question raises the
// log-likelihood of a continuation over that of the same continuation after
// a neutral context. The outputs are C continuations after the question, then
// the same C after the neutral context; C is metadata num_choices, else the
// number of choices.
func AccUncond() eval.Metric { return uncond{} }

type uncond struct{}

var _ eval.Metric = uncond{}

func (uncond) Info() eval.MetricInfo { return proportion("acc_uncond") }
func (uncond) Scorer() eval.Scorer   { return nil }

func (m uncond) Estimate(s eval.Sample) eval.Estimate {
	return meanOf(m.Info(), s, unscored+", with and without the question")
}

func (uncond) Observe(r *eval.Record) (eval.Observation, bool) {
	if lost(r) {
		return eval.Observation{Weight: 1}, true
	}
	if r.Instance == nil {
		return eval.Observation{}, false
	}
	n, ok := r.Instance.Int("num_choices")
	if !ok {
		n = len(r.Instance.Choices)
	}
	gold, ok := goldIndex(r, n)
	if !ok || len(r.Outputs) != 2*n {
		return eval.Observation{}, false
	}
	var top contest
	for i := range n {
		with, _, ok := loglik(&r.Outputs[i])
		without, _, ok2 := loglik(&r.Outputs[n+i])
		if !ok || !ok2 {
			return eval.Observation{}, false
		}
		top.add(with-without, i == gold)
	}
	return eval.Observation{Value: top.share(), Weight: 1}, true
}

// AccGreedy (acc_greedy) is the share of questions whose right continuation is
// what greedy decoding would write. It is not defined where the server does
// not tell.
func AccGreedy() eval.Metric { return greedy{} }

type greedy struct{}

var _ eval.Metric = greedy{}

func (greedy) Info() eval.MetricInfo { return proportion("acc_greedy") }
func (greedy) Scorer() eval.Scorer   { return nil }

func (m greedy) Estimate(s eval.Sample) eval.Estimate {
	return meanOf(m.Info(), s, "the server does not say for any question whether its tokens are the likeliest")
}

func (greedy) Observe(r *eval.Record) (eval.Observation, bool) {
	o, ok := goldOutput(r)
	if !ok || o.Loglik == nil || o.Loglik.Greedy == nil {
		return eval.Observation{Weight: 1}, lost(r)
	}
	v := 0.0
	if *o.Loglik.Greedy {
		v = 1
	}
	return eval.Observation{Value: v, Weight: 1}, true
}
