package jinja

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Template is a parsed template.
type Template struct {
	body blockStmts
}

// MaxSource is the longest source that is parsed, in bytes.
const MaxSource = 1 << 20

// maxDepth bounds how deep tags and expressions may be nested.
const maxDepth = 200

// Parse reads a template.
func Parse(source string) (*Template, error) {
	if len(source) > MaxSource {
		return nil, fmt.Errorf("the template has %d bytes, more than %d", len(source), MaxSource)
	}
	tokens, err := lex(source)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	body, err := p.statements()
	if err != nil {
		return nil, err
	}
	return &Template{body}, nil
}

type parser struct {
	tokens []token
	i      int
	depth  int
	loops  int  // round the present tag, within its macro
	rest   bool // varargs or kwargs were named in the present macro
}

func (p *parser) cur() token { return p.tokens[p.i] }

func (p *parser) next() token {
	t := p.tokens[p.i]
	if p.i+1 < len(p.tokens) {
		p.i++
	}
	return t
}

func (p *parser) skip(kind tokenKind, text string) bool {
	if p.cur().is(kind, text) {
		p.next()
		return true
	}
	return false
}

func (p *parser) errorf(format string, args ...any) error {
	return &Error{p.cur().line, fmt.Sprintf(format, args...)}
}

func (p *parser) want(kind tokenKind, text string) error {
	if !p.skip(kind, text) {
		return p.errorf("expected %q, got %s", text, p.cur())
	}
	return nil
}

func (p *parser) here() at { return at{p.cur().line} }

func (p *parser) enter() error {
	if p.depth++; p.depth > maxDepth {
		return p.errorf("is nested deeper than %d", maxDepth)
	}
	return nil
}

// statements reads to one of the end tags, whose block begin and name are taken,
// or to the end of the template where none is given.
func (p *parser) statements(ends ...string) (blockStmts, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	var out blockStmts
	for {
		switch t := p.next(); t.kind {
		case tokEOF:
			if len(ends) > 0 {
				return nil, p.errorf("unexpected end of template, want %s", strings.Join(ends, " or "))
			}
			return out, nil
		case tokData:
			out = append(out, textStmt{t.text})
		case tokVarBegin:
			e, err := p.tuple(true)
			if err != nil {
				return nil, err
			}
			if p.cur().kind != tokVarEnd {
				return nil, p.errorf("expected end of print statement, got %s", p.cur())
			}
			p.next()
			out = append(out, printStmt{e})
		case tokBlockBegin:
			if p.cur().kind != tokName {
				return nil, p.errorf("tag name expected")
			}
			if slices.Contains(ends, p.cur().text) {
				return out, nil
			}
			s, err := p.tag()
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		}
	}
}

// blockEnd takes the end of a tag.
func (p *parser) blockEnd() error {
	if p.cur().kind != tokBlockEnd {
		return p.errorf("expected end of statement block, got %s", p.cur())
	}
	p.next()
	return nil
}

// body reads the end of a tag, statements, and the end tag.
func (p *parser) body(end string) (blockStmts, error) {
	if err := p.blockEnd(); err != nil {
		return nil, err
	}
	b, err := p.statements(end)
	if err != nil {
		return nil, err
	}
	p.next()
	return b, p.blockEnd()
}

// Signals that leave or go on with a loop.
var (
	errBreak    = errors.New("break")
	errContinue = errors.New("continue")
)

func (p *parser) tag() (stmt, error) {
	where, t := p.here(), p.next()
	switch t.text {
	case "if":
		return p.ifTag()
	case "for":
		return p.forTag(where)
	case "set":
		return p.setTag(where)
	case "with":
		return p.withTag(where)
	case "macro":
		return p.macroTag(where)
	case "call":
		return p.callTag(where)
	case "filter":
		f, err := p.filters(nil, true)
		if err != nil {
			return nil, err
		}
		body, err := p.body("endfilter")
		return &filterStmt{where, f, body}, err
	case "generation":
		body, err := p.body("endgeneration")
		return &generationStmt{body}, err
	case "break", "continue":
		if p.loops == 0 {
			return nil, p.errorf("%s is not in a loop", t.text)
		}
		jump := errBreak
		if t.text == "continue" {
			jump = errContinue
		}
		return &jumpStmt{jump}, p.blockEnd()
	case "include", "import", "from", "extends", "block", "print", "do", "autoescape", "trans":
		return nil, p.errorf("tag %s is not supported", t.text)
	}
	return nil, p.errorf("encountered unknown tag %q", t.text)
}

func (p *parser) ifTag() (stmt, error) {
	s := &ifStmt{}
	for {
		test, err := p.tuple(false)
		if err == nil {
			err = p.blockEnd()
		}
		if err != nil {
			return nil, err
		}
		body, err := p.statements("elif", "else", "endif")
		if err != nil {
			return nil, err
		}
		s.tests, s.bodies = append(s.tests, test), append(s.bodies, body)
		switch p.next().text {
		case "endif":
			return s, p.blockEnd()
		case "else":
			s.no, err = p.body("endif")
			return s, err
		}
	}
}

