package stats

// Verdicts, of B against A.
const (
	Better     = "better"
	Worse      = "worse"
	Equivalent = "equivalent"
	Unresolved = "unresolved"
)

// WithinRope is the warning of a difference that is significant and too small
// to matter.
const WithinRope = "significant_within_rope"

// Verdict names what a comparison shows. p is the adjusted p-value;
// [equivLo, equivHi] is the 1−2·alpha interval of delta and rope the difference
// that does not matter, both in the metric's unit. A difference with p < alpha
// is better or worse; an interval within ±rope is equivalent (two one-sided
// tests), also where both hold, then with the warning [WithinRope]; all else is
// unresolved. A rope that is not above 0 makes nothing equivalent.
func Verdict(p, alpha float64, equivLo, equivHi, rope, delta float64, higherIsBetter bool) (verdict, warning string) {
	significant := p < alpha && delta != 0
	if rope > 0 && -rope <= equivLo && equivHi <= rope {
		if significant {
			warning = WithinRope
		}
		return Equivalent, warning
	}
	switch {
	case !significant:
		return Unresolved, ""
	case (delta > 0) == higherIsBetter:
		return Better, ""
	}
	return Worse, ""
}
