package cli

import (
	"context"
	"fmt"
	"math"
	"strings"

	"olmoeval/catalog"
	"olmoeval/eval"
	"olmoeval/internal/engine"
	"olmoeval/internal/provider/mock"
)

// trial tries one task: task check's work on one spec.
type trial struct {
	*app
	s      *catalog.Selected
	n      int // rows, 0 for all
	report func(checked) error
	show   bool // print the first prompt

	metric        eval.Metric // the primary
	scorers       []eval.Scorer
	oracle, wrong *mock.Model
	first         *inspected
	rows          int
	unlabelled    int                 // rows without a gold answer: nothing is right for them
	failed        map[string]*checked // the first failure of each check
	passed        map[string]int
}

// The checks of rows, in the order they are reported.
const (
	checkOracle = "oracle"
	checkEmpty  = "empty"
	checkWrong  = "wrong"
)

func (t *trial) run(ctx context.Context) error {
	t.failed, t.passed = map[string]*checked{}, map[string]int{}
	say := func(check, status, where, detail string) error {
		return t.report(checked{Spec: t.s.Label, Check: check, Status: status, Where: where, Detail: detail})
	}
	defined := t.defined(t.s.Task.Defined)
	p, err := t.prepareHead(ctx, t.s, t.n, false)
	if err == nil {
		err = t.setUp()
	}
	if err == nil {
		err = t.eachRow(ctx, p)
	}
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		return say("load", checkFailed, defined, strings.TrimPrefix(err.Error(), "task "+t.s.Label+": "))
	}
	detail := fmt.Sprintf("%d of %s, %d worked examples", t.rows, t.defined(describeSource(t.s.Task.Source)), len(p.Shots))
	if t.unlabelled > 0 {
		detail += fmt.Sprintf(", %d without a gold answer", t.unlabelled)
	}
	if err := say("rows", checkOK, "", detail); err != nil {
		return err
	}
	if p.Leaks > 0 {
		t.note("warning: %s: %d questions are among their own worked examples", t.s.Label, p.Leaks)
	}
	if t.show && t.first != nil && !t.global.json {
		if _, err := t.Stdout.Write(t.first.text()); err != nil {
			return err
		}
	}
	if len(t.s.Task.Metrics) == 0 {
		return say("metrics", checkFailed, defined, "the task has no metrics, so it can be inspected but not run")
	}
	if more := needsMore(&t.s.Task); more != "" {
		return say(checkOracle, checkSkipped, "", more+", which this version does not provide")
	}
	for _, c := range t.verdicts() {
		if err := t.report(c); err != nil {
			return err
		}
	}
	return nil
}

func (t *trial) setUp() (err error) {
	task := &t.s.Task
	id := engine.Primary(task)
	for _, m := range task.Metrics {
		if m.Info().ID == id {
			t.metric = m
		}
	}
	if t.metric == nil && len(task.Metrics) > 0 {
		return fmt.Errorf("the primary metric %q is not among its metrics", id)
	}
	t.scorers = engine.Scorers(task)
	if t.oracle, err = mock.Parse("mock:oracle"); err != nil {
		return err
	}
	t.wrong, err = mock.Parse("mock:acc=0")
	return err
}

func describeSource(s eval.Source) string {
	if len(s.Command) > 0 {
		return strings.Join(s.Command, " ")
	}
	return s.Path
}

// eachRow renders rows and scores made-up answers of them.
func (t *trial) eachRow(ctx context.Context, p *engine.Prepared) error {
	scored := t.metric != nil && needsMore(&t.s.Task) == ""
	for it, err := range p.Items(ctx) {
		if err != nil {
			return err
		}
		in, req, err := p.Request(it)
		if err != nil {
			return err
		}
		req.Origin = &eval.Origin{Task: &t.s.Task, Instance: in, Digest: p.ItemDigest(it.Index)}
		if t.first == nil {
			t.first = newInspected(t.s.Label, it.Index, in, req)
		}
		t.rows++
		if scored {
			if err := t.score(ctx, t.defined(it.Row.Where()), in, req); err != nil {
				return err
			}
		}
		if t.n > 0 && t.rows == t.n {
			return nil
		}
	}
	return nil
}

