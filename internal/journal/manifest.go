package journal

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"olmoeval/eval"
)

// SchemaVersion is the version of run.json and of the record files.
const SchemaVersion = 1

// Run statuses.
const (
	Running     = "running"
	Complete    = "complete"    // sealed: nothing retryable is left
	Incomplete  = "incomplete"  // finished, but instances failed and may be retried
	Interrupted = "interrupted" // stopped by the user
	Failed      = "failed"      // aborted: the provider was not usable
)

// Manifest is run.json.
type Manifest struct {
	Schema  int       `json:"schema"`
	RunID   string    `json:"run_id"`
	Status  string    `json:"status"`
	Sealed  bool      `json:"sealed"`
	Reason  string    `json:"reason,omitempty"` // why it is not complete
	Created time.Time `json:"created_at"`
	Ended   time.Time `json:"ended_at,omitzero"`
	Name    string    `json:"name,omitempty"`
	Group   string    `json:"group,omitempty"`
	Family  string    `json:"family,omitempty"`
	Tags    []string  `json:"tags,omitempty"`
	Command []string  `json:"command"`
	// Shards is how many parts the run is made of, 0 for a whole one. The
	// parts are run directories under shards/.
	Shards    int        `json:"shards,omitempty"`
	ResumeKey string     `json:"resume_key"`
	Shard     *Shard     `json:"shard,omitempty"`
	Model     eval.Model `json:"model"`
	// ModelHash is the reference's hash of the provider configuration.
	ModelHash  string         `json:"model_hash,omitempty"`
	SystemHash string         `json:"system_hash"`
	Harness    map[string]any `json:"harness,omitempty"`
	Caps       eval.Caps      `json:"caps,omitzero"`
	Program    Program        `json:"program"`
	// Serving says which servers were started for the run: commands, versions,
	// GPUs, logs, restarts.
	Serving any              `json:"serving,omitempty"`
	Tasks   []Task           `json:"tasks"`
	Suites  []eval.SuiteNode `json:"suites,omitempty"`
	// MaxFailed is the allowed share or count, as given.
	MaxFailed string  `json:"max_failed,omitempty"`
	Results   *Result `json:"results,omitempty"`
}

// Shard is a part of a run: instances whose item digest falls to Index of Of.
type Shard struct {
	Index int `json:"index"`
	Of    int `json:"of"`
}

// Program says what ran where.
type Program struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of this program's source
	Go       string `json:"go"`
	OS       string `json:"os"`
	Host     string `json:"host"`
	CPUs     int    `json:"cpus"`
}

// Task is one task of a run as it was resolved.
type Task struct {
	// Label names it in this run; it is the spec unless one spec was asked for
	// twice.
	Label     string            `json:"task"`
	Spec      string            `json:"spec"`
	Version   string            `json:"version,omitempty"`
	Defined   string            `json:"defined,omitempty"`
	File      string            `json:"file"` // of records, relative to the run
	Overrides []string          `json:"overrides,omitempty"`
	Config    map[string]any    `json:"config"`
	Origins   map[string]string `json:"origins"`
	// TaskHash is the reference's, for unmodified specs.
	TaskHash      string            `json:"task_hash,omitempty"`
	PromptHash    string            `json:"prompt_hash,omitempty"`
	SelectionHash string            `json:"selection_hash"`
	ScoringHash   string            `json:"scoring_hash"`
	AskKey        string            `json:"ask_key"` // equal keys ask the same of the same model
	Data          []eval.SourceInfo `json:"data"`
	N             int               `json:"n"` // instances selected
	Shots         int               `json:"shots"`
	SkippedRows   int               `json:"skipped_rows,omitempty"`
	// Chance is the expected score of blind guessing; Leaks counts questions
	// that stand among their own worked examples.
	Chance     float64  `json:"chance,omitempty"`
	Leaks      int      `json:"leaks,omitempty"`
	UniqueIDs  bool     `json:"unique_ids"`
	Primary    string   `json:"primary"`
	Metrics    []Metric `json:"metrics"`
	Warnings   []string `json:"warnings,omitempty"`
	ReusedFrom string   `json:"reused_from,omitempty"`
	Rescored   bool     `json:"rescored,omitempty"`
}

