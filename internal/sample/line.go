package sample

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"time"
)

// FileName is the file's name in a run's directory.
const FileName = "engine.jsonl"

// Line is one look at one source.
type Line struct {
	Time time.Time `json:"time"`
	// Source is a server's /metrics URL, or "gpu".
	Source string `json:"source"`
	// Full says that Values holds all series of the source.
	Full bool `json:"full,omitempty"`
	// Types are the kinds of metrics that were not named before: gauge, counter,
	// histogram, summary, untyped.
	Types map[string]string `json:"types,omitempty"`
	// Values are by series: name{label="value",…} with labels sorted, buckets of
	// histograms included. nil stands for what is not a finite number. A series
	// that ended stays as it was.
	Values map[string]*float64 `json:"values,omitempty"`
	GPUs   []GPU               `json:"gpus,omitempty"`
	// Error says why the source was left alone from then on, or what failed.
	Error string `json:"error,omitempty"`
}

// GPU is one GPU at a moment; nil is what it does not tell.
type GPU struct {
	Index       int      `json:"index"`
	UUID        string   `json:"uuid,omitempty"`
	Name        string   `json:"name"`
	Utilization *float64 `json:"utilization_percent"`
	MemoryUsed  *float64 `json:"memory_used_mib"`
	MemoryTotal *float64 `json:"memory_total_mib"`
	Power       *float64 `json:"power_w"`
	Temperature *float64 `json:"temperature_c"`
}

// Read yields the lines of a run's engine.jsonl, none if there is no such file.
// Values are complete in each: what a line left out is filled in, in a map that
// is valid until the next line. A torn last line is dropped. Memory is one line
// and one value a series.
func Read(dir string) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		path := filepath.Join(dir, FileName)
		f, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			return
		}
		if err != nil {
			yield(Line{}, err)
			return
		}
		defer f.Close()
		known := map[string]map[string]*float64{}
		r := bufio.NewReader(f)
		for n := 1; ; n++ {
			text, err := r.ReadBytes('\n')
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Line{}, err)
				return
			}
			if len(bytes.TrimSpace(text)) == 0 {
				continue
			}
			var l Line
			if err := json.Unmarshal(text, &l); err != nil {
				// A kill may tear a line in the middle too: the next process
				// begins a line of its own with all series.
				if !yield(Line{}, &DamageError{fmt.Sprintf("%s:%d: %v", path, n, err)}) {
					return
				}
				continue
			}
			all := known[l.Source]
			if all == nil || l.Full {
				all = map[string]*float64{}
				known[l.Source] = all
			}
			for k, v := range l.Values {
				all[k] = v
			}
			if l.Values != nil || len(all) > 0 && l.Error == "" {
				l.Values = all
			}
			if !yield(l, nil) {
				return
			}
		}
	}
}

// DamageError is a line that is not one.
type DamageError struct{ text string }

func (e *DamageError) Error() string { return e.text }
