package stats

// Method is the name of an interval or of a test, as outputs show it.
type Method string

// The methods. Some serve as interval of one score, as test and as interval of a
// difference alike.
const (
	MethodNone         Method = "none"
	MethodWilson       Method = "wilson"
	MethodExact        Method = "clopper-pearson"
	MethodJeffreys     Method = "jeffreys"
	MethodT            Method = "t" // of one score, and the paired t of a difference
	MethodBCa          Method = "bca bootstrap"
	MethodBootT        Method = "bootstrap-t"
	MethodClusterT     Method = "cluster t" // CR1, G−1 degrees of freedom
	MethodClusterBootT Method = "cluster bootstrap-t"
	MethodDelta        Method = "delta method"
	MethodRatioBoot    Method = "ratio bootstrap-t"
	MethodTango        Method = "tango"
	MethodNewcombe     Method = "newcombe"
	MethodMcNemarMidP  Method = "mcnemar mid-p"
	MethodMcNemar      Method = "mcnemar exact"
	MethodSignFlip     Method = "sign-flip"
	MethodClusterFlip  Method = "cluster sign-flip"
	MethodWelch        Method = "welch t, unpaired"
)

// manyQuestions is the number of questions from which the mean of any scores is
// near enough to normal for Student's interval.
const manyQuestions = 200

// Shape is what the choice of a method depends on.
type Shape struct {
	N        int // questions
	Clusters int // 0: the questions are independent
	// Samples is the most samples that a question has. With more than one, the
	// question's value is the mean of its samples, and Binary is about these.
	Samples int
	Binary  bool // all values are 0 or 1
	Ratio   bool // the score is a ratio of sums, with weights that differ
}

// units is how many independent pieces there are.
func (s Shape) units() int {
	if s.Clusters > 0 {
		return s.Clusters
	}
	return s.N
}

// Choice is the methods for data of one shape.
type Choice struct {
	Row        string // of the table that [Table] gives
	Interval   Method // of one score
	Test       Method // whose p-value the verdict rests on
	Beside     Method // a second p-value to report; empty if none
	Difference Method // the interval of a difference
	// Split tells that the variance divides into that of the questions and that
	// of the samples, as [SplitVariance] does.
	Split bool
}

// Rule is a row of the table of methods: the first that applies counts.
type Rule struct {
	Choice
	applies func(Shape) bool
}

// Table is the rows in the order in which they are tried. More than one sample a
// question changes no row: the values are then the questions' means.
func Table() []Rule {
	return []Rule{
		{Choice{Row: "fewer than 5 clusters", Interval: MethodNone, Test: MethodNone, Difference: MethodNone},
			func(s Shape) bool { return s.Clusters > 0 && s.Clusters < minClusters }},
		{Choice{Row: "ratio metric, fewer than 30 units", Interval: MethodRatioBoot, Test: MethodRatioBoot, Difference: MethodRatioBoot},
			func(s Shape) bool { return s.Ratio && s.units() < fewQuestions }},
		{Choice{Row: "ratio metric", Interval: MethodDelta, Test: MethodRatioBoot, Difference: MethodRatioBoot},
			func(s Shape) bool { return s.Ratio }},
		{Choice{Row: "5 to 29 clusters", Interval: MethodClusterBootT, Test: MethodClusterFlip, Difference: MethodClusterBootT},
			func(s Shape) bool { return s.Clusters > 0 && s.Clusters < fewClusters }},
		{Choice{Row: "30 clusters or more", Interval: MethodClusterT, Test: MethodClusterFlip, Beside: MethodClusterT, Difference: MethodClusterT},
			func(s Shape) bool { return s.Clusters > 0 }},
		{Choice{Row: "0/1 values", Interval: MethodWilson, Test: MethodMcNemarMidP, Beside: MethodMcNemar, Difference: MethodTango},
			func(s Shape) bool { return s.Binary }},
		{Choice{Row: "fewer than 200 values", Interval: MethodBCa, Test: MethodSignFlip, Difference: MethodBootT},
			func(s Shape) bool { return s.N < manyQuestions }},
		{Choice{Row: "200 values or more", Interval: MethodT, Test: MethodSignFlip, Beside: MethodT, Difference: MethodT},
			func(Shape) bool { return true }},
	}
}

// Choose gives the methods for data of a shape.
func Choose(s Shape) Choice {
	for _, r := range Table() {
		if r.applies(s) {
			c := r.Choice
			c.Split = s.Samples > 1
			return c
		}
	}
	panic("stats: the table's last row applies to all")
}

// with puts the methods that were asked for in the place of the chosen ones.
func (c Choice) with(asked Choice) Choice {
	for _, m := range []struct{ to, from *Method }{
		{&c.Interval, &asked.Interval}, {&c.Test, &asked.Test}, {&c.Beside, &asked.Beside}, {&c.Difference, &asked.Difference},
	} {
		if *m.from != "" && *m.to != MethodNone {
			*m.to = *m.from
		}
	}
	return c
}
