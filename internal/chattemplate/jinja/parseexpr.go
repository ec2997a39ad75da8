package jinja

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// expression reads one expression; cond allows A if B else C.
func (p *parser) expression(cond bool) (expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	e, err := p.or()
	for err == nil && cond && p.skip(tokName, "if") {
		c := &condNode{yes: e}
		if c.test, err = p.or(); err != nil {
			return nil, err
		}
		if p.skip(tokName, "else") {
			c.no, err = p.expression(true)
		}
		e = c
	}
	return e, err
}

// tuple reads an expression, or several with commas between, which make a tuple.
func (p *parser) tuple(cond bool) (expr, error) {
	first, err := p.expression(cond)
	if err != nil || !p.cur().is(tokOp, ",") {
		return first, err
	}
	items := []expr{first}
	for p.skip(tokOp, ",") {
		if c := p.cur(); c.kind == tokVarEnd || c.kind == tokBlockEnd || c.is(tokOp, ")") {
			break
		}
		e, err := p.expression(cond)
		if err != nil {
			return nil, err
		}
		items = append(items, e)
	}
	return &listNode{items, true}, nil
}

func (p *parser) or() (expr, error) {
	return p.logic("or", func() (expr, error) { return p.logic("and", p.not) })
}

func (p *parser) logic(word string, inner func() (expr, error)) (expr, error) {
	left, err := inner()
	for err == nil && p.skip(tokName, word) {
		var right expr
		if right, err = inner(); err == nil {
			left = &logicNode{word == "and", left, right}
		}
	}
	return left, err
}

