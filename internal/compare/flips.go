package compare

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"sort"

	"olmoeval/eval"
	"olmoeval/internal/journal"
	"olmoeval/metric"
)

// Directions of a change from A to B.
const (
	Lost   = "lost"   // B is worse
	Gained = "gained" // B is better
)

// Flip is a question whose score changed.
type Flip struct {
	Task      string `json:"task"`
	ItemID    string `json:"item_id"`
	Direction string `json:"direction"`
	Question  string `json:"question"`
	Gold      any    `json:"gold"`
	A         Answer `json:"a"`
	B         Answer `json:"b"`
}

// Answer is what one side made of a question: of several samples the first
// answer found, of continuations the one that the metric chooses (a list where
// several are equally good).
type Answer struct {
	Answer any         `json:"answer"`
	Score  *float64    `json:"score"`
	Status eval.Status `json:"status"`
}

// FlipOptions pick flips; the zero value lists all.
type FlipOptions struct {
	Tasks     []string
	Direction string // Lost, Gained or "" for both
	Max       int    // 0 means no bound
}

// Flips lists the questions whose primary value changed, and how many there are
// in all. Right/wrong metrics give those that turned, in A's order; others the
// largest changes first.
func Flips(ctx context.Context, a, b Side, o FlipOptions) (flips []Flip, total int, err error) {
	opt := Options{Tasks: o.Tasks}
	tasks, err := common(a, b, opt)
	if err != nil {
		return nil, 0, err
	}
	for _, t := range tasks {
		p, err := t.pair(ctx, opt)
		if err != nil {
			return nil, 0, err
		}
		changes := p.changes(o.Direction)
		total += len(changes)
		if left := o.Max - len(flips); o.Max > 0 && len(changes) > left {
			changes = changes[:left]
		}
		found, err := p.describe(ctx, t, changes)
		if err != nil {
			return nil, 0, err
		}
		flips = append(flips, found...)
	}
	return flips, total, nil
}

// change is a question that changed: its rows, and by how much B is better.
type change struct {
	a, b int32
	by   float64
}

func (p *pairs) changes(direction string) []change {
	var out []change
	graded := false
	for q := range p.ia {
		i, j := p.ia[q], p.ib[q]
		if !p.a.has(i) || !p.b.has(j) {
			continue
		}
		x, y := p.a.value[i], p.b.value[j]
		graded = graded || x != 0 && x != 1 || y != 0 && y != 1
		by := y - x
		if !p.metric.HigherIsBetter {
			by = -by
		}
		if by == 0 || direction == Lost && by > 0 || direction == Gained && by < 0 {
			continue
		}
		out = append(out, change{i, j, by})
	}
	if graded {
		sort.SliceStable(out, func(i, j int) bool { return math.Abs(out[i].by) > math.Abs(out[j].by) })
	}
	return out
}

// describe reads the texts of some questions, from A and then from B.
func (p *pairs) describe(ctx context.Context, t taskOf, changes []change) ([]Flip, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	out := make([]Flip, len(changes))
	inA, inB := map[uint64]int{}, map[uint64]int{}
	for n, c := range changes {
		inA[p.a.keys[c.a]], inB[p.b.keys[c.b]] = n, n
		out[n].Task, out[n].Direction = t.label, Gained
		if c.by < 0 {
			out[n].Direction = Lost
		}
		out[n].A.Score, out[n].B.Score = p.inUnit(p.a.value[c.a]), p.inUnit(p.b.value[c.b])
	}
	err := p.eachOf(ctx, t.a, inA, func(f int, rec *eval.Record) {
		out[f].ItemID = rec.ID
		out[f].A.take(rec, p.metric.ID)
		out[f].text(rec)
	})
	if err != nil {
		return nil, err
	}
	err = p.eachOf(ctx, t.b, inB, func(f int, rec *eval.Record) {
		out[f].B.take(rec, p.metric.ID)
		if out[f].Question == "" {
			out[f].text(rec)
		}
	})
	return out, err
}

// eachOf visits the records of some keys, each once, in the newest run that has
// it.
func (p *pairs) eachOf(ctx context.Context, parts []part, wanted map[uint64]int, visit func(int, *eval.Record)) error {
	for _, part := range parts {
		for rec, err := range part.run.Records(ctx, part.task.Label) {
			var damage *journal.DamageError
			if errors.As(err, &damage) {
				continue
			}
			if err != nil {
				return err
			}
			key := rec.Digest
			if p.reading.byID {
				key = rec.ID
			}
			k := hash(key)
			if n, ok := wanted[k]; ok {
				visit(n, rec)
				delete(wanted, k)
			}
			if len(wanted) == 0 {
				return nil
			}
		}
	}
	return nil
}

func (p *pairs) inUnit(v float64) *float64 {
	if p.metric.ID == corpusPerplexity {
		v = math.Exp(v)
	}
	return finite(v)
}

func (f *Flip) text(rec *eval.Record) {
	if rec.Instance != nil {
		f.Question, f.Gold = rec.Instance.Question, rec.Instance.Gold
	}
}

func (a *Answer) take(rec *eval.Record, id string) {
	a.Status = rec.Status
	if rec.Request != nil && rec.Request.Type == eval.Loglikelihood && len(rec.Outputs) > 1 {
		switch chosen := choices(rec, id); len(chosen) {
		case 0:
		case 1:
			a.Answer = chosen[0]
		default:
			a.Answer = chosen
		}
		return
	}
	if i := slices.IndexFunc(rec.Outputs, func(o eval.Output) bool { return o.Answer != nil }); i >= 0 {
		a.Answer = rec.Outputs[i].Answer
	}
}

// choices are the continuations that a metric of the likeliest one chooses:
// those with which, were they the right ones, the question would count.
func choices(rec *eval.Record, id string) []any {
	m, err := metric.ByID(id, nil)
	if err != nil || rec.Instance == nil {
		return nil
	}
	var out []any
	in := *rec.Instance
	asked := *rec
	asked.Instance = &in
	for i := range rec.Outputs {
		in.Metadata = maps.Clone(rec.Instance.Metadata)
		if in.Metadata == nil {
			in.Metadata = map[string]any{}
		}
		in.Metadata["gold_idx"] = i
		if o, ok := m.Observe(&asked); ok && o.Value > 0 {
			out = append(out, rec.Outputs[i].Text)
		}
	}
	return out
}
