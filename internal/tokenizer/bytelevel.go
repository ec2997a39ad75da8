package tokenizer

// byteRune is how byte-level models write each byte as a visible character:
// printable Latin-1 stands for itself, the others follow from U+0100 on.
var byteRune, runeByte = byteAlphabet()

func byteAlphabet() (to [256]string, from map[rune]byte) {
	from = make(map[rune]byte, 256)
	next := rune(256)
	for b := range 256 {
		r := rune(b)
		if b < '!' || b > '~' && b < 0xA1 || b == 0xAD {
			r = next
			next++
		}
		to[b] = string(r)
		from[r] = byte(b)
	}
	return to, from
}

// toByteLevel writes each byte of a piece as its character.
func toByteLevel(p piece) (piece, error) {
	e := newEdit(&p)
	for i := range len(p.text) {
		e.put(byteRune[p.text[i]], i, i+1)
	}
	return e.piece()
}

// byteLevelWord is toByteLevel for a word alone.
func byteLevelWord(dst []byte, word string) []byte {
	for i := range len(word) {
		dst = append(dst, byteRune[word[i]]...)
	}
	return dst
}

// fromByteLevel gives the bytes of a token. A token with a character outside the
// alphabet stands for itself.
func fromByteLevel(dst []byte, token string) []byte {
	start := len(dst)
	for _, r := range token {
		b, ok := runeByte[r]
		if !ok {
			return append(dst[:start], token...)
		}
		dst = append(dst, b)
	}
	return dst
}
