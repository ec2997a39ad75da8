package engine

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"runtime"
	"slices"
	"sync"

	"olmoeval/eval"
	"olmoeval/internal/journal"
	"olmoeval/internal/pyrand"
)

// Loader reads what tasks need.
type Loader struct {
	Data   eval.Data
	Decode func(eval.Row) (eval.Doc, error)
	// SkipBadRows passes over malformed rows and counts them; otherwise the
	// first one is an error.
	SkipBadRows bool
}

// Prepared is a task with its data known: how many instances there are, which
// are selected and what identifies them. It holds a few bytes an instance.
type Prepared struct {
	Label string
	Spec  string
	Task  *eval.Task
	Infos []eval.SourceInfo
	Shots []*eval.Instance
	// N is how many instances are selected, over all shards; Own how many of
	// them are this shard's.
	N, Own int
	// UniqueIDs says that the data set's own ids identify its items.
	UniqueIDs bool
	Skipped   int
	// Chance is the expected score of blind guessing, 0 if unknown.
	Chance float64
	// Leaks counts selected instances whose question is among the shots.
	Leaks int

	loader  *Loader
	rows    []eval.Rows
	render  eval.Renderer
	digests []uint64 // by instance index
	ordinal []int32  // by instance index: 2, 3 … among equal items; nil without any
	index   []int32  // by row: instance index, -1 for rows not taken; nil: the row's own number
	digest  eval.Digester
}

// seen is what the first pass keeps of a row.
type seen struct {
	digest uint64
	id     uint64
	hasID  bool
	keep   bool
	leak   bool
}

// Prepare makes the first pass over a task's data.
func (l *Loader) Prepare(ctx context.Context, label, spec string, t *eval.Task, shard *journal.Shard) (*Prepared, error) {
	p := &Prepared{Label: label, Spec: spec, Task: t, loader: l}
	sel := t.Selection()
	for _, split := range sel.Splits {
		rows, err := l.Data.Open(ctx, t.Source, split)
		if err != nil {
			return nil, fmt.Errorf("task %s: %w", label, err)
		}
		p.rows = append(p.rows, rows)
	}
	var err error
	if p.Shots, err = l.shots(ctx, t); err != nil {
		return nil, fmt.Errorf("task %s: %w", label, err)
	}
	format, err := l.texts(ctx, t.Prompt)
	if err != nil {
		return nil, fmt.Errorf("task %s: %w", label, err)
	}
	if p.render, err = format.Prepare(p.Shots); err != nil {
		return nil, fmt.Errorf("task %s: %w", label, err)
	}
	all, err := p.survey(ctx)
	if err != nil {
		return nil, fmt.Errorf("task %s: %w", label, err)
	}
	for _, r := range p.rows {
		p.Infos = append(p.Infos, r.Info())
	}
	p.choose(all, sel.Seed, shard)
	if p.Own == 0 && shard == nil {
		return nil, fmt.Errorf("task %s: the data source %s has no instances in split %v", label, t.Source.Path, sel.Splits)
	}
	return p, nil
}

// texts fetches the published texts that a prompt holds.
func (l *Loader) texts(ctx context.Context, f eval.Formatter) (eval.Formatter, error) {
	tf, ok := f.(eval.TextFormatter)
	if !ok {
		return f, nil
	}
	texts := map[string]string{}
	for _, name := range tf.Texts() {
		text, err := l.Data.Text(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("prompt text: %w", err)
		}
		texts[name] = text
	}
	return tf.WithTexts(texts), nil
}

// shots reads the worked examples.
func (l *Loader) shots(ctx context.Context, t *eval.Task) ([]*eval.Instance, error) {
	f := t.Fewshot
	if f.Num == 0 {
		return nil, nil
	}
	var out []*eval.Instance
	if f.Set != "" {
		docs, err := l.Data.Shots(ctx, f.Set)
		if err != nil {
			return nil, fmt.Errorf("few-shot set: %w", err)
		}
		if len(docs) < f.Num {
			return nil, fmt.Errorf("few-shot set %q has %d rows, num_fewshot asks for %d", f.Set, len(docs), f.Num)
		}
		for i, d := range docs[:f.Num] {
			in, err := t.Shot(d, i)
			if err != nil {
				return nil, fmt.Errorf("few-shot set %q, row %d: %w", f.Set, i, err)
			}
			out = append(out, in)
		}
		return out, nil
	}
	split := f.Split
	if split == "" {
		split = t.Split
	}
	rows, err := l.Data.Open(ctx, t.Source, split)
	if err != nil {
		return nil, fmt.Errorf("few-shot rows: %w", err)
	}
	i := -1
	for row, err := range rows.All(ctx) {
		i++
		if err == nil {
			var d eval.Doc
			if d, err = l.Decode(row); err == nil {
				var in *eval.Instance
				if in, err = t.Shot(d, i); err == nil && in != nil {
					out = append(out, in)
				}
			}
		}
		if err != nil && !l.skip(err) {
			return nil, fmt.Errorf("few-shot rows: %w", err)
		}
		if !f.Draw && len(out) == f.Num {
			break
		}
	}
	if len(out) < f.Num {
		return nil, fmt.Errorf("split %q of %s has %d rows for worked examples, num_fewshot asks for %d", split, t.Source.Path, len(out), f.Num)
	}
	if !f.Draw {
		return out, nil
	}
	drawn := make([]*eval.Instance, f.Num)
	for k, i := range pyrand.New(f.Seed).Sample(len(out), f.Num) {
		drawn[k] = out[i]
	}
	return drawn, nil
}

