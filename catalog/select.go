package catalog

import (
	"fmt"
	"slices"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/dotted"
)

// Ask is one -t with the overrides bound to it.
type Ask struct {
	Spec      string
	Overrides []dotted.Override
}

// Selected is a task of a selection with the label it has in results: its spec,
// and "#2", "#3" … where one spec is asked for with different overrides.
type Selected struct {
	Label string
	*Resolved
}

// Selection is what a command line asks for. A leaf of a suite whose task the
// catalogue lacks stands in the tree with no task of its label.
type Selection struct {
	Tasks  []Selected
	Suites []eval.SuiteNode
	// Missing are those leaves, suite by suite. Who runs a selection refuses it,
	// or is told to go on without them.
	Missing []Missing
}

// Missing is a suite that was asked for and its members that are not in the
// catalogue, each once.
type Missing struct {
	Suite   string
	NTasks  int // of the suite, those missing among them
	Members []MissingMember
}

// MissingMember is a spec in a suite that names no task, and why.
type MissingMember struct {
	Spec string
	Err  error
}

// Specs are the specs of the members.
func (m Missing) Specs() []string {
	out := make([]string, len(m.Members))
	for i := range m.Members {
		out[i] = m.Members[i].Spec
	}
	return out
}

// Error says which members a suite lacks; of a single one also why.
func (m Missing) Error() string {
	if len(m.Members) == 1 {
		return fmt.Sprintf("suite %q: 1 of %d members is not in the catalogue: %v", m.Suite, m.NTasks, m.Members[0].Err)
	}
	return fmt.Sprintf("suite %q: %d of %d members are not in the catalogue: %s", m.Suite, len(m.Members), m.NTasks, strings.Join(m.Specs(), ", "))
}

// Select resolves specs in order. A task asked for twice with the same
// configuration is taken once. All errors are reported together; what a suite
// lacks is no error but in Missing.
func (c *Catalog) Select(asks []Ask) (*Selection, error) {
	sel := &Selection{}
	var errs []string
	for _, a := range asks {
		base, _, err := SplitPriority(a.Spec)
		if err == nil {
			err = c.selectOne(sel, base, a.Overrides)
		}
		if err != nil {
			errs = append(errs, err.Error())
		}
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("%s", strings.Join(errs, "\n"))
	}
	return sel, nil
}

func (c *Catalog) selectOne(sel *Selection, spec string, overrides []dotted.Override) error {
	suite, variants := c.findSuite(spec)
	if suite == nil {
		_, err := c.addOne(sel, spec, overrides)
		return err
	}
	if err := c.checkVariants(suite, variants); err != nil {
		return err
	}
	lack := &Missing{Suite: spec}
	node, err := c.expand(sel, suite, variants, overrides, lack)
	if err != nil {
		return fmt.Errorf("suite %q: %w", spec, err)
	}
	node.Name = spec
	sel.Suites = append(sel.Suites, node)
	if len(lack.Members) > 0 {
		lack.NTasks = len(node.Leaves())
		sel.Missing = append(sel.Missing, *lack)
	}
	return nil
}

// findSuite decides whether a spec is a suite: the whole name, or the longest
// registered suite before variants, unless a task name is as long.
func (c *Catalog) findSuite(spec string) (*eval.Suite, []string) {
	if s, ok := c.suites[spec]; ok {
		return s, nil
	}
	parts := strings.Split(spec, ":")
	for n := len(parts); n > 0; n-- {
		name := strings.Join(parts[:n], ":")
		if _, ok := c.tasks[name]; ok {
			return nil, nil
		}
		if s, ok := c.suites[name]; ok {
			return s, parts[n:]
		}
	}
	return nil, nil
}

