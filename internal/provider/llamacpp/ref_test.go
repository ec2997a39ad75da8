package llamacpp

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmoeval/internal/gguf"
	"olmoeval/internal/gguf/tiny"
)

// refModel is the tiny network in 64-bit Go, written from the definition of
// the llama family: normalisation by the root of the mean square, rotary
// positions in neighbouring pairs, grouped-query attention, SwiGLU.
type refModel struct {
	w map[string][]float64
	// merges are the tokens that two texts make.
	merges map[[2]string]int
	bos    token
	eos    token
	flat   bool // every logit is 0
	nan    bool // the network is broken
	// before is called ahead of each decode, with the size of its batch.
	before func(n int) error
	made   int
	closed int
}

var _ backend = (*refModel)(nil)

func newRef(c tiny.Config) *refModel {
	m := &refModel{w: map[string][]float64{}, merges: map[[2]string]int{}, bos: tiny.BOS, eos: tiny.EOS}
	for id := 260; id < tiny.Vocab; id++ {
		left, right := tiny.Merge(id - 260)
		m.merges[[2]string{left, right}] = id
	}
	if c.NoBOS {
		m.bos = none
	}
	for _, t := range c.Weights() {
		for _, v := range t.Values {
			m.w[t.Name] = append(m.w[t.Name], float64(v))
		}
	}
	return m
}

// refProvider is a provider of the tiny network in Go, with a file for its
// header and identity.
func refProvider(t *testing.T, c tiny.Config, edit func(*Config, *refModel)) *Provider {
	t.Helper()
	cfg, m := Config{Path: tinyFile(t, c)}, newRef(c)
	if edit != nil {
		edit(&cfg, m)
	}
	p, err := newProvider(cfg, func(*gguf.File, []string) (backend, error) { return m, nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func tinyFile(t testing.TB, c tiny.Config) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), fmt.Sprintf("tiny-%d.gguf", c.Seed))
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(tiny.Write(f, c), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func (m *refModel) tokenize(text string) ([]token, error) {
	var ids []token
	for text != "" {
		special := false
		for i, s := range []string{"<s>", "</s>", "<|im_start|>", "<|im_end|>"} {
			if strings.HasPrefix(text, s) {
				ids, text, special = append(ids, token(256+i)), text[len(s):], true
				break
			}
		}
		if !special {
			ids, text = append(ids, token(text[0])), text[1:]
		}
	}
	for {
		best, at := tiny.Vocab, -1
		for i := range len(ids) - 1 {
			if id, ok := m.merges[[2]string{tiny.Piece(int(ids[i])), tiny.Piece(int(ids[i+1]))}]; ok && id < best {
				best, at = id, i
			}
		}
		if at < 0 {
			return ids, nil
		}
		ids = append(append(ids[:at:at], token(best)), ids[at+2:]...)
	}
}

func (m *refModel) piece(id token, special bool) string {
	if special && id >= 256 && id < 260 {
		return []string{"<s>", "</s>", "<|im_start|>", "<|im_end|>"}[id-256]
	}
	return tiny.Piece(int(id))
}

func (m *refModel) ends(id token) bool                     { return id == m.eos || id == tiny.End }
func (m *refModel) vocab() int                             { return tiny.Vocab }
func (m *refModel) special() (bos, eos token, addBOS bool) { return m.bos, m.eos, m.bos != none }
func (m *refModel) close()                                 { m.closed++ }

func (m *refModel) context() (runner, error) {
	m.made++
	return &refRunner{m: m, seqs: map[int]*refSeq{}}, nil
}

// refSeq is what a sequence holds: keys and values by layer.
type refSeq struct {
	n    int
	k, v [tiny.Layers][]float64
}

func (s *refSeq) truncate(n int) {
	s.n = min(s.n, n)
	for l := range tiny.Layers {
		s.k[l] = s.k[l][:s.n*tiny.KVHeads*tiny.Head]
		s.v[l] = s.v[l][:s.n*tiny.KVHeads*tiny.Head]
	}
}

type refRunner struct {
	m    *refModel
	seqs map[int]*refSeq
	out  [][]float32
}

func (r *refRunner) seq(i int) *refSeq {
	if r.seqs[i] == nil {
		r.seqs[i] = &refSeq{}
	}
	return r.seqs[i]
}

func (r *refRunner) decode(batch []entry) error {
	if r.m.before != nil {
		if err := r.m.before(len(batch)); err != nil {
			return err
		}
	}
	if len(batch) == 0 || len(batch) > block {
		return fmt.Errorf("a batch of %d", len(batch))
	}
	r.out = r.out[:0]
	for _, e := range batch {
		s := r.seq(e.seq)
		if e.pos != s.n || e.seq > width {
			return fmt.Errorf("position %d of sequence %d, which holds %d", e.pos, e.seq, s.n)
		}
		x := r.m.forward(s, int(e.id), e.pos)
		if !e.want {
			r.out = append(r.out, nil)
			continue
		}
		logits := make([]float32, tiny.Vocab)
		for i, v := range mul(r.m.w["output.weight"], norm(x, r.m.w["output_norm.weight"])) {
			logits[i] = float32(v)
			if r.m.flat {
				logits[i] = 0
			}
			if r.m.nan {
				logits[i] = float32(math.NaN())
			}
		}
		r.out = append(r.out, logits)
	}
	held := 0
	for _, s := range r.seqs {
		held += s.n
	}
	if shared := r.seq(0).n * (len(r.seqs) - 1); held-shared > r.cells()+width*block {
		return fmt.Errorf("%d tokens are held", held)
	}
	return nil
}

func (r *refRunner) logits(i int) ([]float32, error) {
	if i >= len(r.out) || r.out[i] == nil {
		return nil, errors.New("no logits were asked for")
	}
	return r.out[i], nil
}

func (r *refRunner) fork(from, to int) {
	f, t := r.seq(from), r.seq(to)
	t.n = f.n
	for l := range tiny.Layers {
		t.k[l], t.v[l] = slices.Clone(f.k[l]), slices.Clone(f.v[l])
	}
}

func (r *refRunner) cut(seq, from int) bool { r.seq(seq).truncate(from); return true }
func (r *refRunner) clear()                 { clear(r.seqs) }
func (r *refRunner) cells() int             { return tiny.Context + spare }
func (r *refRunner) close()                 { r.m.made-- }

// forward has the network see a token and returns its last state.
func (m *refModel) forward(s *refSeq, id, pos int) []float64 {
	x := make([]float64, tiny.Width)
	for i := range x {
		x[i] = m.w["token_embd.weight"][id*tiny.Width+i]
	}
	for l := range tiny.Layers {
		w := func(name string) []float64 { return m.w[fmt.Sprintf("blk.%d.%s.weight", l, name)] }
		h := norm(x, w("attn_norm"))
		q, k, v := mul(w("attn_q"), h), mul(w("attn_k"), h), mul(w("attn_v"), h)
		rotate(q, pos)
		rotate(k, pos)
		s.k[l], s.v[l] = append(s.k[l], k...), append(s.v[l], v...)
		add(x, mul(w("attn_output"), attend(q, s.k[l], s.v[l])))
		h = norm(x, w("ffn_norm"))
		gate, up := mul(w("ffn_gate"), h), mul(w("ffn_up"), h)
		for i, g := range gate {
			gate[i] = g / (1 + math.Exp(-g)) * up[i]
		}
		add(x, mul(w("ffn_down"), gate))
	}
	s.n++
	return x
}

// mul multiplies a matrix, its rows as long as x, with x.
//
//go:norace
func mul(w, x []float64) []float64 {
	out := make([]float64, len(w)/len(x))
	for i := range out {
		sum := 0.0
		for j, v := range w[i*len(x) : (i+1)*len(x)] {
			sum += v * x[j]
		}
		out[i] = sum
	}
	return out
}

func norm(x, w []float64) []float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	scale := 1 / math.Sqrt(sum/float64(len(x))+tiny.Epsilon)
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v * scale * w[i]
	}
	return out
}

