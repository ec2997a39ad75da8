package engine

import (
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"sync"

	"olmoeval/eval"
)

// Flags of an instance.
const (
	flagDone uint8 = 1 << iota // its record is in the journal and need not be asked again
	flagCounted
	flagTruncated
	flagUnextracted
	flagEqual    // all continuations have the same log-likelihood
	flagSeen     // it has a record
	flagThinking // an answer ended inside thinking at a stop sequence
	flagSkipped  // it did not fit the context and was left out
)

// track is what a run remembers of a task's instances: columns by index.
type track struct {
	metrics []string

	mu      sync.Mutex
	flags   []uint8
	status  []uint8 // into statuses
	prompts []uint64
	values  [][]float64 // by metric; NaN where there is none
	weights [][]float64 // by metric; nil while all are 1
	cluster []int32     // nil while there are none; 0 is a cluster of its own
	names   map[string]int32
	known   map[eval.Status]uint8
	list    []eval.Status
	usage   eval.Usage
	seen    int
	cached  int // answers that an earlier run had
}

func newTrack(n int, metrics []string) *track {
	t := &track{
		metrics: metrics, flags: make([]uint8, n), status: make([]uint8, n), prompts: make([]uint64, n),
		values: make([][]float64, len(metrics)), weights: make([][]float64, len(metrics)),
		known: map[eval.Status]uint8{}, names: map[string]int32{},
	}
	for i := range t.values {
		t.values[i] = make([]float64, n)
		for j := range t.values[i] {
			t.values[i][j] = math.NaN()
		}
	}
	return t
}

// add notes a record; a later one of the same instance replaces the earlier. It
// returns how many were noted, 0 for a replacement.
func (t *track) add(rec *eval.Record) (seen int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := rec.Index
	if i < 0 || i >= len(t.flags) {
		return 0
	}
	if t.flags[i]&flagSeen == 0 {
		t.seen++
		seen = t.seen
	}
	code, ok := t.known[rec.Status]
	if !ok {
		code = uint8(len(t.list))
		t.known[rec.Status] = code
		t.list = append(t.list, rec.Status)
	}
	t.status[i] = code
	t.flags[i] = flagSeen | flagsOf(rec)
	t.prompts[i] = promptBits(rec.PromptDigest)
	t.usage = t.usage.Add(rec.Usage)
	if slices.Contains(rec.Notes, "cached") {
		t.cached++
	}
	for m, id := range t.metrics {
		t.values[m][i] = math.NaN()
		o := rec.Values[id]
		if o == nil || !rec.Status.Counted() {
			continue
		}
		t.values[m][i] = o.Value
		if o.Weight != 1 && t.weights[m] == nil {
			t.weights[m] = make([]float64, len(t.flags))
			for j := range t.weights[m] {
				t.weights[m][j] = 1
			}
		}
		if t.weights[m] != nil {
			t.weights[m][i] = o.Weight
		}
	}
	if rec.Instance != nil && rec.Instance.Cluster != "" {
		if t.cluster == nil {
			t.cluster = make([]int32, len(t.flags))
		}
		id, ok := t.names[rec.Instance.Cluster]
		if !ok {
			id = int32(len(t.names) + 1)
			t.names[rec.Instance.Cluster] = id
		}
		t.cluster[i] = id
	}
	return seen
}

func flagsOf(rec *eval.Record) uint8 {
	var f uint8
	if !rec.Status.Retryable() {
		f |= flagDone
	}
	if rec.Status.Counted() {
		f |= flagCounted
	}
	if rec.Request == nil {
		return f
	}
	if rec.Request.Type == eval.Loglikelihood {
		if len(rec.Outputs) > 1 && equalSums(rec.Outputs) {
			f |= flagEqual
		}
		return f
	}
	if rec.Status == eval.ContextOverflow && !anyValue(rec) {
		f |= flagSkipped
	}
	answered := len(rec.Outputs) == 0
	for i := range rec.Outputs {
		out := &rec.Outputs[i]
		if out.FinishReason == "length" {
			f |= flagTruncated
		} else if thinking(out.Text) {
			f |= flagThinking
		}
		answered = answered || !empty(rec.Outputs[i].Answer)
	}
	if !answered {
		f |= flagUnextracted
	}
	return f
}

// thinking reports whether a text opens thinking and does not close it.
func thinking(text string) bool {
	open := strings.LastIndex(text, "<think>")
	return open >= 0 && !strings.Contains(text[open:], "</think>")
}

func anyValue(rec *eval.Record) bool {
	for _, v := range rec.Values {
		if v != nil {
			return true
		}
	}
	return false
}

// empty reports whether an extractor found nothing: no answer, or an empty list.
func empty(answer any) bool {
	switch a := answer.(type) {
	case nil:
		return true
	case []string:
		return len(a) == 0
	case []any:
		return len(a) == 0
	}
	return false
}

func equalSums(outs []eval.Output) bool {
	for i := range outs {
		if outs[i].Loglik == nil || outs[0].Loglik == nil || outs[i].Loglik.Sum != outs[0].Loglik.Sum {
			return false
		}
	}
	return true
}

// promptBits keeps the first 64 bits of a prompt digest.
func promptBits(digest string) uint64 {
	if len(digest) < 16 {
		return 0
	}
	var b [8]byte
	if _, err := hex.Decode(b[:], []byte(digest[:16])); err != nil {
		return 0
	}
	return digestBits(digest[:16])
}

func (t *track) has(i int, f uint8) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.flags[i]&f != 0
}

func (t *track) count(f uint8) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, x := range t.flags {
		if x&f != 0 {
			n++
		}
	}
	return n
}

// sample is the observations of metric m in instance order.
func (t *track) sample(m int) eval.Sample {
	var s eval.Sample
	n := 0
	for _, v := range t.values[m] {
		if !math.IsNaN(v) {
			n++
		}
	}
	s.Values = make([]float64, 0, n)
	if t.weights[m] != nil {
		s.Weights = make([]float64, 0, n)
	}
	if t.cluster != nil {
		s.Clusters = make([]int32, 0, n)
	}
	alone := int32(len(t.names))
	for i, v := range t.values[m] {
		if math.IsNaN(v) {
			continue
		}
		s.Values = append(s.Values, v)
		if t.weights[m] != nil {
			s.Weights = append(s.Weights, t.weights[m][i])
		}
		if t.cluster != nil {
			c := t.cluster[i]
			if c == 0 {
				alone++
				c = alone
			}
			s.Clusters = append(s.Clusters, c)
		}
	}
	return s
}

// failures counts records whose status does not count, by status.
func (t *track) failures() map[string]int {
	out := map[string]int{}
	for i, f := range t.flags {
		if f&flagSeen != 0 && f&flagCounted == 0 {
			out[string(t.list[t.status[i]])]++
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
