package compare

import (
	"maps"
	"slices"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
)

// mostSlices is how many slices a task may fall into.
const mostSlices = 500

// noSlice is the slice of questions that lack the key.
const noSlice = "(none)"

const sliceSep = "\x00"

func checkBy(by string) error {
	if key, ok := strings.CutPrefix(by, "metadata."); ok && key != "" || by == "" || by == "cluster" || by == "tag" {
		return nil
	}
	return usage("--by %s: want metadata.KEY, cluster or tag%s", by, nearest.Hint(by, []string{"metadata.KEY", "cluster", "tag"}))
}

// slicer names the slices of a record, joined by sliceSep; "" where it has
// none. A tag is an entry of the question's metadata "tags" or "tag".
func slicer(by string) func(*eval.Record) string {
	switch by {
	case "":
		return nil
	case "cluster":
		return func(r *eval.Record) string {
			if r.Instance == nil {
				return ""
			}
			return r.Instance.Cluster
		}
	case "tag":
		return func(r *eval.Record) string {
			if r.Instance == nil {
				return ""
			}
			tags := slices.Concat(r.Instance.Texts("tags"), r.Instance.Texts("tag"))
			slices.Sort(tags)
			return strings.Join(slices.Compact(tags), sliceSep)
		}
	}
	path := strings.Split(strings.TrimPrefix(by, "metadata."), ".")
	return func(r *eval.Record) string {
		if r.Instance == nil {
			return ""
		}
		return metadataSlice(r.Instance.Metadata, path)
	}
}

// metadataSlice is the text of a metadata value; the entries of a list are
// slices of their own.
func metadataSlice(m map[string]any, path []string) string {
	for ; len(path) > 1; path = path[1:] {
		// A key may itself hold dots.
		if _, ok := m[strings.Join(path, ".")]; ok {
			break
		}
		m, _ = m[path[0]].(map[string]any)
	}
	in := eval.Instance{Metadata: m}
	key := strings.Join(path, ".")
	if l, ok := m[key].([]any); ok && len(l) > 0 {
		texts := in.Texts(key)
		slices.Sort(texts)
		return strings.Join(slices.Compact(texts), sliceSep)
	}
	return in.Text(key)
}

// slices compares each slice of the questions, sorted by name; nil if no
// question has the key. Keys collects what could be asked for.
func (p *pairs) slices(o Options, keys map[string]bool) ([]SliceRow, error) {
	if o.By == "" {
		return nil, nil
	}
	keys["cluster"] = keys["cluster"] || p.a.cluster != nil || p.b.cluster != nil
	of := func(q int) string {
		s := ""
		if i := p.ia[q]; i >= 0 {
			s = p.a.sets.text(p.a.slice[i])
		}
		if j := p.ib[q]; s == "" && j >= 0 {
			s = p.b.sets.text(p.b.slice[j])
		}
		return s
	}
	members := map[string][]int{}
	for q := range p.ia {
		for name := range strings.SplitSeq(of(q), sliceSep) {
			members[name] = append(members[name], q)
		}
	}
	if len(members) > mostSlices {
		return nil, usage("--by %s: task %s falls into %d slices, at most %d can be compared; choose a key with fewer values", o.By, p.label, len(members), mostSlices)
	}
	var out []SliceRow
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if name == "" && len(members) == 1 {
			return nil, nil
		}
		in := make([]bool, len(p.ia))
		for _, q := range members[name] {
			in[q] = true
		}
		// A slice that is a cluster has no clusters in it.
		n := p.numbers(p.take(func(q int) bool { return in[q] }, o.By != "cluster"), o)
		if name == "" {
			name = noSlice
		}
		out = append(out, SliceRow{Task: p.label, By: o.By, Slice: name, Numbers: n})
	}
	return out, nil
}

func noSlices(by string, keys map[string]bool) error {
	hint := ""
	if keys["cluster"] && by != "cluster" {
		hint = "; the questions have clusters: --by cluster"
	}
	return usage("--by %s: no question of the tasks compared has it%s; see: olmo-eval instances RUN TASK -n 1", by, hint)
}
