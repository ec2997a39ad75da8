package compare

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"sort"

	"olmoeval/eval"
	"olmoeval/internal/journal"
)

// column is what is kept of a task's records on one side: a few numbers a
// question.
type column struct {
	row     map[uint64]int32 // by key
	keys    []uint64         // what pairs are made on
	digests []uint64         // of the item; 0 unknown
	prompts []uint64         // of the prompt; 0 unknown
	at      []int32          // the instance's index
	value   []float64        // NaN where there is none
	weight  []float64        // nil while all are 1
	seen    []int32          // how many runs observed it; nil while at most one did
	cluster []int32          // into clusters, 0 for none; nil while there are none
	slice   []int32          // into sets, 0 for none; nil unless slices are asked for

	clusters interned
	sets     interned
	replicas int
	warnings []string
}

// interned numbers texts from 1.
type interned struct {
	number map[string]int32
	texts  []string
}

func (n *interned) id(text string) int32 {
	if text == "" {
		return 0
	}
	if id, ok := n.number[text]; ok {
		return id
	}
	if n.number == nil {
		n.number = map[string]int32{}
	}
	n.texts = append(n.texts, text)
	id := int32(len(n.texts))
	n.number[text] = id
	return id
}

func (n *interned) text(id int32) string {
	if id == 0 {
		return ""
	}
	return n.texts[id-1]
}

// reading says what to take of records.
type reading struct {
	byID   bool
	metric string
	slicer func(*eval.Record) string // nil without slices
}

// read makes the column of a task from its runs.
func read(ctx context.Context, parts []part, how reading) (*column, error) {
	c := &column{row: map[uint64]int32{}, replicas: len(parts)}
	for _, p := range parts {
		metric := how.metric
		if p.run.Foreign {
			metric = p.task.Primary
		}
		for rec, err := range p.run.Records(ctx, p.task.Label) {
			var damage *journal.DamageError
			if errors.As(err, &damage) {
				c.warnings = append(c.warnings, "damaged: "+err.Error())
				continue
			}
			if err != nil {
				return nil, err
			}
			c.add(rec, metric, how)
		}
	}
	if !slices.IsSorted(c.at) && len(parts) == 1 {
		c.sort()
	}
	return c, nil
}

func hash(text string) uint64 {
	if text == "" {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64() | 1 // never 0, which is unknown
}

// add takes a record; a question that another run has too gets the mean.
func (c *column) add(rec *eval.Record, metric string, how reading) {
	key := rec.Digest
	if how.byID {
		key = rec.ID
	}
	k, digest := hash(key), hash(rec.Digest)
	i, known := c.row[k]
	if known && digest != c.digests[i] && digest != 0 && c.digests[i] != 0 {
		c.warnings = append(c.warnings, fmt.Sprintf("digest_mismatch: question %s is not the same in two runs of one side", key))
		c.value[i] = math.NaN()
		return
	}
	if !known {
		i = c.grow(k, digest, rec)
		if how.slicer != nil {
			c.slice = append(c.slice, c.sets.id(how.slicer(rec)))
		}
	}
	o := rec.Values[metric]
	if o == nil || !rec.Status.Counted() {
		return
	}
	c.observe(i, *o)
}

// grow adds a row without a value.
func (c *column) grow(key, digest uint64, rec *eval.Record) int32 {
	i := int32(len(c.keys))
	c.row[key] = i
	c.keys = append(c.keys, key)
	c.digests = append(c.digests, digest)
	c.prompts = append(c.prompts, hash(rec.PromptDigest))
	c.at = append(c.at, int32(rec.Index))
	c.value = append(c.value, math.NaN())
	if c.weight != nil {
		c.weight = append(c.weight, 1)
	}
	if c.seen != nil {
		c.seen = append(c.seen, 0)
	}
	name := ""
	if rec.Instance != nil {
		name = rec.Instance.Cluster
	}
	if name != "" && c.cluster == nil {
		c.cluster = make([]int32, i, i+1)
	}
	if c.cluster != nil {
		c.cluster = append(c.cluster, c.clusters.id(name))
	}
	return i
}

// observe takes a value. The mean over runs is Σvw/Σw with the mean weight.
func (c *column) observe(i int32, o eval.Observation) {
	if o.Weight != 1 && c.weight == nil {
		c.weight = ones(len(c.keys))
	}
	if c.replicas > 1 && c.seen == nil {
		c.seen = make([]int32, len(c.keys))
	}
	if math.IsNaN(c.value[i]) {
		c.value[i] = o.Value
		if c.weight != nil {
			c.weight[i] = o.Weight
		}
		if c.seen != nil {
			c.seen[i] = 1
		}
		return
	}
	if c.seen == nil { // the same question twice in one run: its ids are not unique after all
		c.seen = make([]int32, len(c.keys))
		for j := range c.seen {
			if !math.IsNaN(c.value[j]) {
				c.seen[j] = 1
			}
		}
		c.warnings = append(c.warnings, "replicates: some questions stand twice in a run; their mean is taken")
	}
	n, w := float64(c.seen[i]), 1.0
	if c.weight != nil {
		w = c.weight[i]
	}
	total := w*n + o.Weight
	if total > 0 {
		c.value[i] = (c.value[i]*w*n + o.Value*o.Weight) / total
	}
	if c.weight != nil {
		c.weight[i] = total / (n + 1)
	}
	c.seen[i]++
}

// sort puts the rows in instance order.
func (c *column) sort() {
	order := make([]int32, len(c.at))
	for i := range order {
		order[i] = int32(i)
	}
	sort.SliceStable(order, func(i, j int) bool { return c.at[order[i]] < c.at[order[j]] })
	c.keys, c.digests, c.prompts = permute(c.keys, order), permute(c.digests, order), permute(c.prompts, order)
	c.at, c.value, c.weight = permute(c.at, order), permute(c.value, order), permute(c.weight, order)
	c.seen, c.cluster, c.slice = permute(c.seen, order), permute(c.cluster, order), permute(c.slice, order)
	for i, k := range c.keys {
		c.row[k] = int32(i)
	}
}

func permute[T any](x []T, order []int32) []T {
	if x == nil {
		return nil
	}
	out := make([]T, len(x))
	for i, j := range order {
		out[i] = x[j]
	}
	return out
}

func ones(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = 1
	}
	return out
}

// has tells if a row is there and has a value.
func (c *column) has(i int32) bool { return i >= 0 && !math.IsNaN(c.value[i]) }

func (c *column) weightOf(i int32) float64 {
	if c.weight == nil {
		return 1
	}
	return c.weight[i]
}
