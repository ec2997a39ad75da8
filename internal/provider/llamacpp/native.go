//go:build llamacpp

package llamacpp

import (
	"fmt"
	"sync"

	"github.com/hybridgroup/yzma/pkg/llama"

	"olmoeval/eval"
	"olmoeval/internal/gguf"
)

// Built says whether this program can load models.
const Built = true

// New reads the checkpoint's header and finds the libraries; the model is
// loaded when it is first needed.
func New(c Config) (*Provider, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	dir, err := Libraries(c.LibDir, c.Getenv)
	if err != nil {
		return nil, err
	}
	return newProvider(c, func(f *gguf.File, paths []string) (backend, error) { return openNative(&c, dir, f, paths) })
}

// native is a model in llama.cpp.
type native struct {
	lib     *library
	model   llama.Model
	vocabID llama.Vocab
	cfg     *Config
	window  int
	size    int
	bos     token
	eos     token
	addBOS  bool
}

var _ backend = (*native)(nil)

// openNative loads a checkpoint.
func openNative(c *Config, dir string, f *gguf.File, paths []string) (*native, error) {
	lib, err := useLibrary(dir)
	if err != nil {
		return nil, err
	}
	params := llama.ModelDefaultParams()
	if c.GPULayers != nil {
		params.NGpuLayers = int32(*c.GPULayers)
	}
	lib.forget()
	var model llama.Model
	if len(paths) == 1 {
		model, err = llama.ModelLoadFromFile(paths[0], params)
	} else {
		model, err = llama.ModelLoadFromSplits(paths, params)
	}
	if err != nil {
		return nil, &eval.Fault{Status: eval.ConfigError, Abort: true, Hint: "is the file whole, and its architecture known to llama.cpp " + libraryRelease + "?",
			Err: fmt.Errorf("llamacpp: %s does not load: %s", paths[0], lib.said(err))}
	}
	n := &native{lib: lib, model: model, vocabID: llama.ModelGetVocab(model), cfg: c}
	n.window, _ = c.window(f)
	if n.size = int(llama.VocabNTokens(n.vocabID)); n.size <= 0 || !llama.ModelHasDecoder(model) || llama.ModelHasEncoder(model) {
		n.close()
		return nil, &eval.Fault{Status: eval.ConfigError, Abort: true, Err: fmt.Errorf("llamacpp: %s is no model that continues text", paths[0])}
	}
	n.bos = n.named(f, "bos", llama.VocabBOS(n.vocabID))
	n.eos = n.named(f, "eos", llama.VocabEOS(n.vocabID))
	n.addBOS = llama.VocabGetAddBOS(n.vocabID) && n.bos != none
	return n, nil
}

// named is a special token. Where the file names none, the library assumes the
// one of the family's first model, which is right for SentencePiece only.
func (n *native) named(f *gguf.File, name string, assumed llama.Token) token {
	id, ok := f.Int("tokenizer.ggml." + name + "_token_id")
	switch {
	case ok && id >= 0 && id < int64(n.size):
		return token(id)
	case !ok && llama.GetVocabType(n.vocabID) == llama.VocabTypeSPM:
		return token(assumed)
	}
	return none
}

func (n *native) special() (bos, eos token, addBOS bool) { return n.bos, n.eos, n.addBOS }
func (n *native) vocab() int                             { return n.size }
func (n *native) ends(id token) bool                     { return llama.VocabIsEOG(n.vocabID, llama.Token(id)) }
func (n *native) close()                                 { _ = llama.ModelFree(n.model) }

func (n *native) tokenize(text string) ([]token, error) { return n.lib.tokenize(n.vocabID, text) }

func (n *native) piece(id token, special bool) string {
	buf := make([]byte, 64)
	size := llama.TokenToPiece(n.vocabID, llama.Token(id), buf, 0, special)
	if size < 0 {
		buf = make([]byte, -size)
		size = llama.TokenToPiece(n.vocabID, llama.Token(id), buf, 0, special)
	}
	return string(buf[:max(0, size)])
}

