package eval

import "context"

// Extractor finds the answer in an output. It returns nil where there is none.
// For a log-likelihood request it sees all outputs of the record: see
// [RecordExtractor].
type Extractor interface {
	Extract(*Instance, *Output) any
}

// RecordExtractor is an optional second interface of an Extractor that needs
// all outputs at once, such as the choice with the highest log-likelihood. It
// fills Answer (and Answers) of each output.
type RecordExtractor interface {
	ExtractRecord(context.Context, *Record) error
}

// Scorer judges the outputs of a record, one Score per output. It reads the
// record and does not edit it; it may be called by many goroutines. An error is
// a failure of the scorer, never the model's: the record becomes scoring_error
// (or the status of the [Fault]) and is excluded.
type Scorer interface {
	Name() string
	Score(context.Context, *Record) ([]Score, error)
}

// Units of metrics.
const (
	Proportion  = "proportion"
	BitsPerByte = "bits/byte"
	PPL         = "ppl"
)

// MetricInfo says what a metric's numbers are.
type MetricInfo struct {
	ID             string // accuracy, pass_at_8, bits_per_byte …
	Unit           string // Proportion, BitsPerByte, PPL
	HigherIsBetter bool
	// Chance is the expected value of blind guessing where it is known for an
	// instance set; 0 if unknown.
	Chance float64
}

// Metric reduces records to a number with its uncertainty.
type Metric interface {
	Info() MetricInfo
	// Scorer gives the values that Observe reads; nil if it reads
	// log-likelihoods.
	Scorer() Scorer
	// Observe is what the record contributes; ok is false if the metric is not
	// defined for it. It is called for records whose status counts.
	Observe(*Record) (o Observation, ok bool)
	// Estimate is called with all observations in instance order.
	Estimate(Sample) Estimate
}

// Sample is the observations of one metric, column by column.
type Sample struct {
	Values []float64
	// Weights is nil when all are 1.
	Weights []float64
	// Clusters numbers the cluster of each observation; nil when each stands
	// alone.
	Clusters []int32
}

// Estimate is a metric's value with its uncertainty. Nil is missing; Reason
// says why.
type Estimate struct {
	Metric string      `json:"metric"`
	Value  *float64    `json:"value"`
	SE     *float64    `json:"se"`
	CI95   *[2]float64 `json:"ci95"`
	// MDE80 is the smallest difference to another run that an unpaired
	// comparison finds four times in five: 2.8016·√2·SE.
	MDE80          *float64 `json:"mde80"`
	N              int      `json:"n"`
	Clusters       int      `json:"clusters,omitempty"`
	Unit           string   `json:"unit"`
	HigherIsBetter bool     `json:"higher_is_better"`
	Method         string   `json:"method"`
	Reason         string   `json:"reason,omitempty"`
	Warnings       []string `json:"warnings,omitempty"`
}
