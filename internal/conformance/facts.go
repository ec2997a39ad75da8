package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// spec is what the registry of the corpus says of one spec: its family.
type spec struct {
	Module string `json:"module"`
}

// facts are the files of a corpus directory.
type facts struct {
	dir   string
	specs map[string]spec
}

func openFacts(dir string) (*facts, error) {
	f := &facts{dir: dir}
	var reg struct {
		Specs map[string]spec `json:"specs"`
	}
	err := eachRow(filepath.Join(dir, "registry.json.gz"), func(raw json.RawMessage) error {
		return json.Unmarshal(raw, &reg)
	})
	if err != nil {
		return nil, err
	}
	f.specs = reg.Specs
	return f, nil
}

// family is the reference's module of a spec, or of its task where a stacked
// spec has none of its own.
func (f *facts) family(name string) string {
	task, _, _ := strings.Cut(name, ":")
	for _, n := range []string{name, task} {
		if m := f.specs[n].Module; m != "" {
			return m
		}
	}
	return task
}

// requestRow is a row of requests.jsonl.gz: what the reference made of the
// mirror's rows. Error is set where it could not.
type requestRow struct {
	Spec       string
	Error      string
	NInstances int `json:"n_instances"`
	Items      []struct {
		Index    int `json:"instance_idx"`
		Instance any
		Request  any
		Sampling map[string]any `json:"sampling_params"`
	}
}

// scoringRow is a row of scoring.jsonl.gz: outputs, and what the reference found
// in them and gave for them.
type scoringRow struct {
	Spec  string
	Cases []scoringCase
	// Predictions and Docs are of another run, joined on doc_id.
	Predictions []prediction
	Docs        []docRow        `json:"request_rows"`
	Sandbox     json.RawMessage `json:"sandbox_calls"`
}

// requests calls see with each row of requests.jsonl.gz.
func (f *facts) requests(see func(*requestRow) error) error {
	return rowsOf(filepath.Join(f.dir, "requests.jsonl.gz"), see)
}

// scoring calls see with each row of scoring.jsonl.gz.
func (f *facts) scoring(see func(*scoringRow) error) error {
	return rowsOf(filepath.Join(f.dir, "scoring.jsonl.gz"), see)
}

func rowsOf[T any](file string, see func(*T) error) error {
	return eachRow(file, func(raw json.RawMessage) error {
		row := new(T)
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.UseNumber()
		if err := dec.Decode(row); err != nil {
			return err
		}
		return see(row)
	})
}

// eachRow yields the values of a gzip file of JSON.
func eachRow(file string, see func(json.RawMessage) error) error {
	fh, err := os.Open(file)
	if err != nil {
		return err
	}
	defer fh.Close()
	z, err := gzip.NewReader(fh)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	dec := json.NewDecoder(bufio.NewReaderSize(z, 1<<20))
	for n := 1; ; n++ {
		var raw json.RawMessage
		err := dec.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = see(raw)
		}
		if err != nil {
			return fmt.Errorf("%s, row %d: %w", file, n, err)
		}
	}
}