func (p *parser) not() (expr, error) {
	where := p.here()
	if !p.skip(tokName, "not") {
		return p.compare()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	e, err := p.not()
	return &unaryNode{where, "not", e}, err
}

func (p *parser) compare() (expr, error) {
	c := &compareNode{at: p.here()}
	var err error
	if c.first, err = p.binary(0); err != nil {
		return nil, err
	}
	for {
		t, op := p.cur(), ""
		switch {
		case t.kind == tokOp && slices.Contains([]string{"==", "!=", "<", "<=", ">", ">="}, t.text), t.is(tokName, "in"):
			op = t.text
			p.next()
		case t.is(tokName, "not") && p.tokens[p.i+1].is(tokName, "in"):
			op = "not in"
			p.i += 2
		default:
			if len(c.ops) == 0 {
				return c.first, nil
			}
			return c, nil
		}
		right, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		c.ops, c.rest = append(c.ops, op), append(c.rest, right)
	}
}

// levels are the operators of two operands, the loosest first.
var levels = [][]string{{"+", "-"}, {"~"}, {"*", "/", "//", "%"}, {"**"}}

func (p *parser) binary(level int) (expr, error) {
	if level == len(levels) {
		return p.unary(true)
	}
	left, err := p.binary(level + 1)
	for err == nil && p.cur().kind == tokOp && slices.Contains(levels[level], p.cur().text) {
		n := &binaryNode{at: p.here(), op: p.next().text, left: left}
		n.right, err = p.binary(level + 1)
		left = n
	}
	return left, err
}

func (p *parser) unary(filters bool) (e expr, err error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if where, t := p.here(), p.cur(); t.is(tokOp, "-") || t.is(tokOp, "+") {
		p.next()
		var of expr
		if of, err = p.unary(false); err != nil {
			return nil, err
		}
		e = &unaryNode{where, t.text, of}
	} else if e, err = p.primary(); err != nil {
		return nil, err
	}
	if e, err = p.postfix(e); err != nil || !filters {
		return e, err
	}
	return p.filterOrTest(e)
}

func (p *parser) primary() (expr, error) {
	where, t := p.here(), p.next()
	switch t.kind {
	case tokName:
		switch t.text {
		case "true", "True":
			return &constant{true}, nil
		case "false", "False":
			return &constant{false}, nil
		case "none", "None":
			return &constant{nil}, nil
		case "varargs", "kwargs":
			p.rest = true
		}
		return &name{where, t.text}, nil
	case tokString:
		var b strings.Builder
		b.WriteString(t.text)
		for p.cur().kind == tokString {
			b.WriteString(p.next().text)
		}
		return &constant{b.String()}, nil
	case tokInt:
		n, ok := new(big.Int).SetString(strings.ReplaceAll(t.text, "_", ""), 0)
		if d := strings.TrimLeft(t.text, "0_"); !ok && (d == "" || d[0] >= '0' && d[0] <= '9') { // leading zeros
			n, ok = new(big.Int).SetString("0"+strings.ReplaceAll(d, "_", ""), 10)
		}
		if !ok || !n.IsInt64() {
			return nil, &Error{t.line, "integer " + t.text + " is too large"}
		}
		return &constant{n.Int64()}, nil
	case tokFloat:
		f, err := strconv.ParseFloat(strings.ReplaceAll(t.text, "_", ""), 64)
		if err != nil {
			return nil, &Error{t.line, "float " + t.text + " is too large"}
		}
		return &constant{f}, nil
	case tokOp:
		switch t.text {
		case "(":
			return p.parenthesis()
		case "[":
			items, err := p.until("]")
			return &listNode{items, false}, err
		case "{":
			return p.dict(where)
		}
	}
	return nil, &Error{t.line, "unexpected " + t.String()}
}

func (p *parser) parenthesis() (expr, error) {
	if p.skip(tokOp, ")") {
		return &listNode{nil, true}, nil
	}
	e, err := p.tuple(true)
	if err != nil {
		return nil, err
	}
	return e, p.want(tokOp, ")")
}

// until reads expressions with commas between up to an operator.
func (p *parser) until(end string) (items []expr, err error) {
	for !p.skip(tokOp, end) {
		if len(items) > 0 {
			if err := p.want(tokOp, ","); err != nil {
				return nil, err
			}
			if p.skip(tokOp, end) {
				break
			}
		}
		e, err := p.expression(true)
		if err != nil {
			return nil, err
		}
		items = append(items, e)
	}
	return items, nil
}

func (p *parser) dict(where at) (expr, error) {
	d := &dictNode{at: where}
	for !p.skip(tokOp, "}") {
		if len(d.keys) > 0 {
			if err := p.want(tokOp, ","); err != nil {
				return nil, err
			}
			if p.skip(tokOp, "}") {
				break
			}
		}
		k, err := p.expression(true)
		if err == nil {
			err = p.want(tokOp, ":")
		}
		if err != nil {
			return nil, err
		}
		v, err := p.expression(true)
		if err != nil {
			return nil, err
		}
		d.keys, d.values = append(d.keys, k), append(d.values, v)
	}
	return d, nil
}

// postfix reads attributes, items and calls.
func (p *parser) postfix(e expr) (expr, error) {
	for n := 0; ; n++ {
		if n > maxDepth {
			return nil, p.errorf("has a chain longer than %d", maxDepth)
		}
		where := p.here()
		switch {
		case p.skip(tokOp, "."):
			t := p.next()
			switch t.kind {
			case tokName:
				e = &attrNode{where, e, t.text}
			case tokInt:
				i, err := strconv.ParseInt(t.text, 10, 64)
				if err != nil {
					return nil, p.errorf("expected a name or number, got %s", t)
				}
				e = &itemNode{where, e, &constant{i}}
			default:
				return nil, p.errorf("expected a name or number, got %s", t)
			}
		case p.skip(tokOp, "["):
			key, err := p.subscript()
			if err != nil {
				return nil, err
			}
			e = &itemNode{where, e, key}
		case p.cur().is(tokOp, "("):
			a, err := p.call()
			if err != nil {
				return nil, err
			}
			e = &callNode{where, e, a}
		default:
			return e, nil
		}
	}
}

// subscript reads what stands in brackets after a value.
func (p *parser) subscript() (expr, error) {
	var items []expr
	for !p.skip(tokOp, "]") {
		if len(items) > 0 {
			if err := p.want(tokOp, ","); err != nil {
				return nil, err
			}
		}
		e, err := p.sliceOrItem()
		if err != nil {
			return nil, err
		}
		items = append(items, e)
	}
	if len(items) == 1 {
		return items[0], nil
	}
	return &listNode{items, true}, nil
}

func (p *parser) sliceOrItem() (expr, error) {
	var parts [3]expr
	n := 0
	for {
		if c := p.cur(); !c.is(tokOp, ":") && !c.is(tokOp, "]") && !c.is(tokOp, ",") {
			e, err := p.expression(true)
			if err != nil {
				return nil, err
			}
			parts[n] = e
		}
		if n == 2 || !p.skip(tokOp, ":") {
			break
		}
		n++
	}
	if n == 0 {
		if parts[0] == nil {
			return nil, p.errorf("unexpected %s", p.cur())
		}
		return parts[0], nil
	}
	return &sliceNode{parts[0], parts[1], parts[2]}, nil
}

// call reads the arguments of a call.
func (p *parser) call() (a arguments, err error) {
	if err := p.want(tokOp, "("); err != nil {
		return a, err
	}
	for first := true; !p.skip(tokOp, ")"); first = false {
		if !first {
			if err := p.want(tokOp, ","); err != nil {
				return a, err
			}
			if p.skip(tokOp, ")") {
				break
			}
		}
		var e expr
		switch {
		case p.skip(tokOp, "**"):
			if a.starStar != nil {
				return a, p.errorf("has ** twice in a call")
			}
			a.starStar, err = p.expression(true)
		case p.skip(tokOp, "*"):
			if a.star != nil || a.starStar != nil {
				return a, p.errorf("has * twice or after ** in a call")
			}
			a.star, err = p.expression(true)
		case p.cur().kind == tokName && p.tokens[p.i+1].is(tokOp, "="):
			a.names = append(a.names, p.next().text)
			p.next()
			e, err = p.expression(true)
			a.named = append(a.named, e)
		default:
			if len(a.names) > 0 || a.star != nil || a.starStar != nil {
				return a, p.errorf("invalid syntax for function call expression")
			}
			e, err = p.expression(true)
			a.positional = append(a.positional, e)
		}
		if err != nil {
			return a, err
		}
	}
	return a, nil
}

func (p *parser) filterOrTest(e expr) (expr, error) {
	for n := 0; ; n++ {
		if n > maxDepth {
			return nil, p.errorf("has a chain longer than %d", maxDepth)
		}
		var err error
		switch c := p.cur(); {
		case c.is(tokOp, "|"):
			e, err = p.filters(e, false)
		case c.is(tokName, "is"):
			e, err = p.test(e)
		case c.is(tokOp, "("):
			where := p.here()
			var a arguments
			a, err = p.call()
			e = &callNode{where, e, a}
		default:
			return e, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// dotted reads a name, which may have dots.
func (p *parser) dotted() (string, error) {
	if p.cur().kind != tokName {
		return "", p.errorf("expected a name, got %s", p.cur())
	}
	n := p.next().text
	for p.skip(tokOp, ".") {
		if p.cur().kind != tokName {
			return "", p.errorf("expected a name, got %s", p.cur())
		}
		n += "." + p.next().text
	}
	return n, nil
}

// filters reads | NAME(ARGS) once or more; inline has no first bar.
func (p *parser) filters(e expr, inline bool) (expr, error) {
	for n := 0; inline || p.skip(tokOp, "|"); n++ {
		if n > maxDepth {
			return nil, p.errorf("has a chain longer than %d", maxDepth)
		}
		inline = false
		f := &filterNode{at: p.here(), of: e}
		var err error
		if f.name, err = p.dotted(); err != nil {
			return nil, err
		}
		if p.cur().is(tokOp, "(") {
			if f.args, err = p.call(); err != nil {
				return nil, err
			}
		}
		e = f
	}
	return e, nil
}

// test reads is [not] NAME [ARGS].
func (p *parser) test(e expr) (expr, error) {
	where := p.here()
	p.next()
	negate := p.skip(tokName, "not")
	t := &testNode{at: where, of: e}
	var err error
	if t.name, err = p.dotted(); err != nil {
		return nil, err
	}
	switch c := p.cur(); {
	case c.is(tokOp, "("):
		if t.args, err = p.call(); err != nil {
			return nil, err
		}
	case c.kind == tokString, c.kind == tokInt, c.kind == tokFloat, c.is(tokOp, "["), c.is(tokOp, "{"),
		c.kind == tokName && c.text != "else" && c.text != "or" && c.text != "and":
		if c.is(tokName, "is") {
			return nil, p.errorf("you cannot chain multiple tests with is")
		}
		arg, err := p.primary()
		if err != nil {
			return nil, err
		}
		if arg, err = p.postfix(arg); err != nil {
			return nil, err
		}
		t.args.positional = []expr{arg}
	}
	if negate {
		return &unaryNode{where, "not", t}, nil
	}
	return t, nil
}
