package corpus

// Prune drops null and empty parts of decoded JSON, all the way down: recorded
// and made values are compared without them. It changes v.
func Prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if x = Prune(x); empty(x) {
				delete(v, k)
			} else {
				v[k] = x
			}
		}
	case []any:
		for i := range v {
			v[i] = Prune(v[i])
		}
	}
	return v
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
