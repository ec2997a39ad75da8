package jinja

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

var (
	errOverflow = errors.New("an integer beyond 64 bits is not supported")
	errZero     = errors.New("division by zero")
)

func (u *unaryNode) eval(r *run, s *scope) (any, error) {
	v, err := u.of.eval(r, s)
	if err != nil {
		return nil, err
	}
	if u.op == "not" {
		return !truth(v), nil
	}
	if x, ok := v.(*undefined); ok {
		return nil, u.locate(x.err())
	}
	i, f, isInt, ok := number(v)
	switch {
	case !ok:
		return nil, u.locate(fmt.Errorf("bad operand type for unary %s: '%s'", u.op, typeName(v)))
	case u.op == "+" && isInt:
		return i, nil
	case u.op == "+":
		return f, nil
	case isInt && i == math.MinInt64:
		return nil, u.locate(errOverflow)
	case isInt:
		return -i, nil
	}
	return -f, nil
}

func (c *compareNode) eval(r *run, s *scope) (any, error) {
	left, err := c.first.eval(r, s)
	if err != nil {
		return nil, err
	}
	for i, op := range c.ops {
		right, err := c.rest[i].eval(r, s)
		if err != nil {
			return nil, err
		}
		ok, err := compare(r, op, left, right)
		if err != nil || !ok {
			return false, c.locate(err)
		}
		left = right
	}
	return true, nil
}

func compare(r *run, op string, a, b any) (bool, error) {
	switch op {
	case "==":
		return equal(r, a, b)
	case "!=":
		same, err := equal(r, a, b)
		return !same, err
	case "in":
		return in(r, a, b)
	case "not in":
		ok, err := in(r, a, b)
		return !ok, err
	}
	n, err := order(r, a, b)
	switch op {
	case "<":
		return n < 0, err
	case "<=":
		return n <= 0, err
	case ">":
		return n > 0, err
	}
	return n >= 0, err
}

// in is a in b.
func in(r *run, a, b any) (bool, error) {
	switch b := b.(type) {
	case string:
		text, ok := a.(string)
		if !ok {
			return false, fmt.Errorf("'in <string>' requires string as left operand, not %s", typeName(a))
		}
		return strings.Contains(b, text), r.work(len(b) / 16)
	case *Dict:
		h, err := hashOf(a)
		if err != nil {
			return false, err
		}
		_, ok := b.get(h)
		return ok, nil
	case nil, bool, int64, float64:
		return false, fmt.Errorf("argument of type '%s' is not iterable", typeName(b))
	}
	all, err := items(r, b)
	if err != nil {
		return false, err
	}
	for _, x := range all {
		if same, err := equal(r, a, x); err != nil || same {
			return same, err
		}
	}
	return false, nil
}

func (b *binaryNode) eval(r *run, s *scope) (any, error) {
	left, err := b.left.eval(r, s)
	if err != nil {
		return nil, err
	}
	right, err := b.right.eval(r, s)
	if err != nil {
		return nil, err
	}
	v, err := binary(r, b.op, left, right)
	return v, b.locate(err)
}

func binary(r *run, op string, a, b any) (any, error) {
	if op == "~" {
		x, err := str(r, a)
		if err != nil {
			return nil, err
		}
		y, err := str(r, b)
		if err != nil {
			return nil, err
		}
		return x + y, r.grow(len(x) + len(y))
	}
	if s, ok := a.(string); ok && op == "%" {
		return percent(r, s, b)
	}
	for _, v := range []any{a, b} {
		if u, ok := v.(*undefined); ok {
			return nil, u.err()
		}
	}
	i, f, isInt, ok := number(a)
	j, g, isInt2, ok2 := number(b)
	switch {
	case ok && ok2 && isInt && isInt2:
		return integers(op, i, j)
	case ok && ok2:
		return floats(op, f, g)
	case op == "+":
		return add(r, a, b)
	case op == "*" && ok && isInt:
		return repeat(r, b, i)
	case op == "*" && ok2 && isInt2:
		return repeat(r, a, j)
	}
	return nil, badOperands(op, a, b)
}

