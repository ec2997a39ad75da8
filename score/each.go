package score

import "olmoeval/eval"

// each gives the value of every output.
func each(rec *eval.Record, value func(*eval.Output) float64) []eval.Score {
	out := make([]eval.Score, len(rec.Outputs))
	for i := range rec.Outputs {
		out[i].Value = value(&rec.Outputs[i])
	}
	return out
}

// golds are the accepted answers: a metadata list if it is there and not
// empty, else the gold answer, of which a list counts as several. It is empty
// without a gold answer.
func golds(in *eval.Instance, key string) []string {
	if in == nil {
		return nil
	}
	if key != "" {
		if list := in.Texts(key); len(list) > 0 {
			return list
		}
	}
	switch g := in.Gold.(type) {
	case []string:
		return g
	case []any:
		list := make([]string, 0, len(g))
		for _, v := range g {
			if s, ok := textOf(v); ok {
				list = append(list, s)
			}
		}
		return list
	}
	if s, ok := textOf(in.Gold); ok {
		return []string{s}
	}
	return nil
}
