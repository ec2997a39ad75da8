package eval

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"path"
	"strings"
)

// Source says where a task's rows are. Which split is read is the task's
// business.
type Source struct {
	// Path is a Hugging Face data set (org/name), a local file, directory or
	// glob, or a URI (s3://, gs://, https://, bundled:NAME).
	Path string `json:"path"`
	// Subset is the data set's configuration name.
	Subset string `json:"subset"`
	// DataFiles picks files of a repository (a glob), "" lets the split decide.
	DataFiles string `json:"data_files"`
	// Revision pins a commit, tag or branch.
	Revision string `json:"revision"`
	// Command is a process that writes rows, in place of Path.
	Command []string `json:"command,omitempty"`
}

// Kinds of source.
const (
	SourceHF      = "hf"
	SourceLocal   = "local"
	SourceS3      = "s3"
	SourceGCS     = "gcs"
	SourceHTTP    = "http"
	SourceBundled = "bundled"
	SourceExec    = "exec"
)

var dataExt = map[string]bool{".jsonl": true, ".json": true, ".csv": true, ".tsv": true, ".parquet": true}

// Kind is the kind of source that Path names.
func (s Source) Kind() string {
	p := s.Path
	switch {
	case len(s.Command) > 0:
		return SourceExec
	case strings.HasPrefix(p, "hf://"):
		return SourceHF
	case strings.HasPrefix(p, "s3://"):
		return SourceS3
	case strings.HasPrefix(p, "gs://"):
		return SourceGCS
	case strings.HasPrefix(p, "https://"), strings.HasPrefix(p, "http://"):
		return SourceHTTP
	case strings.HasPrefix(p, "bundled:"):
		return SourceBundled
	case strings.HasPrefix(p, "/"), strings.HasPrefix(p, "./"), strings.HasPrefix(p, "../"), strings.HasPrefix(p, "~"):
		return SourceLocal
	}
	name := strings.TrimSuffix(strings.TrimSuffix(p, ".gz"), ".zst")
	if dataExt[path.Ext(name)] || strings.ContainsAny(p, "*?[") {
		return SourceLocal
	}
	return SourceHF
}

// ParseSource reads PATH or URI, with subset, split, revision and data_files
// in the query: hf://org/name?subset=main&revision=abc. The split is returned
// apart, "" if not given.
func ParseSource(text string) (s Source, split string, err error) {
	if strings.TrimSpace(text) == "" {
		return s, "", fmt.Errorf("empty data source")
	}
	base, query, _ := strings.Cut(text, "?")
	if strings.ContainsAny(base, "*[") || strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://") {
		// Globs may hold "?", and a query is part of an https address.
		base, query = text, ""
	}
	if scheme, rest, ok := strings.Cut(base, ":"); ok && !strings.ContainsAny(scheme, "/.") {
		if lower := strings.ToLower(scheme); lower != scheme {
			scheme, base = lower, lower+":"+rest
		}
		switch scheme {
		case "hf", "s3", "gs", "http", "https":
			if !strings.HasPrefix(rest, "//") || len(rest) < 3 {
				return s, "", fmt.Errorf("data source %q: want %s://…", text, scheme)
			}
		case "file":
			base = strings.TrimPrefix(rest, "//")
		case "bundled":
		default:
			return s, "", fmt.Errorf("data source %q: unknown scheme %q; known: hf, s3, gs, https, file", text, scheme)
		}
	}
	if hub, ok := strings.CutPrefix(base, "hf://"); ok {
		if rest, ok := strings.CutPrefix(hub, "datasets/"); ok {
			// hf://datasets/ORG/NAME/FILE names one file of a repository.
			parts := strings.SplitN(rest, "/", 3)
			if len(parts) == 3 {
				s.DataFiles = parts[2]
				parts = parts[:2]
			}
			hub = strings.Join(parts, "/")
		}
		base = hub
	}
	if base == "" {
		return s, "", fmt.Errorf("data source %q names nothing", text)
	}
	s.Path = base
	if query != "" {
		q, err := url.ParseQuery(query)
		if err != nil {
			return s, "", fmt.Errorf("data source %q: %w", text, err)
		}
		for k, v := range q {
			switch k {
			case "subset":
				s.Subset = v[0]
			case "split":
				split = v[0]
			case "revision":
				s.Revision = v[0]
			case "data_files":
				s.DataFiles = v[0]
			default:
				return s, "", fmt.Errorf("data source %q: unknown parameter %q; known: subset, split, revision, data_files", text, k)
			}
		}
	}
	return s, split, nil
}

// UnmarshalJSON takes the object form, or a string as [ParseSource] reads it.
func (s *Source) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var text string
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
		parsed, split, err := ParseSource(text)
		if err != nil {
			return err
		}
		if split != "" {
			return fmt.Errorf("data source %q: give the split as split=%s", text, split)
		}
		*s = parsed
		return nil
	}
	type plain Source
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.DisallowUnknownFields()
	var p plain
	if err := dec.Decode(&p); err != nil {
		return err
	}
	*s = Source(p)
	return nil
}

// Row is one row of a source, decoded when it is wanted.
type Row struct {
	// Raw is the row as JSON; nil when Doc is set.
	Raw []byte
	Doc Doc
	// File and Line say where it stands; Line is 0 where files have no lines.
	File string
	Line int
}

// Where is file:line, for messages.
func (r Row) Where() string {
	if r.Line == 0 {
		return r.File
	}
	return fmt.Sprintf("%s:%d", r.File, r.Line)
}

// Rows are the rows of one split. All may be called more than once and gives
// the same rows in the same order. A broken row is yielded as a *RowError and
// the sequence goes on; any other error ends it.
type Rows interface {
	All(context.Context) iter.Seq2[Row, error]
	// Info says what was read: call it after a whole pass over All.
	Info() SourceInfo
}

// SourceInfo goes into the manifest of a run.
type SourceInfo struct {
	Path     string   `json:"path"`
	Subset   string   `json:"subset,omitempty"`
	Split    string   `json:"split"`
	Revision string   `json:"revision,omitempty"` // as resolved: a commit
	Files    []string `json:"files,omitempty"`
	Rows     int      `json:"rows"`
	// Digest is SHA-256 in hex over the files' bytes, in order.
	Digest string `json:"digest"`
}

// RowError is a malformed row.
type RowError struct {
	Where string // file:line
	Err   error
}

func (e *RowError) Error() string { return e.Where + ": " + e.Err.Error() }
func (e *RowError) Unwrap() error { return e.Err }

// Data opens what tasks read. Package dataset implements it.
type Data interface {
	// Open finds one split of a source and makes it ready to read; it downloads
	// and caches what is far away.
	Open(ctx context.Context, s Source, split string) (Rows, error)
	// Shots are the rows of a curated few-shot set, digest checked.
	Shots(ctx context.Context, name string) ([]Doc, error)
	// Text is a published text that belongs to a request, digest checked.
	Text(ctx context.Context, name string) (string, error)
}