func badOperands(op string, a, b any) error {
	if op == "**" {
		op = "** or pow()"
	}
	return fmt.Errorf("unsupported operand type(s) for %s: '%s' and '%s'", op, typeName(a), typeName(b))
}

func add(r *run, a, b any) (any, error) {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return x + y, r.grow(len(x) + len(y))
		}
		return nil, fmt.Errorf(`can only concatenate str (not "%s") to str`, typeName(b))
	case *List:
		if y, ok := b.(*List); ok && x.Tuple == y.Tuple {
			out := append(append([]any{}, x.Items...), y.Items...)
			return &List{Items: out, Tuple: x.Tuple}, r.grow(16 * len(out))
		}
	}
	return nil, badOperands("+", a, b)
}

func repeat(r *run, v any, n int64) (any, error) {
	n = max(n, 0)
	switch v := v.(type) {
	case string:
		if int64(len(v)) > 0 && n > maxBytes/int64(len(v)) {
			return nil, ErrBudget
		}
		if err := r.grow(len(v) * int(n)); err != nil || v == "" {
			return "", err
		}
		return strings.Repeat(v, int(n)), nil
	case *List:
		if int64(len(v.Items)) > 0 && n > maxBytes/int64(16*len(v.Items)) {
			return nil, ErrBudget
		}
		var out []any
		if len(v.Items) == 0 {
			return &List{Tuple: v.Tuple}, nil
		}
		if err := r.grow(16 * len(v.Items) * int(n)); err != nil {
			return nil, err
		}
		for range n {
			out = append(out, v.Items...)
		}
		return &List{Items: out, Tuple: v.Tuple}, nil
	}
	return nil, badOperands("*", v, n)
}

func integers(op string, i, j int64) (any, error) {
	switch op {
	case "+":
		if n := i + j; (n > i) == (j > 0) {
			return n, nil
		}
		return nil, errOverflow
	case "-":
		if n := i - j; (n < i) == (j > 0) {
			return n, nil
		}
		return nil, errOverflow
	case "*":
		return multiply(i, j)
	case "/":
		return floats(op, float64(i), float64(j))
	case "//", "%":
		if j == 0 {
			return nil, errors.New("integer division or modulo by zero")
		}
		if j == -1 {
			if i == math.MinInt64 {
				return nil, errOverflow
			}
			if op == "%" {
				return int64(0), nil
			}
			return -i, nil
		}
		q, m := i/j, i%j
		if m != 0 && (m < 0) != (j < 0) {
			q, m = q-1, m+j
		}
		if op == "%" {
			return m, nil
		}
		return q, nil
	}
	return power(i, j)
}

func multiply(i, j int64) (any, error) {
	n := i * j
	if i != 0 && (n/i != j || i == -1 && j == math.MinInt64) {
		return nil, errOverflow
	}
	return n, nil
}

func power(i, j int64) (any, error) {
	if j < 0 {
		return floats("**", float64(i), float64(j))
	}
	if j > 64 && i > 1 || j > 64 && i < -1 {
		return nil, errOverflow
	}
	out := any(int64(1))
	if i == 0 || i == 1 || i == -1 {
		j = min(j, 2-j%2) // its sign is what counts
		if i == 0 && j > 0 {
			return int64(0), nil
		}
	}
	for range j {
		var err error
		if out, err = multiply(out.(int64), i); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func floats(op string, f, g float64) (any, error) {
	switch op {
	case "+":
		return f + g, nil
	case "-":
		return f - g, nil
	case "*":
		return f * g, nil
	case "**":
		if f == 0 && g < 0 {
			return nil, errors.New("0.0 cannot be raised to a negative power")
		}
		p := math.Pow(f, g)
		if math.IsNaN(p) && !math.IsNaN(f) && !math.IsNaN(g) || math.IsInf(p, 0) && !math.IsInf(f, 0) && !math.IsInf(g, 0) {
			return nil, errors.New("the result of ** is no finite number")
		}
		return p, nil
	}
	if g == 0 {
		return nil, errZero
	}
	switch op {
	case "/":
		return f / g, nil
	case "//":
		return math.Floor(f / g), nil
	}
	m := math.Mod(f, g)
	if m != 0 && (m < 0) != (g < 0) {
		m += g
	}
	return m, nil
}
