package tokenizer

import "fmt"

// part is a stretch of a piece, either a match of a pattern or what lies between
// matches.
type part struct {
	i, j  int
	match bool
}

// parts cuts a piece by its matches into parts that cover it; empty ones are kept out.
func parts(in *piece, p *pattern, invert bool) ([]part, error) {
	var out []part
	last := 0
	add := func(i, j int, match bool) {
		if i < j {
			out = append(out, part{i, j, match != invert})
		}
	}
	err := p.each(in.job, in.text, func(i, j int) {
		add(last, i, false)
		add(i, j, true)
		last = j
	})
	add(last, len(in.text), false)
	return out, err
}

// behaviour says what becomes of matches: the names are those of the files.
type behaviour func([]part) []part

func newBehaviour(name string) (behaviour, error) {
	switch name {
	case "Isolated", "":
		return func(in []part) []part { return in }, nil
	case "Removed":
		return removed, nil
	case "Contiguous":
		return contiguous, nil
	case "MergedWithPrevious":
		return mergedWithPrevious, nil
	case "MergedWithNext":
		return mergedWithNext, nil
	}
	return nil, fmt.Errorf("behavior %q is not known: want Isolated, Removed, Contiguous, MergedWithPrevious or MergedWithNext", name)
}

func removed(in []part) (out []part) {
	for _, p := range in {
		if !p.match {
			out = append(out, p)
		}
	}
	return out
}

func contiguous(in []part) (out []part) {
	for _, p := range in {
		if n := len(out); n > 0 && out[n-1].match == p.match {
			out[n-1].j = p.j
		} else {
			out = append(out, p)
		}
	}
	return out
}

// mergedWithPrevious appends a match to what is before it, unless that ends with
// a match.
func mergedWithPrevious(in []part) (out []part) {
	previous := false
	for _, p := range in {
		if n := len(out); p.match && !previous && n > 0 {
			out[n-1].j = p.j
		} else {
			out = append(out, p)
		}
		previous = p.match
	}
	return out
}

// mergedWithNext puts a match before what follows it, unless that begins with a
// match.
func mergedWithNext(in []part) (out []part) {
	for k, p := range in {
		if k > 0 && in[k-1].match && !p.match {
			out[len(out)-1].j = p.j
		} else {
			out = append(out, p)
		}
	}
	return out
}
