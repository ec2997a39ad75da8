package tokenizer

import "container/heap"

// mergeMany is mergeFew for long words: in time n log n.
func (b *bpe) mergeMany(w []token) int {
	links := make([]link, len(w))
	q := make(queue, 0, len(w))
	for i := range w {
		links[i] = link{i - 1, i + 1}
		if i+1 < len(w) {
			if m, ok := b.merges[pair(w[i].id, w[i+1].id)]; ok {
				q = append(q, candidate{m, i})
			}
		}
	}
	heap.Init(&q)
	look := func(i, j int) {
		if m, ok := b.merges[pair(w[i].id, w[j].id)]; ok {
			heap.Push(&q, candidate{m, i})
		}
	}
	for len(q) > 0 {
		c := heap.Pop(&q).(candidate)
		i := c.at
		j := links[i].next
		if w[i].n == 0 || j >= len(w) {
			continue
		}
		// The pair may have changed since it was queued.
		if m, ok := b.merges[pair(w[i].id, w[j].id)]; !ok || m.id != c.id {
			continue
		}
		w[i] = token{c.id, w[i].n + w[j].n}
		w[j].n = 0
		links[i].next = links[j].next
		if links[j].next < len(w) {
			links[links[j].next].previous = i
			look(i, links[j].next)
		}
		if p := links[i].previous; p >= 0 {
			look(p, i)
		}
	}
	n := 0
	for i := 0; i < len(w); i = links[i].next {
		w[n] = w[i]
		n++
	}
	return n
}

// link names a symbol's neighbours.
type link struct{ previous, next int }

// candidate is a merge of the symbol at with the one after it.
type candidate struct {
	merge
	at int
}

// queue gives the lowest rank first, of equal ones the leftmost.
type queue []candidate

var _ heap.Interface = (*queue)(nil)

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].rank < q[j].rank || q[i].rank == q[j].rank && q[i].at < q[j].at
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(candidate)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
