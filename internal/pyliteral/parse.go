package pyliteral

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"
)

const (
	maxDepth  = 100  // of brackets within brackets
	maxDigits = 4300 // of an integer, as Python has it
)

// parser reads literals, one token ahead.
type parser struct {
	lex   *lexer
	tok   token
	depth int
}

func (p *parser) step() (err error) {
	p.tok, err = p.lex.next()
	return err
}

func (p *parser) is(sym string) bool { return p.tok.kind == symbol && p.tok.text == sym }

// unexpected is the error of a token that no literal has here.
func (p *parser) unexpected() error {
	if p.tok.kind == name {
		return errorAt(p.tok.line, "name %s: only literals are read", p.tok.text)
	}
	return errorAt(p.tok.line, "%s here: only literals are read", p.tok)
}

// tuple reads a value, or several that commas part.
func (p *parser) tuple() (any, error) {
	v, err := p.value()
	if err != nil || !p.is(",") {
		return v, err
	}
	list := []any{v}
	for p.is(",") {
		if err := p.step(); err != nil {
			return nil, err
		}
		if p.tok.kind == newline || p.is(")") || p.is(";") {
			break
		}
		if v, err = p.value(); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// value reads one value; texts side by side or joined by + are one.
func (p *parser) value() (any, error) {
	v, err := p.operand()
	if err != nil {
		return nil, err
	}
	if !p.is("+") {
		return v, nil
	}
	var joined strings.Builder
	for {
		s, ok := v.(string)
		if !ok {
			return nil, errorAt(p.tok.line, "+ with what is no string: only literals are read")
		}
		joined.WriteString(s)
		if !p.is("+") {
			return joined.String(), nil
		}
		if err := p.step(); err != nil {
			return nil, err
		}
		if v, err = p.operand(); err != nil {
			return nil, err
		}
	}
}

func (p *parser) operand() (any, error) {
	t := p.tok
	switch {
	case t.kind == text:
		return p.strings()
	case t.kind == number:
		return p.number("")
	case t.kind == name:
		switch t.text {
		case "None":
			return nil, p.step()
		case "True", "False":
			return t.text == "True", p.step()
		}
	case p.is("-") || p.is("+"):
		if err := p.step(); err != nil {
			return nil, err
		}
		if p.tok.kind == number {
			return p.number(strings.TrimPrefix(t.text, "+"))
		}
	case p.is("(") || p.is("[") || p.is("{"):
		return p.bracket()
	}
	return nil, p.unexpected()
}

// strings reads texts that stand side by side.
func (p *parser) strings() (any, error) {
	var joined strings.Builder
	for p.tok.kind == text {
		s, err := unquote(p.tok.text, p.tok.line)
		if err != nil {
			return nil, err
		}
		joined.WriteString(s)
		if err := p.step(); err != nil {
			return nil, err
		}
	}
	return joined.String(), nil
}

func (p *parser) number(sign string) (any, error) {
	lit, line := strings.ToLower(p.tok.text), p.tok.line
	if err := p.step(); err != nil {
		return nil, err
	}
	v, ok := parseNumber(lit)
	if !ok {
		return nil, errorAt(line, "number %.40s: neither an integer nor a float in range", lit)
	}
	if sign == "-" && v == "0" {
		sign = ""
	}
	return json.Number(sign + v), nil
}

// parseNumber is a literal of lower case in decimal.
func parseNumber(lit string) (string, bool) {
	base, digits := 10, lit
	if b := (map[string]int{"0x": 16, "0o": 8, "0b": 2})[lit[:min(2, len(lit))]]; b != 0 {
		base, digits = b, strings.TrimPrefix(lit[2:], "_")
	}
	// An underscore parts two digits, or follows the base.
	for i := range len(digits) {
		isDigit := func(at int) bool {
			return 0 <= at && at < len(digits) && (isDigit(rune(digits[at])) || base == 16 && 'a' <= digits[at] && digits[at] <= 'f')
		}
		if digits[i] == '_' && (!isDigit(i-1) || !isDigit(i+1)) {
			return "", false
		}
	}
	digits = strings.ReplaceAll(digits, "_", "")
	if len(digits) > maxDigits {
		return "", false
	}
	if base != 10 || strings.Trim(digits, "0123456789") == "" {
		if base == 10 && digits[0] == '0' && strings.Trim(digits, "0") != "" {
			return "", false // 012 is no Python
		}
		n, ok := new(big.Int).SetString(digits, base)
		if !ok || n.Sign() < 0 {
			return "", false
		}
		return n.String(), true
	}
	if strings.Trim(digits, "0123456789.e+-") != "" {
		return "", false
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil || math.IsInf(f, 0) {
		return "", false
	}
	out := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(out, ".e") {
		out += ".0"
	}
	return out, true
}

// bracket reads what stands in brackets.
func (p *parser) bracket() (any, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return nil, errorAt(p.tok.line, "more than %d brackets within one another", maxDepth)
	}
	open := p.tok.text
	if err := p.step(); err != nil {
		return nil, err
	}
	switch open {
	case "[":
		return p.list()
	case "{":
		return p.dict()
	}
	if p.is(")") {
		return []any{}, p.step()
	}
	v, err := p.tuple()
	if err != nil {
		return nil, err
	}
	return v, p.closing(")")
}

func (p *parser) list() (any, error) {
	list := []any{}
	for !p.is("]") {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if !p.is(",") {
			break
		}
		if err := p.step(); err != nil {
			return nil, err
		}
	}
	return list, p.closing("]")
}

func (p *parser) dict() (any, error) {
	dict := map[string]any{}
	for !p.is("}") {
		line := p.tok.line
		k, err := p.value()
		if err != nil {
			return nil, err
		}
		key, ok := k.(string)
		switch {
		case !p.is(":"):
			return nil, p.unexpected()
		case !ok:
			return nil, errorAt(line, "a key that is no string")
		}
		if err := p.step(); err != nil {
			return nil, err
		}
		if dict[key], err = p.value(); err != nil {
			return nil, err
		}
		if !p.is(",") {
			break
		}
		if err := p.step(); err != nil {
			return nil, err
		}
	}
	return dict, p.closing("}")
}

func (p *parser) closing(sym string) error {
	if !p.is(sym) {
		return p.unexpected()
	}
	return p.step()
}