// context makes a context with one cache for all sequences.
func (n *native) context() (runner, error) {
	p := llama.ContextDefaultParams()
	p.NCtx = uint32((n.window + spare + block - 1) / block * block)
	p.NBatch, p.NUbatch, p.NSeqMax = block, block, width+1
	p.KVUnified, p.NoPerf = 1, 1
	// Flash attention on a CPU rounds to 16 bits on the way for batches of some
	// sizes only, so that a token's log-probability would hang on its batch.
	p.FlashAttentionType = llama.FlashAttentionTypeDisabled
	if n.cfg.KVCache == KVF32 {
		p.TypeK, p.TypeV = llama.GGMLTypeF32, llama.GGMLTypeF32
	}
	if n.cfg.Threads > 0 {
		p.NThreads, p.NThreadsBatch = int32(n.cfg.Threads), int32(n.cfg.Threads)
	}
	if n.cfg.Parallel > 1 {
		p.NThreads = max(1, p.NThreads/int32(n.cfg.Parallel))
		p.NThreadsBatch = p.NThreads
	}
	n.lib.forget()
	ctx, err := llama.InitFromModel(n.model, p)
	if err != nil {
		return nil, &eval.Fault{Status: eval.ConfigError, Abort: true, Hint: "is there enough memory? try max_model_len=2048",
			Err: fmt.Errorf("llamacpp: no context of %d tokens: %s", p.NCtx, n.lib.said(err))}
	}
	c := &nativeContext{native: n, ctx: ctx, batch: llama.BatchInit(block, 0, 1), held: int(llama.NCtx(ctx))}
	if c.held < n.window {
		err = fmt.Errorf("the context holds %d tokens, not %d", c.held, n.window)
	} else {
		c.memory, err = llama.GetMemory(ctx)
	}
	if err != nil {
		c.close()
		return nil, &eval.Fault{Status: eval.ConfigError, Abort: true, Err: fmt.Errorf("llamacpp: %w", err)}
	}
	return c, nil
}

// nativeContext computes.
type nativeContext struct {
	native *native
	ctx    llama.Context
	memory llama.Memory
	batch  llama.Batch
	held   int
	once   sync.Once
}

var _ runner = (*nativeContext)(nil)

func (c *nativeContext) cells() int { return c.held }

func (c *nativeContext) decode(batch []entry) error {
	if err := c.batch.Clear(); err != nil {
		return err
	}
	for _, e := range batch {
		if e.id < 0 || int(e.id) >= c.native.size {
			return bad("token %d is not in a vocabulary of %d", e.id, c.native.size)
		}
		if err := c.batch.Add(llama.Token(e.id), llama.Pos(e.pos), []llama.SeqId{llama.SeqId(e.seq)}, e.want); err != nil {
			return bad("%w", err)
		}
	}
	c.native.lib.forget()
	code, err := llama.Decode(c.ctx, c.batch)
	if err != nil || code != 0 {
		return bad("the network computes nothing (code %d): %s", code, c.native.lib.said(err))
	}
	return nil
}

func (c *nativeContext) logits(i int) ([]float32, error) {
	l, err := llama.GetLogitsIth(c.ctx, int32(i), c.native.size)
	if err != nil || len(l) == 0 {
		return nil, bad("no output for token %d of the batch", i)
	}
	return l, nil
}

func (c *nativeContext) fork(from, to int) {
	_ = llama.MemorySeqCp(c.memory, llama.SeqId(from), llama.SeqId(to), -1, -1)
}

func (c *nativeContext) cut(seq, from int) bool {
	ok, err := llama.MemorySeqRm(c.memory, llama.SeqId(seq), llama.Pos(from), -1)
	return ok && err == nil
}

func (c *nativeContext) clear() { _ = llama.MemoryClear(c.memory, true) }

func (c *nativeContext) close() {
	c.once.Do(func() {
		_ = llama.BatchFree(c.batch)
		_ = llama.Free(c.ctx)
	})
}
