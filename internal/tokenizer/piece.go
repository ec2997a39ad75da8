package tokenizer

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"
)

// span is a range of bytes of the text that was given.
type span struct{ from, to int }

// piece is a part of the text on its way to tokens. Text may differ from what
// was given; at then says, for each byte, where it came from.
type piece struct {
	text  string
	at    []span // nil: byte i is byte start+i of what was given
	start int    // where the piece begins in what was given
	job   *job   // never nil
}

// job is one call to encode or decode, with the bounds that keep the files of
// strangers from running away.
type job struct {
	track bool // whether pieces keep where they came from
	end   time.Time
	bytes int // the most that a text may grow to
}

// patternTotal is how long the regular expressions of a file may take in one
// job, besides some time for each byte of the text, and growth how much longer
// than what was given a text may become.
const (
	patternTotal = 30 * time.Second
	growth       = 64
)

func newJob(size int) *job {
	return &job{end: time.Now().Add(patternTotal + time.Duration(size)*time.Microsecond), bytes: 1<<20 + growth*size}
}

var errGrows = errors.New("the text becomes many times as long as it was: the tokenizer's file is broken")

// span is where text[i:j] came from.
func (p *piece) span(i, j int) span {
	switch {
	case p.at == nil:
		return span{p.start + i, p.start + j}
	case i < j:
		return span{p.at[i].from, p.at[j-1].to}
	case i < len(p.at):
		return span{p.at[i].from, p.at[i].from}
	case i > 0:
		return span{p.at[i-1].to, p.at[i-1].to}
	}
	return span{p.start, p.start}
}

// cut is the part text[i:j].
func (p *piece) cut(i, j int) piece {
	c := piece{text: p.text[i:j], job: p.job, start: p.start + i}
	if p.at != nil {
		c.at, c.start = p.at[i:j], p.span(i, j).from
	}
	return c
}

// edit builds the piece that src becomes.
type edit struct {
	src  *piece
	text []byte
	at   []span
	err  error
}

func newEdit(src *piece) *edit {
	return &edit{src: src, text: make([]byte, 0, len(src.text)+len(src.text)/8+8)}
}

// keep takes over src.text[i:j].
func (e *edit) keep(i, j int) {
	if !e.room(j - i) {
		return
	}
	e.text = append(e.text, e.src.text[i:j]...)
	if e.src.job.track {
		for k := i; k < j; k++ {
			e.at = append(e.at, e.src.span(k, k+1))
		}
	}
}

// put writes s in place of src.text[i:j].
func (e *edit) put(s string, i, j int) {
	if !e.room(len(s)) {
		return
	}
	e.text = append(e.text, s...)
	if e.src.job.track {
		at := e.src.span(i, j)
		for range len(s) {
			e.at = append(e.at, at)
		}
	}
}

func (e *edit) room(n int) bool {
	if len(e.text)+n > e.src.job.bytes {
		e.err = errGrows
	}
	return e.err == nil
}

func (e *edit) piece() (piece, error) {
	return piece{text: string(e.text), at: e.at, start: e.src.start, job: e.src.job}, e.err
}

// replacement stands for bytes that are no UTF-8.
const replacement = "\uFFFD"

// valid is the piece with each maximal run of bytes that begins a character and
// does not end it, and each other stray byte, replaced by U+FFFD: what JSON and
// Python make of such bytes before a tokenizer sees them.
func (p *piece) valid() (piece, error) {
	if utf8.ValidString(p.text) {
		return *p, nil
	}
	e := newEdit(p)
	for i := 0; i < len(p.text); {
		n, ok := utf8Prefix(p.text[i:])
		if ok {
			e.keep(i, i+n)
		} else {
			e.put(replacement, i, i+n)
		}
		i += n
	}
	return e.piece()
}

// lossy is the text of bytes, with U+FFFD for what is no UTF-8.
func lossy(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	for i, s := 0, string(b); i < len(s); {
		n, ok := utf8Prefix(s[i:])
		if ok {
			out.WriteString(s[i : i+n])
		} else {
			out.WriteString(replacement)
		}
		i += n
	}
	return out.String()
}

// utf8Prefix is the length of the first character of s, or of the longest
// beginning of one.
func utf8Prefix(s string) (n int, ok bool) {
	r, n := utf8.DecodeRuneInString(s)
	if r != utf8.RuneError || n > 1 {
		return n, true
	}
	low, high, want := byte(0x80), byte(0xBF), 0
	switch b := s[0]; {
	case b >= 0xC2 && b <= 0xDF:
		want = 1
	case b == 0xE0:
		want, low = 2, 0xA0
	case b == 0xED:
		want, high = 2, 0x9F
	case b >= 0xE1 && b <= 0xEF:
		want = 2
	case b == 0xF0:
		want, low = 3, 0x90
	case b >= 0xF1 && b <= 0xF3:
		want = 3
	case b == 0xF4:
		want, high = 3, 0x8F
	}
	n = 1
	for n <= want && n < len(s) && s[n] >= low && s[n] <= high {
		low, high = 0x80, 0xBF
		n++
	}
	return n, false
}
