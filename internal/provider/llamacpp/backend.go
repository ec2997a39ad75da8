package llamacpp

// token is the number of a token in the checkpoint's vocabulary.
type token = int32

// none is a special token that the checkpoint does not have.
const none token = -1

// backend is a loaded model. Its methods may be called by many goroutines.
type backend interface {
	// tokenize gives a text's tokens; special tokens written out in it are
	// recognised, none is added.
	tokenize(text string) ([]token, error)
	// piece is the text of a token, with special false "" for control tokens.
	piece(id token, special bool) string
	// ends reports whether a token ends an answer.
	ends(id token) bool
	// vocab is the number of tokens.
	vocab() int
	// special are the tokens that begin and end a text, or none, and whether
	// the checkpoint wants the first before every text.
	special() (bos, eos token, addBOS bool)
	// context makes a place to compute in.
	context() (runner, error)
	close()
}

// runner is a place to compute in, for one goroutine at a time. It holds
// sequences 0 to [width], each a text of which the network has seen the
// beginning.
type runner interface {
	// decode has the network see tokens, at most [block] at once.
	decode(batch []entry) error
	// logits are what the network expects behind the i-th token of the last
	// batch, which must have asked; they are valid until the next decode.
	logits(i int) ([]float32, error)
	// fork makes sequence to hold what sequence from holds.
	fork(from, to int)
	// cut forgets the tokens of a sequence from a position on; false says that
	// this network can only forget all.
	cut(seq, from int) bool
	// clear forgets all sequences.
	clear()
	// cells is how many tokens all sequences can hold together.
	cells() int
	close()
}

// entry is one token of a batch.
type entry struct {
	id   token
	pos  int
	seq  int
	want bool // the logits
}

// Bounds of what is computed at once.
const (
	// block is the number of tokens, and the unit in which prompts are computed
	// and kept.
	block = 256
	// width is how many sequences besides the prompt's may be computed.
	width = 16
	// spare is how many tokens the sequences may hold beyond one window.
	spare = 512
)