// score scores a right answer, and an empty or a wrong one.
func (t *trial) score(ctx context.Context, where string, in *eval.Instance, req *eval.Request) error {
	right, err := t.answered(ctx, t.oracle, in, req)
	if err != nil {
		return err
	}
	if !t.labelled(right) {
		t.unlabelled++
		return nil
	}
	var bad *eval.Record
	check := checkWrong
	if req.Type == eval.Loglikelihood {
		if bad, err = t.answered(ctx, t.wrong, in, req); err != nil {
			return err
		}
	} else {
		check = checkEmpty
		bad = &eval.Record{Instance: in, Request: req, Outputs: make([]eval.Output, req.Sampling.Samples())}
		engine.Score(ctx, &t.s.Task, t.scorers, bad)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	info := t.metric.Info()
	if rightOrWrong(info) {
		t.want(checkOracle, where, right, 1)
		t.want(check, where, bad, 0)
		return nil
	}
	// A measure of likelihood has no right value; the right text must score
	// better than a text the model finds unlikely.
	r, why := t.value(right)
	b, why2 := t.value(bad)
	switch {
	case why != "":
		t.fail(checkOracle, where, "a right answer: "+why)
	case req.Type == eval.Loglikelihood && why2 != "":
		t.fail(check, where, "an unlikely answer: "+why2)
	case why2 == "" && (r == b || r > b != info.HigherIsBetter):
		t.fail(checkOracle, where, fmt.Sprintf("%s of a likely answer is %g, of an unlikely one %g", info.ID, r, b))
	default:
		t.passed[checkOracle]++
	}
	return nil
}

// labelled reports whether there is anything right to say to an instance: of a
// text a gold or the task's own right answer, of likelihoods a value.
func (t *trial) labelled(rec *eval.Record) bool {
	if rec.Request.Type == eval.Loglikelihood {
		return !rec.Status.Counted() || rec.Values[t.metric.Info().ID] != nil
	}
	if oracle := t.s.Task.Oracle; oracle != nil {
		if _, ok := oracle(rec.Instance); ok {
			return true
		}
	}
	_, ok := rec.Instance.GoldText()
	return ok
}

func (t *trial) answered(ctx context.Context, m *mock.Model, in *eval.Instance, req *eval.Request) (*eval.Record, error) {
	resp, err := m.Respond(ctx, req)
	if err != nil {
		return nil, err
	}
	rec := &eval.Record{Instance: in, Request: req, Outputs: resp.Outputs}
	engine.Score(ctx, &t.s.Task, t.scorers, rec)
	return rec, nil
}

// value is the primary metric's value of a record, or why there is none.
func (t *trial) value(rec *eval.Record) (v float64, why string) {
	id := t.metric.Info().ID
	if !rec.Status.Counted() {
		return 0, fmt.Sprintf("%s: %s", rec.Status, firstOf(rec.Error, "no reason given"))
	}
	o := rec.Values[id]
	if o == nil {
		return 0, fmt.Sprintf("%s has no value (has the row a gold answer?)", id)
	}
	return o.Value, ""
}

func (t *trial) want(check, where string, rec *eval.Record, want float64) {
	v, why := t.value(rec)
	what := map[string]string{checkOracle: "a right answer", checkEmpty: "an empty answer", checkWrong: "a wrong choice"}[check]
	switch {
	case why != "":
		t.fail(check, where, what+": "+why)
	case math.Abs(v-want) > 1e-9:
		t.fail(check, where, fmt.Sprintf("%s scores %g, want %g (%s); %s", what, v, want, t.metric.Info().ID, sample(rec)))
	default:
		t.passed[check]++
	}
}

// sample shows what was scored.
func sample(rec *eval.Record) string {
	var out []string
	for i := range rec.Outputs {
		if i == 4 {
			out = append(out, "…")
			break
		}
		o := &rec.Outputs[i]
		out = append(out, fmt.Sprintf("%.80q as %s", o.Text, cut(string(plainJSON(o.Answer)), 80)))
	}
	return fmt.Sprintf("gold %s, output %s", cut(string(plainJSON(rec.Instance.Gold)), 80), strings.Join(out, "; "))
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

func (t *trial) fail(check, where, detail string) {
	if t.failed[check] == nil {
		t.failed[check] = &checked{Spec: t.s.Label, Check: check, Status: checkFailed, Where: where, Detail: detail}
	}
}

// verdicts are the outcomes of the checks of rows.
func (t *trial) verdicts() []checked {
	info := t.metric.Info()
	said := map[string]string{
		checkOracle: "%d right answers score 1 (%s)", checkEmpty: "%d empty answers score 0 (%s)", checkWrong: "%d wrong choices score 0 (%s)",
	}
	if !rightOrWrong(info) {
		said[checkOracle] = "%d likely answers score better than unlikely ones (%s)"
	}
	var out []checked
	if t.rows == t.unlabelled {
		return []checked{{Spec: t.s.Label, Check: checkOracle, Status: checkFailed, Where: t.defined(t.s.Task.Defined), Detail: t.metric.Info().ID + " has no value for any row: is there a gold answer?"}}
	}
	for _, check := range []string{checkOracle, checkEmpty, checkWrong} {
		switch f := t.failed[check]; {
		case f != nil:
			f.Detail += fmt.Sprintf("; %d of %d rows pass", t.passed[check], t.rows-t.unlabelled)
			out = append(out, *f)
		case t.passed[check] > 0:
			out = append(out, checked{Spec: t.s.Label, Check: check, Status: checkOK, Detail: fmt.Sprintf(said[check], t.passed[check], info.ID)})
		}
	}
	return out
}
