package eval

import "io/fs"

// Formatter makes requests of instances. Implementations are pointers to
// structs whose exported, JSON-tagged fields are every text and number that
// shapes the prompt, so that a variant or -o can change them.
type Formatter interface {
	RequestType() RequestType
	// Prepare renders the worked examples once; the Renderer is then called
	// for each instance, by many goroutines.
	Prepare(shots []*Instance) (Renderer, error)
}

// TextFormatter is an optional second interface of a Formatter whose prompt
// holds long texts that others wrote: they are fetched by name when a task is
// loaded, never part of the program.
type TextFormatter interface {
	Formatter
	// Texts names the published texts that are needed, none if all are given.
	Texts() []string
	// WithTexts is the formatter with the texts filled in; it changes a copy.
	WithTexts(map[string]string) Formatter
}

// Renderer renders one instance. It sets Request.Shared.
type Renderer func(*Instance) (*Request, error)

// Fewshot says which worked examples stand in the prompt.
type Fewshot struct {
	// Num is how many; 0 means none.
	Num int `json:"num_fewshot"`
	// Set names a curated list (see package dataset); it is used in its own
	// order. Otherwise examples are rows of Split of the task's data source.
	Set   string `json:"fewshot_set"`
	Split string `json:"fewshot_split"`
	// Draw samples Num rows with Seed instead of taking the first Num.
	Draw bool  `json:"fewshot_draw"`
	Seed int64 `json:"fewshot_seed"`
}

// Config is the part of a task that is data: what -o and variants of any
// origin may change and `task show` lists.
type Config struct {
	Source Source `json:"data_source"`
	Split  string `json:"split"`
	// Limit keeps a seeded draw of that many instances; nil keeps all.
	Limit *int  `json:"limit"`
	Seed  int64 `json:"seed"`
	Fewshot
	Prompt   Formatter `json:"prompt"`
	Sampling Sampling  `json:"sampling"`
	// MaxLength bounds log-likelihood requests in tokens.
	MaxLength *int `json:"max_length"`
	// Primary is the id of the metric that stands for the task; "" chooses by
	// the contract's rule.
	Primary string `json:"primary_metric"`
}

// Selection says which splits are read, in order, and with which seed a limit
// draws.
type Selection struct {
	Splits []string
	Seed   int64
}

// Needs is what must be there before the first request.
type Needs struct {
	Sandbox []string `json:"sandbox"` // capabilities
	Tools   []string `json:"tools"`
	Judge   string   `json:"judge"`
	Secrets []string `json:"secrets"` // names of environment variables
	Network bool     `json:"network"`
}

// Task is a benchmark: data, prompt, extraction, metrics. It is a value; a
// variant edits a copy.
type Task struct {
	Name        string // without variants
	Version     string // changes when numbers are no longer comparable
	Description string
	// Defined is where the task is defined: a file of this program, or
	// file:line of the user's.
	Defined string
	Config

	// Unfold makes the items of a row that holds several questions, such as the
	// turns of a conversation: Read, ReadShot and index then go by items. nil: a
	// row is one item. It may be called by many goroutines and does not change
	// the row.
	Unfold func(Doc) ([]Doc, error)
	// Read makes an instance of a row; index counts rows over all splits read,
	// from 0. A nil instance drops the row.
	Read func(t *Task, d Doc, index int) (*Instance, error)
	// ReadShot makes a worked example of a row; nil means Read.
	ReadShot func(t *Task, d Doc, index int) (*Instance, error)
	// Select overrides which splits are read; nil means Split alone and Seed.
	Select func(t *Task) Selection
	// Extract finds answers; nil takes the text as it is.
	Extract Extractor
	Metrics []Metric
	Needs   Needs
	// Oracle is a right answer in the form Extract expects; nil means the gold.
	Oracle func(*Instance) (string, bool)
	// Chance is the score of blind guessing, 0 if unknown or nil.
	Chance float64
	// Warnings are said with every result, such as a known defect of the
	// prompt kept for comparability.
	Warnings []string
	// CodeDigest covers user-written hooks (Starlark, external processes) in
	// the scoring hash; "" for built-ins.
	CodeDigest string
	// Ref is what the reference calls this configuration, nil if it has no such
	// task or a field was changed.
	Ref *Ref
}

// Selection is the task's, or the default.
func (t *Task) Selection() Selection {
	if t.Select != nil {
		return t.Select(t)
	}
	return Selection{Splits: []string{t.Split}, Seed: t.Seed}
}

// Instance reads one row.
func (t *Task) Instance(d Doc, index int) (*Instance, error) { return t.Read(t, d, index) }

// Shot reads one row as a worked example.
func (t *Task) Shot(d Doc, index int) (*Instance, error) {
	if t.ReadShot != nil {
		return t.ReadShot(t, d, index)
	}
	return t.Read(t, d, index)
}

// Variant is a named change of a task.
type Variant struct {
	Name        string
	Description string
	Apply       func(*Task)
}

// Def registers a task with its variants.
type Def struct {
	Task     Task
	Variants []Variant
}

// Aggregations of suites.
const (
	Average           = "average"             // plain mean over all leaf tasks
	AverageOfAverages = "average_of_averages" // mean over the children, each aggregated by its own rule
	DisplayOnly       = "display_only"        // shown together, no number
	NoAggregation     = "none"
)

// Suite is a tree of tasks with an aggregation.
type Suite struct {
	Name        string
	Description string
	Aggregation string
	Members     []Member
	Defined     string
}

// Member is a task spec, the name of another suite, or a nested suite that has
// no name of its own in the catalogue.
type Member struct {
	Spec  string
	Suite *Suite
}

// Specs makes members of specs.
func Specs(specs ...string) []Member {
	out := make([]Member, len(specs))
	for i, s := range specs {
		out[i].Spec = s
	}
	return out
}

// Set is what a binary, a package or a file registers.
type Set struct {
	Tasks  []Def
	Suites []Suite
	// Variants adds variants to tasks defined elsewhere, by task name.
	Variants map[string][]Variant
	// Data holds the files of "bundled:NAME" sources, nil for none.
	Data fs.FS
}

// SuiteNode is a suite in a selection: a tree whose leaves are labels of tasks.
type SuiteNode struct {
	Name        string `json:"name"`
	Aggregation string `json:"aggregation"`
	// Children are nested suites or, with Task set, tasks.
	Children []SuiteNode `json:"children,omitempty"`
	Task     string      `json:"task,omitempty"`
}

// Leaves are the task labels below the node, depth first, duplicates kept.
func (n *SuiteNode) Leaves() []string {
	if n.Task != "" {
		return []string{n.Task}
	}
	var out []string
	for i := range n.Children {
		out = append(out, n.Children[i].Leaves()...)
	}
	return out
}
