package engine

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"runtime"
	"slices"
	"sync"

	"olmoeval/eval"
	"olmoeval/internal/journal"
	"olmoeval/internal/pyrand"
)

// seen is what the first pass keeps of a row.
type seen struct {
	digest uint64
	id     uint64
	hasID  bool
	keep   bool
	leak   bool
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
	if len(p.Shots) <= p.Task.Fewshot.Num { // of more, a question's own is left out
		for _, s := range p.Shots {
			questions[s.Question] = true
		}
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