func (l *Loader) skip(err error) bool {
	var bad *eval.RowError
	return l.SkipBadRows && errors.As(err, &bad)
}

// all yields the rows of all splits with their running number.
func (p *Prepared) all(ctx context.Context) iter.Seq2[eval.Row, error] {
	return func(yield func(eval.Row, error) bool) {
		for _, rows := range p.rows {
			for row, err := range rows.All(ctx) {
				if !yield(row, err) {
					return
				}
			}
		}
	}
}

// instance decodes and reads one row.
func (p *Prepared) instance(row eval.Row, number int) (*eval.Instance, error) {
	d, err := p.loader.Decode(row)
	if err != nil {
		return nil, err
	}
	in, err := p.Task.Instance(d, number)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", row.Where(), err)
	}
	return in, nil
}

type surveyChunk struct {
	first   int
	rows    []eval.Row
	out     []seen
	chance  float64 // summed over the kept rows
	skipped int
	err     error
	done    chan struct{}
}

const surveyRows = 256

// survey reads every row once, decoding on all processors, and returns what it
// saw in row order.
func (p *Prepared) survey(ctx context.Context) ([]seen, error) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	questions := map[string]bool{}
	for _, s := range p.Shots {
		questions[s.Question] = true
	}
	workers := runtime.GOMAXPROCS(0)
	work := make(chan *surveyChunk, workers)      // closed by the reader
	ordered := make(chan *surveyChunk, 4*workers) // closed by the reader
	wg.Go(func() { p.readChunks(ctx, work, ordered) })
	for range workers {
		wg.Go(func() {
			for c := range work {
				p.surveyChunk(c, questions)
				close(c.done)
			}
		})
	}
	var all []seen
	for c := range ordered {
		select {
		case <-c.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if c.err != nil {
			return nil, c.err
		}
		p.Skipped += c.skipped
		p.Chance += c.chance // a sum until choose divides it
		all = append(all, c.out...)
	}
	return all, ctx.Err()
}

func (p *Prepared) readChunks(ctx context.Context, work, ordered chan<- *surveyChunk) {
	defer close(ordered)
	defer close(work)
	fresh := func(first int) *surveyChunk { return &surveyChunk{first: first, done: make(chan struct{})} }
	c := fresh(0)
	send := func() bool {
		select {
		case ordered <- c:
		case <-ctx.Done():
			return false
		}
		select {
		case work <- c:
		case <-ctx.Done():
			return false
		}
		return true
	}
	n := 0
	for row, err := range p.all(ctx) {
		if err != nil && !p.loader.skip(err) {
			c.err = err
			break
		}
		if err != nil {
			c.skipped++
			row = eval.Row{} // keeps the numbering
		}
		c.rows = append(c.rows, row)
		n++
		if len(c.rows) == surveyRows {
			if !send() {
				return
			}
			c = fresh(n)
		}
	}
	send()
}

func (p *Prepared) surveyChunk(c *surveyChunk, questions map[string]bool) {
	if c.err != nil {
		return
	}
	c.out = make([]seen, len(c.rows))
	for i, row := range c.rows {
		if row.Raw == nil && row.Doc == nil {
			continue
		}
		in, err := p.instance(row, c.first+i)
		if err != nil {
			if p.loader.skip(err) {
				c.skipped++
				continue
			}
			c.err = err
			return
		}
		if in == nil {
			continue
		}
		s := &c.out[i]
		s.keep = true
		s.digest = digestBits(eval.ItemDigest(in))
		if id := in.OwnID(); id != "" {
			h := fnv.New64a()
			h.Write([]byte(id))
			s.id, s.hasID = h.Sum64(), true
		}
		s.leak = questions[in.Question]
		if n := len(in.Choices); n > 0 {
			c.chance += 1 / float64(n)
		}
		c.rows[i] = eval.Row{}
	}
}

