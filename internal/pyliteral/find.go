package pyliteral

// Find is the value of a name that the source assigns a literal at top level:
// NAME = literal, or NAME: annotation = literal. Strings are string, numbers
// json.Number (floats with a point or an exponent), None is nil, lists and
// tuples are []any, dicts map[string]any.
//
// It is an error if the name is assigned twice or changed at top level, so
// that what is found is its value. Errors name the line.
func Find(src []byte, symbol string) (any, error) {
	l, err := newLexer(src)
	if err != nil {
		return nil, err
	}
	f := finder{parser: parser{lex: l}, want: symbol}
	if err := f.step(); err != nil {
		return nil, err
	}
	for f.tok.kind != end {
		if err := f.statement(); err != nil {
			return nil, err
		}
	}
	if f.line == 0 {
		return nil, errorAt(l.line, "the file ends and nothing was assigned to %s at top level", symbol)
	}
	return f.value, nil
}

// finder walks the statements of a file.
type finder struct {
	parser
	want  string
	value any
	line  int // of the assignment, 0 before it
}

// statement reads one logical line and the line end.
func (f *finder) statement() error {
	if !f.tok.first || f.tok.kind != name || f.tok.text != f.want {
		return f.skipTo("")
	}
	line := f.tok.line
	if err := f.step(); err != nil {
		return err
	}
	annotated := f.is(":")
	if annotated {
		if err := f.skipTo("="); err != nil {
			return err
		}
		if !f.is("=") {
			return nil // a declaration
		}
	}
	if !f.is("=") {
		return errorAt(line, "%s is used or changed here, so its literal need not be its value", f.want)
	}
	if f.line != 0 {
		return errorAt(line, "%s is assigned again; first at line %d", f.want, f.line)
	}
	f.line = line
	if err := f.step(); err != nil {
		return err
	}
	v, err := f.tuple()
	if err != nil {
		return err
	}
	f.value = v
	if f.tok.kind != newline && !f.is(";") {
		return f.unexpected()
	}
	return f.skipTo("")
}

// skipTo goes to a symbol outside brackets, or over the end of the line.
func (f *finder) skipTo(mark string) error {
	for f.tok.kind != newline && f.tok.kind != end {
		if mark != "" && f.is(mark) && f.lex.depth == 0 {
			return nil
		}
		if err := f.step(); err != nil {
			return err
		}
	}
	if f.tok.kind == end {
		return nil
	}
	return f.step()
}