func (p *parser) forTag(where at) (_ stmt, err error) {
	s := &forStmt{at: where}
	if s.target, err = p.targets("in"); err != nil {
		return nil, err
	}
	if err := p.want(tokName, "in"); err != nil {
		return nil, err
	}
	if s.over, err = p.tuple(false); err != nil {
		return nil, err
	}
	if p.skip(tokName, "if") {
		if s.filter, err = p.expression(true); err != nil {
			return nil, err
		}
	}
	s.recursive = p.skip(tokName, "recursive")
	if err := p.blockEnd(); err != nil {
		return nil, err
	}
	p.loops++
	s.body, err = p.statements("else", "endfor")
	p.loops--
	if err != nil {
		return nil, err
	}
	if p.next().text == "else" {
		s.no, err = p.body("endfor")
		return s, err
	}
	return s, p.blockEnd()
}

// targets reads what is assigned to, up to the name end or an operator.
func (p *parser) targets(end string) (target, error) {
	where := p.here()
	var parts []target
	many := false
	for {
		var one target
		if p.skip(tokOp, "(") {
			if err := p.enter(); err != nil {
				return one, err
			}
			inner, err := p.targets("")
			p.depth--
			if err == nil {
				err = p.want(tokOp, ")")
			}
			if err != nil {
				return one, err
			}
			one = inner
		} else {
			t := p.cur()
			if t.kind != tokName || slices.Contains(reserved, t.text) {
				return one, p.errorf("can't assign to %s", t)
			}
			p.next()
			one = target{at: where, name: t.text}
			if p.skip(tokOp, ".") {
				if p.cur().kind != tokName {
					return one, p.errorf("expected a name, got %s", p.cur())
				}
				one.attr = p.next().text
			}
		}
		parts = append(parts, one)
		if !p.skip(tokOp, ",") {
			break
		}
		many = true
		if c := p.cur(); c.is(tokName, end) || c.is(tokOp, "=") || c.is(tokOp, ")") {
			break
		}
	}
	if many {
		return target{at: where, parts: parts}, nil
	}
	return parts[0], nil
}

// reserved names cannot be assigned to.
var reserved = []string{"true", "false", "none", "True", "False", "None"}

func (p *parser) setTag(where at) (_ stmt, err error) {
	s := &setStmt{at: where}
	if s.target, err = p.targets(""); err != nil {
		return nil, err
	}
	if p.skip(tokOp, "=") {
		if s.value, err = p.tuple(true); err != nil {
			return nil, err
		}
		return s, p.blockEnd()
	}
	if p.cur().is(tokOp, "|") {
		if s.filter, err = p.filters(nil, false); err != nil {
			return nil, err
		}
	}
	s.body, err = p.body("endset")
	return s, err
}

func (p *parser) withTag(where at) (_ stmt, err error) {
	s := &withStmt{at: where}
	for p.cur().kind != tokBlockEnd {
		if len(s.targets) > 0 {
			if err := p.want(tokOp, ","); err != nil {
				return nil, err
			}
		}
		t := p.cur()
		if t.kind != tokName {
			return nil, p.errorf("expected a name, got %s", t)
		}
		p.next()
		if err := p.want(tokOp, "="); err != nil {
			return nil, err
		}
		v, err := p.expression(true)
		if err != nil {
			return nil, err
		}
		s.targets, s.values = append(s.targets, target{at: where, name: t.text}), append(s.values, v)
	}
	s.body, err = p.body("endwith")
	return s, err
}

// signature reads parameters and their defaults.
func (p *parser) signature(m *macroStmt) error {
	if err := p.want(tokOp, "("); err != nil {
		return err
	}
	for !p.skip(tokOp, ")") {
		if len(m.params) > 0 {
			if err := p.want(tokOp, ","); err != nil {
				return err
			}
		}
		t := p.cur()
		if t.kind != tokName {
			return p.errorf("expected a name, got %s", t)
		}
		p.next()
		m.params = append(m.params, t.text)
		if p.skip(tokOp, "=") {
			e, err := p.expression(true)
			if err != nil {
				return err
			}
			m.defaults = append(m.defaults, e)
		} else if len(m.defaults) > 0 {
			return p.errorf("non-default argument follows default argument")
		}
	}
	return nil
}

// macroBody reads the body of a macro, in which no loop outside counts.
func (p *parser) macroBody(m *macroStmt, end string) (err error) {
	loops, rest := p.loops, p.rest
	p.loops, p.rest = 0, false
	m.body, err = p.body(end)
	m.rest = p.rest
	p.loops, p.rest = loops, rest
	return err
}

func (p *parser) macroTag(where at) (stmt, error) {
	t := p.cur()
	if t.kind != tokName || slices.Contains(reserved, t.text) {
		return nil, p.errorf("expected a name, got %s", t)
	}
	p.next()
	m := &macroStmt{at: where, name: t.text}
	if err := p.signature(m); err != nil {
		return nil, err
	}
	return m, p.macroBody(m, "endmacro")
}

func (p *parser) callTag(where at) (stmt, error) {
	m := &macroStmt{at: where, name: "caller"}
	if p.cur().is(tokOp, "(") {
		if err := p.signature(m); err != nil {
			return nil, err
		}
	}
	e, err := p.expression(true)
	if err != nil {
		return nil, err
	}
	call, ok := e.(*callNode)
	if !ok {
		return nil, p.errorf("expected call")
	}
	return &callStmt{where, call, m}, p.macroBody(m, "endcall")
}
