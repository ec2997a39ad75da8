package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/cache"
)

// answering is a model with one answer.
type answering struct{}

func (answering) Respond(_ context.Context, r *eval.Request) (*eval.Response, error) {
	return &eval.Response{Attempts: 1, Outputs: []eval.Output{{Text: r.Prompt, FinishReason: "stop"}}}, nil
}

// kept fills the cache of a home with two models' answers, one each of step-1 and
// step-2; those of step-1 are forty days old.
func kept(t *testing.T, c *call) {
	t.Helper()
	dir := filepath.Join(c.dir, "olmo-eval-results", "cache", "responses")
	for _, name := range []string{"step-1", "step-2"} {
		l := &cache.Layer{Next: answering{}, Store: cache.Open(dir, time.Now)}
		if err := l.Identify(cache.Identity{Text: "weights of " + name, Name: name}); err != nil {
			t.Fatal(err)
		}
		for _, prompt := range []string{"a", "b"} {
			if _, err := l.Respond(t.Context(), &eval.Request{Type: eval.Completion, Prompt: prompt}); err != nil {
				t.Fatal(err)
			}
		}
		if name == "step-1" {
			old := time.Now().Add(-40 * 24 * time.Hour)
			err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
				if err == nil {
					err = os.Chtimes(path, old, old)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func stats(t *testing.T, c *call) cacheStats {
	t.Helper()
	var s cacheStats
	if err := json.Unmarshal([]byte(c.ok(t, "cache", "stats", "--json")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCacheStats(t *testing.T) {
	c := newCall(t)
	if s := stats(t, c); s.Entries != 0 || s.Models == nil {
		t.Errorf("of nothing: %+v", s)
	}
	kept(t, c)
	s := stats(t, c)
	if s.Entries != 4 || len(s.Models) != 2 || s.Models[0].Entries != 2 || s.Bytes == 0 {
		t.Errorf("%+v", s)
	}
	if out := c.ok(t, "cache", "stats"); !strings.Contains(out, "step-2") || !strings.Contains(out, s.Models[0].ID) {
		t.Error(out)
	}
}

func TestCachePrune(t *testing.T) {
	tests := []struct {
		args []string
		left int64
	}{
		{[]string{"--older-than", "30d"}, 2},
		{[]string{"--older-than", "8w"}, 4},
		{[]string{"--model", "step-2"}, 2},
		{[]string{"--max-size", "0"}, 0},
		{[]string{"--max-size", "1G"}, 4},
		{[]string{"--model", "step-2", "--older-than", "30d"}, 4},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			c := newCall(t)
			kept(t, c)
			var out cache.Pruned
			if err := json.Unmarshal([]byte(c.ok(t, append([]string{"cache", "prune", "--json"}, tt.args...)...)), &out); err != nil {
				t.Fatal(err)
			}
			if s := stats(t, c); s.Entries != tt.left || out.RemovedEntries != 4-tt.left {
				t.Errorf("%+v left after %+v, want %d", s, out, tt.left)
			}
		})
	}
	c := newCall(t)
	kept(t, c)
	for _, args := range [][]string{{}, {"--max-size", "much"}, {"--older-than", "old"}, {"--older-than", "0d"}, {"--max-size", "-1G"}, {"--model", "step-3"}} {
		code, _, errs := c.run(append([]string{"cache", "prune"}, args...)...)
		if code != 2 || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit code %d, %s", args, code, errs)
		}
	}
	if s := stats(t, c); s.Entries != 4 {
		t.Errorf("%+v", s)
	}
}

func TestByteSizes(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "512": 512, "10G": 10 << 30, "1.5k": 1536, "2GiB": 2 << 30, "3mb": 3 << 20, "1T": 1 << 40} {
		if got, err := parseBytes(text); err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", text, got, err, want)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 10 << 30: "10.0 GiB"} {
		if got := byteSize(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