// Metric describes a metric of a task.
type Metric struct {
	ID             string `json:"id"`
	Unit           string `json:"unit"`
	HigherIsBetter bool   `json:"higher_is_better"`
	Scorer         string `json:"scorer,omitempty"`
}

// Result is the final object of a run: what `run --json` prints.
type Result struct {
	RunID      string        `json:"run_id"`
	Dir        string        `json:"dir"`
	Status     string        `json:"status"`
	Model      string        `json:"model"`
	ReusedFrom string        `json:"reused_from,omitempty"`
	Tasks      []TaskResult  `json:"tasks"`
	Suites     []SuiteResult `json:"suites"`
	Usage      eval.Usage    `json:"usage"`
	WallS      float64       `json:"wall_s"`
}

// TaskResult is one task's numbers.
type TaskResult struct {
	Task    string `json:"task"`
	NTotal  int    `json:"n_total"`
	NOK     int    `json:"n_ok"`
	NFailed int    `json:"n_failed"`
	// NPending counts instances of an unfinished run that have no record yet.
	NPending     int `json:"n_pending,omitempty"`
	NTruncated   int `json:"n_truncated"`
	NUnextracted int `json:"n_unextracted"`
	// NCached counts answers that were kept from earlier runs.
	NCached     int             `json:"n_cached,omitempty"`
	SkippedRows int             `json:"n_skipped_rows,omitempty"`
	Failures    map[string]int  `json:"failures,omitempty"` // by status
	Primary     *eval.Estimate  `json:"primary"`
	Metrics     []eval.Estimate `json:"metrics"`
	// Warnings are codes: at_chance, equal_logprobs, truncated, unextracted,
	// fewshot_leak, partial, small_n, few_clusters and the task's own; Notes say
	// each in words.
	Warnings    []string `json:"warnings"`
	Notes       []string `json:"notes,omitempty"`
	TaskHash    string   `json:"task_hash,omitempty"`
	ScoringHash string   `json:"scoring_hash,omitempty"`
	ReusedFrom  string   `json:"reused_from,omitempty"`
}

// SuiteResult is an aggregate. Value is nil where the suite is incomplete, only
// displayed, or mixes units.
type SuiteResult struct {
	Suite       string      `json:"suite"`
	Parent      string      `json:"parent,omitempty"`
	Aggregation string      `json:"aggregation"`
	Complete    bool        `json:"complete"`
	NTasks      int         `json:"n_tasks"`
	Missing     []string    `json:"missing"`
	Metric      string      `json:"metric,omitempty"`
	Value       *float64    `json:"value"`
	SE          *float64    `json:"se"`
	CI95        *[2]float64 `json:"ci95"`
	MDE80       *float64    `json:"mde80"`
	Unit        string      `json:"unit,omitempty"`
	Higher      bool        `json:"higher_is_better"`
	Method      string      `json:"method,omitempty"`
	Reason      string      `json:"reason,omitempty"`
	Warnings    []string    `json:"warnings,omitempty"` // codes
	Notes       []string    `json:"notes,omitempty"`    // in words
}

// Task finds a task by label or spec.
func (m *Manifest) Task(name string) (*Task, bool) {
	for i := range m.Tasks {
		if m.Tasks[i].Label == name {
			return &m.Tasks[i], true
		}
	}
	for i := range m.Tasks {
		if m.Tasks[i].Spec == name {
			return &m.Tasks[i], true
		}
	}
	return nil, false
}

// ManifestName is the manifest's file in a run directory.
const ManifestName = "run.json"

// ReadManifest reads a run directory's run.json.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, ManifestName)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", dir, err)
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if m.Schema > SchemaVersion {
		return nil, fmt.Errorf("%s: schema %d is newer than this program knows (%d); update olmo-eval", path, m.Schema, SchemaVersion)
	}
	return &m, nil
}

// writeFile writes a file whole: beside, synced, then renamed.
func writeFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

func writeManifest(dir string, m *Manifest) error {
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return fmt.Errorf("run %s: %w", m.RunID, err)
	}
	return writeFile(filepath.Join(dir, ManifestName), append(b, '\n'))
}