// checkVariants lists every member that lacks a variant, at once. Members that
// are missing altogether are no matter here.
func (c *Catalog) checkVariants(s *eval.Suite, variants []string) error {
	leaves, err := c.Leaves(s)
	if err != nil {
		return err
	}
	for _, v := range variants {
		var lack []string
		for _, leaf := range leaves {
			e, _, err := c.lookup(leaf)
			if err != nil {
				continue
			}
			if _, ok := e.variants[v]; !ok {
				lack = append(lack, leaf)
			}
		}
		if len(lack) > 0 {
			return fmt.Errorf("suite %q: variant %q is missing in %d of %d members: %s", s.Name, v, len(lack), len(leaves), strings.Join(lack, ", "))
		}
	}
	return nil
}

func (c *Catalog) expand(sel *Selection, s *eval.Suite, variants []string, overrides []dotted.Override, lack *Missing) (eval.SuiteNode, error) {
	node := eval.SuiteNode{Name: s.Name, Aggregation: s.Aggregation}
	for _, m := range s.Members {
		nested := m.Suite
		if nested == nil {
			if other, ok := c.suites[m.Spec]; ok {
				nested = other
			}
		}
		if nested != nil {
			child, err := c.expand(sel, nested, variants, overrides, lack)
			if err != nil {
				return eval.SuiteNode{}, err
			}
			node.Children = append(node.Children, child)
			continue
		}
		spec := strings.Join(append([]string{m.Spec}, variants...), ":")
		if _, _, err := c.lookup(spec); err != nil {
			lack.add(spec, err)
			node.Children = append(node.Children, eval.SuiteNode{Name: spec, Task: spec})
			continue
		}
		label, err := c.addOne(sel, spec, overrides)
		if err != nil {
			return eval.SuiteNode{}, err
		}
		node.Children = append(node.Children, eval.SuiteNode{Name: label, Task: label})
	}
	return node, nil
}

func (m *Missing) add(spec string, err error) {
	if !slices.Contains(m.Specs(), spec) {
		m.Members = append(m.Members, MissingMember{spec, err})
	}
}

// addOne adds a task unless the same configuration is there already, and
// returns its label.
func (c *Catalog) addOne(sel *Selection, spec string, overrides []dotted.Override) (string, error) {
	r, err := c.resolve(spec, overrides)
	if err != nil {
		return "", err
	}
	n := 1
	for _, t := range sel.Tasks {
		if t.Spec != r.Spec {
			continue
		}
		if sameOverrides(t.Overrides, overrides) {
			return t.Label, nil
		}
		n++
	}
	label := r.Spec
	if n > 1 {
		label = fmt.Sprintf("%s#%d", r.Spec, n)
	}
	sel.Tasks = append(sel.Tasks, Selected{Label: label, Resolved: r})
	return label, nil
}

func sameOverrides(a, b []dotted.Override) bool {
	return slices.EqualFunc(a, b, func(x, y dotted.Override) bool {
		return slices.Equal(canonicalPath(x.Path), canonicalPath(y.Path)) && x.Raw == y.Raw
	})
}

// Lacks are a suite's leaves that are not in the catalogue, each once, in order.
func (c *Catalog) Lacks(s *eval.Suite) ([]string, error) {
	leaves, err := c.Leaves(s)
	var out []string
	for _, leaf := range leaves {
		if _, _, err := c.lookup(leaf); err != nil && !slices.Contains(out, leaf) {
			out = append(out, leaf)
		}
	}
	return out, err
}

// Leaves are a suite's task specs, depth first, duplicates kept; those that the
// catalogue lacks are among them.
func (c *Catalog) Leaves(s *eval.Suite) ([]string, error) {
	return c.leaves(s, nil)
}

func (c *Catalog) leaves(s *eval.Suite, path []string) ([]string, error) {
	if slices.Contains(path, s.Name) {
		return nil, fmt.Errorf("suite %q contains itself: %s", s.Name, strings.Join(append(path, s.Name), " > "))
	}
	path = append(path, s.Name)
	var out []string
	for _, m := range s.Members {
		nested := m.Suite
		if nested == nil {
			nested = c.suites[m.Spec]
		}
		if nested == nil {
			out = append(out, m.Spec)
			continue
		}
		below, err := c.leaves(nested, path)
		if err != nil {
			return nil, err
		}
		out = append(out, below...)
	}
	return out, nil
}
