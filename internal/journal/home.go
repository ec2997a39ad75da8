package journal

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// Home is the directory that holds runs: runs/<run_id>/ and, beside them, keys/
// with what lets a command find the run it should resume. keys/ can be rebuilt
// from the runs.
type Home string

// Run is the directory of a run.
func (h Home) Run(id string) string { return filepath.Join(string(h), "runs", id) }

func (h Home) key(key string) string { return filepath.Join(string(h), "keys", key) }

// addKeys notes the run under its resume key and its tasks' ask keys.
func (h Home) addKeys(m *Manifest) error {
	if err := os.MkdirAll(h.key(""), 0o755); err != nil {
		return err
	}
	if err := appendLine(h.key(m.ResumeKey), m.RunID); err != nil {
		return err
	}
	for _, t := range m.Tasks {
		if err := appendLine(h.key(t.AskKey), m.RunID); err != nil {
			return err
		}
	}
	return nil
}

// Claim agrees on one run id for the shards of a command: the first to claim a
// key decides, the others are told its id.
func (h Home) Claim(key, id string) (string, error) {
	if err := os.MkdirAll(h.key(""), 0o755); err != nil {
		return "", err
	}
	path := h.key(key + ".claim")
	err := createExclusive(path, []byte(id))
	if !errors.Is(err, os.ErrExist) {
		return id, err
	}
	b, err := os.ReadFile(path)
	return string(b), err
}

// Unclaim lets a new run be claimed under the key.
func (h Home) Unclaim(key string) { _ = os.Remove(h.key(key + ".claim")) }

// ShardDir is where a part of a run is written.
func (h Home) ShardDir(id string, s Shard) string {
	return filepath.Join(h.Run(id), "shards", fmt.Sprintf("%d-of-%d", s.Index, s.Of))
}

func appendLine(path, line string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// ByKey lists the runs noted under a key, newest first. Runs that are gone are
// left out.
func (h Home) ByKey(key string) ([]*Manifest, error) {
	f, err := os.Open(h.key(key))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	seen := map[string]bool{}
	var out []*Manifest
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		id := strings.TrimSpace(sc.Text())
		if id == "" || seen[id] || strings.ContainsAny(id, "/\\") {
			continue
		}
		seen[id] = true
		m, err := ReadManifest(h.Run(id))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].RunID > out[j].RunID })
	return out, sc.Err()
}

// Runs lists all run ids, newest first (ids are UUIDv7 and sort by time).
func (h Home) Runs() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(string(h), "runs"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			ids = append(ids, e.Name())
		}
	}
	sort.Sort(sort.Reverse(sort.StringSlice(ids)))
	return ids, nil
}

// FileName is the record file of a task label, unique among taken.
func FileName(label string, taken map[string]bool) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '_'
	}, label)
	if len(clean) > 120 {
		clean = clean[len(clean)-120:]
	}
	name := clean
	for i := 2; taken[name]; i++ {
		name = fmt.Sprintf("%s-%d", clean, i)
	}
	taken[name] = true
	return filepath.ToSlash(filepath.Join("records", name+".jsonl"))
}