func add(x, y []float64) {
	for i := range x {
		x[i] += y[i]
	}
}

// rotate turns the pairs (0,1), (2,3) … of each head by angles that grow with
// the position.
func rotate(x []float64, pos int) {
	for i := 0; i < len(x); i += 2 {
		angle := float64(pos) * math.Pow(tiny.Base, -float64(i%tiny.Head)/tiny.Head)
		sin, cos := math.Sincos(angle)
		x[i], x[i+1] = x[i]*cos-x[i+1]*sin, x[i]*sin+x[i+1]*cos
	}
}

// attend mixes the values by how keys match the queries; heads share keys in
// groups.
//
//go:norace
func attend(q, k, v []float64) []float64 {
	const row = tiny.KVHeads * tiny.Head
	n := len(k) / row
	out := make([]float64, tiny.Width)
	weights := make([]float64, n)
	for h := range tiny.Heads {
		at := h / (tiny.Heads / tiny.KVHeads) * tiny.Head
		query := q[h*tiny.Head : (h+1)*tiny.Head]
		top := math.Inf(-1)
		for t := range n {
			dot := 0.0
			for i, v := range query {
				dot += v * k[t*row+at+i]
			}
			weights[t] = dot / math.Sqrt(tiny.Head)
			top = max(top, weights[t])
		}
		sum := 0.0
		for t := range n {
			weights[t] = math.Exp(weights[t] - top)
			sum += weights[t]
		}
		for t := range n {
			for i := range tiny.Head {
				out[h*tiny.Head+i] += weights[t] / sum * v[t*row+at+i]
			}
		}
	}
	return out
}

// values are the log-probabilities of ids[from:], computed in one pass.
func (m *refModel) values(ids []token, from int) []float64 {
	s := &refSeq{}
	var out []float64
	for i, id := range ids {
		x := m.forward(s, int(id), i)
		if i+1 < from || i+1 == len(ids) {
			continue
		}
		l := mul(m.w["output.weight"], norm(x, m.w["output_norm.weight"]))
		top, sum := slices.Max(l), 0.0
		for _, v := range l {
			sum += math.Exp(v - top)
		}
		out = append(out, l[ids[i+1]]-top-math.Log(sum))
	}
	return out
}
