package jinja

import (
	"errors"
	"fmt"
)

func (b blockStmts) exec(r *run, s *scope) error {
	for _, st := range b {
		if err := r.work(1); err != nil {
			return err
		}
		if err := st.exec(r, s); err != nil {
			return err
		}
	}
	return nil
}

func (t textStmt) exec(r *run, _ *scope) error { return r.write(t.text) }

func (p printStmt) exec(r *run, s *scope) error {
	v, err := p.what.eval(r, s)
	if err != nil {
		return err
	}
	text, err := str(r, v)
	if err != nil {
		return err
	}
	return r.write(text)
}

func (i *ifStmt) exec(r *run, s *scope) error {
	for k, test := range i.tests {
		v, err := test.eval(r, s)
		if err != nil {
			return err
		}
		if truth(v) {
			return i.bodies[k].exec(r, s)
		}
	}
	return i.no.exec(r, s)
}

func (j *jumpStmt) exec(*run, *scope) error { return j.jump }

func (g *generationStmt) exec(r *run, s *scope) error { return g.body.exec(r, s.inner()) }

// assign gives a target its value.
func (t *target) assign(r *run, s *scope, v any) error {
	if t.parts != nil {
		values, err := items(r, v)
		if err != nil {
			return t.locate(err)
		}
		if len(values) != len(t.parts) {
			return t.locate(fmt.Errorf("%d values to unpack, expected %d", len(values), len(t.parts)))
		}
		for i := range t.parts {
			if err := t.parts[i].assign(r, s, values[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if t.attr == "" {
		s.set(t.name, v)
		return nil
	}
	of, _ := s.get(t.name)
	ns, ok := of.(*namespace)
	if !ok {
		return t.locate(errors.New("cannot assign attribute on non-namespace object"))
	}
	ns.Set(t.attr, v)
	return nil
}

func (st *setStmt) exec(r *run, s *scope) error {
	var v any
	var err error
	if st.value != nil {
		v, err = st.value.eval(r, s)
	} else {
		v, err = r.captured(st.body, s.inner(), st.filter, s)
	}
	if err != nil {
		return err
	}
	return st.target.assign(r, s, v)
}

// captured is what a body writes, through filters if there are any.
func (r *run) captured(body blockStmts, inner *scope, filter expr, s *scope) (any, error) {
	text, err := r.capture(body, inner)
	if err != nil || filter == nil {
		return text, err
	}
	f := s.inner()
	f.set(bodyName, text)
	return filter.eval(r, f)
}

// bodyName is the variable that holds what the filters of a block work on; no
// template can name it.
const bodyName = "|"

func (f *filterStmt) exec(r *run, s *scope) error {
	v, err := r.captured(f.body, s.inner(), f.filter, s)
	if err != nil {
		return err
	}
	text, err := str(r, v)
	if err != nil {
		return err
	}
	return r.write(text)
}

func (w *withStmt) exec(r *run, s *scope) error {
	inner := s.inner()
	for i, e := range w.values {
		v, err := e.eval(r, s)
		if err != nil {
			return err
		}
		inner.set(w.targets[i].name, v)
	}
	return w.body.exec(r, inner)
}

func (m *macroStmt) exec(_ *run, s *scope) error {
	s.set(m.name, &macro{m, s})
	return nil
}

func (c *callStmt) exec(r *run, s *scope) error {
	args, err := c.call.args.eval(r, s)
	if err != nil {
		return err
	}
	of, err := c.call.of.eval(r, s)
	if err != nil {
		return err
	}
	args.names, args.named = append(args.names, "caller"), append(args.named, &macro{c.body, s})
	v, err := call(r, of, args)
	if err != nil {
		return c.locate(err)
	}
	text, err := str(r, v)
	if err != nil {
		return err
	}
	return r.write(text)
}

// macro is a macro with the scope it was written in.
type macro struct {
	def   *macroStmt
	scope *scope
}

func (m *macro) call(r *run, args callArgs) (any, error) {
	if err := r.enter(); err != nil {
		return nil, err
	}
	defer func() { r.depth-- }()
	s := m.scope.inner()
	d := m.def
	given := map[string]any{}
	var extra []any
	for i, v := range args.positional {
		if i < len(d.params) {
			given[d.params[i]] = v
		} else {
			extra = append(extra, v)
		}
	}
	if len(extra) > 0 && !d.rest {
		return nil, fmt.Errorf("macro '%s' takes not more than %d argument(s)", d.name, len(d.params))
	}
	kwargs := NewDict()
	for i, n := range args.names {
		switch {
		case n == "caller":
			s.set("caller", args.named[i])
		case contains(d.params, n):
			if _, twice := given[n]; twice {
				return nil, fmt.Errorf("macro '%s' got multiple values for argument '%s'", d.name, n)
			}
			given[n] = args.named[i]
		case !d.rest:
			return nil, fmt.Errorf("macro '%s' takes no keyword argument '%s'", d.name, n)
		default:
			kwargs.Set(n, args.named[i])
		}
	}
	if d.rest {
		s.set("varargs", &List{Items: extra, Tuple: true})
		s.set("kwargs", kwargs)
	}
	first := len(d.params) - len(d.defaults)
	for i, p := range d.params {
		v, ok := given[p]
		switch {
		case ok:
		case i >= first:
			var err error
			if v, err = d.defaults[i-first].eval(r, s); err != nil {
				return nil, err
			}
		default:
			v = &undefined{fmt.Sprintf("parameter '%s' was not provided", p)}
		}
		s.set(p, v)
	}
	return r.capture(d.body, s)
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