func digestBits(hex16 string) uint64 {
	var b [8]byte
	if _, err := hex.Decode(b[:], []byte(hex16)); err != nil {
		panic("item digest " + hex16 + " is no hex")
	}
	return binary.BigEndian.Uint64(b[:])
}

// choose draws the limit, takes the shard's part, and settles identities.
func (p *Prepared) choose(all []seen, seed int64, shard *journal.Shard) {
	var rows []int32 // of kept instances, in data order
	p.UniqueIDs = true
	var ids []uint64
	for r := range all {
		s := &all[r]
		if !s.keep {
			continue
		}
		rows = append(rows, int32(r))
		ids = append(ids, s.id)
		p.UniqueIDs = p.UniqueIDs && s.hasID
	}
	n := len(rows)
	if n > 0 {
		p.Chance /= float64(n)
	}
	slices.Sort(ids)
	for i := 1; i < len(ids) && p.UniqueIDs; i++ {
		p.UniqueIDs = ids[i] != ids[i-1]
	}
	ordinals := ordinalsOf(all, rows)
	take := rows
	if p.Task.Limit != nil && *p.Task.Limit < n {
		take = make([]int32, *p.Task.Limit)
		for i, pos := range pyrand.New(seed).Sample(n, *p.Task.Limit) {
			take[i] = rows[pos]
		}
	}
	p.N = len(take)
	identity := p.N == len(all) && shard == nil
	p.digests = make([]uint64, p.N)
	if ordinals != nil {
		p.ordinal = make([]int32, p.N)
	}
	if !identity {
		p.index = make([]int32, len(all))
		for r := range p.index {
			p.index[r] = -1
		}
	}
	for i, r := range take {
		p.digests[i] = all[r].digest
		if ordinals != nil {
			p.ordinal[i] = ordinals[r]
		}
		if all[r].leak {
			p.Leaks++
		}
		if shard != nil && all[r].digest%uint64(shard.Of) != uint64(shard.Index) {
			continue
		}
		p.Own++
		if p.index != nil {
			p.index[r] = int32(i)
		}
	}
}

// ordinalsOf numbers items of equal content in data order, by row; nil when all
// differ.
func ordinalsOf(all []seen, rows []int32) []int32 {
	sorted := make([]uint64, len(rows))
	for i, r := range rows {
		sorted[i] = all[r].digest
	}
	slices.Sort(sorted)
	twice := map[uint64]int32{}
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			twice[sorted[i]] = 0
		}
	}
	if len(twice) == 0 {
		return nil
	}
	out := make([]int32, len(all))
	for _, r := range rows {
		d := all[r].digest
		if n, ok := twice[d]; ok {
			twice[d] = n + 1
			out[r] = n + 1
		}
	}
	return out
}

// ItemDigest is the digest of the instance at an index, with "#2", "#3" …
// among equal items.
func (p *Prepared) ItemDigest(index int) string {
	s := fmt.Sprintf("%016x", p.digests[index])
	if p.ordinal != nil && p.ordinal[index] > 1 {
		s = fmt.Sprintf("%s#%d", s, p.ordinal[index])
	}
	return s
}

// Item is a selected row on its way to be asked.
type Item struct {
	Row    eval.Row
	Number int // of the row, over all splits
	Index  int // of the instance
}

// Items yields the selected rows of this shard in data order.
func (p *Prepared) Items(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		number := -1
		for row, err := range p.all(ctx) {
			number++
			if err != nil {
				if p.loader.skip(err) {
					continue
				}
				yield(Item{}, err)
				return
			}
			index := number
			if p.index != nil {
				if number >= len(p.index) {
					yield(Item{}, fmt.Errorf("task %s: the data changed while it was read", p.Label))
					return
				}
				index = int(p.index[number])
			} else if number >= p.N {
				yield(Item{}, fmt.Errorf("task %s: the data changed while it was read", p.Label))
				return
			}
			if index < 0 {
				continue
			}
			if !yield(Item{row, number, index}, nil) {
				return
			}
		}
	}
}

// Request reads and renders an item.
func (p *Prepared) Request(it Item) (*eval.Instance, *eval.Request, error) {
	in, err := p.instance(it.Row, it.Number)
	if err != nil {
		return nil, nil, err
	}
	if in == nil {
		return nil, nil, fmt.Errorf("%s: the row was dropped the second time it was read", it.Row.Where())
	}
	req, err := p.render(in)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", it.Row.Where(), err)
	}
	req.Sampling = p.Task.Sampling
	if req.Type == eval.Loglikelihood && req.MaxLength == nil {
		req.MaxLength = p.Task.MaxLength
	}
	return in, req, nil
}
