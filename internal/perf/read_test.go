package perf

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/journal"
)

// stored writes a run with the records of two tasks and the given events.
func stored(t *testing.T, events string, tasks map[string][]*eval.Record, reused string) *journal.Reader {
	t.Helper()
	m := journal.Manifest{RunID: "r1", ResumeKey: "k", Model: eval.Model{Name: "m"}}
	taken := map[string]bool{}
	for _, label := range []string{"a", "b"} {
		if tasks[label] != nil {
			task := journal.Task{Label: label, AskKey: label, File: journal.FileName(label, taken)}
			if label == reused {
				task.ReusedFrom = "r0"
			}
			m.Tasks = append(m.Tasks, task)
		}
	}
	w, err := journal.Create(journal.Home(t.TempDir()), m)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Tasks {
		if _, err := w.Ready(&m.Tasks[i], func(*eval.Record) error { return nil }); err != nil {
			t.Fatal(err)
		}
		for _, rec := range tasks[m.Tasks[i].Label] {
			if err := w.Append(m.Tasks[i].Label, rec); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(func(m *journal.Manifest) { m.Status = journal.Complete }); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.Dir, "events.jsonl"), []byte(events), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := journal.Load(w.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func record(i int, u eval.Usage, tm eval.Timing, attempts int, notes ...string) *eval.Record {
	return &eval.Record{Index: i, ID: "q", Status: eval.OK, Request: &eval.Request{Type: eval.Completion}, PromptDigest: "ab",
		Instance: &eval.Instance{}, Outputs: []eval.Output{{Text: "x"}}, Usage: u, Timing: tm, Attempts: attempts, Notes: notes, WallMS: 5}
}

// Two sessions with a night between them: the first was killed, and its last
// line is torn.
const twoSessions = `{"time":"2026-01-01T00:00:00Z","event":"started"}
{"time":"2026-01-01T00:00:00Z","event":"price","prompt":3,"completion":15}
{"time":"2026-01-01T00:00:10Z","event":"progress","requests":10,"prompt_tokens":100,"completion_tokens":1000,"in_flight":4,"places":8,"waiting":0}
{"time":"2026-01-01T00:00:20Z","event":"progress","requests":30,"prompt_tokens":300,"completion_tokens":3000,"in_flight":8,"places":8,"waiting":1}
{"time":"2026-01-01T00:00:25Z","ev
{"time":"2026-01-02T00:00:00Z","event":"resumed"}
{"time":"2026-01-02T00:00:00Z","event":"price","prompt":3,"completion":15}
{"time":"2026-01-02T00:00:20Z","event":"progress","requests":10,"prompt_tokens":100,"completion_tokens":4000,"in_flight":2,"places":8,"waiting":0}
{"time":"2026-01-02T00:00:20Z","event":"complete"}
`

func TestReadSumsRecords(t *testing.T) {
	first := eval.Usage{PromptTokens: 100, CachedTokens: 40, CompletionTokens: 11, ReasoningTokens: 5, Cost: 0.25}
	failed := record(3, eval.Usage{}, eval.Timing{}, 10)
	failed.Status, failed.Outputs = eval.InfraServerDown, nil
	r := stored(t, twoSessions, map[string][]*eval.Record{
		"a": {
			record(0, first, eval.Timing{Queue: 1, Backoff: 50, First: 100, Total: 200}, 3),
			record(1, first, eval.Timing{Queue: 3, Total: 400}, 1),
			record(2, eval.Usage{}, eval.Timing{}, 0, "reused"),
			failed,
		},
		"b": {record(0, first, eval.Timing{Total: 7}, 1)},
	}, "b")
	rep, err := Read(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	s := rep.Summary
	if s.Requests != 3 || s.Failed != 1 || s.Reused != 1 || s.Attempts != 14 || s.Retries != 11 {
		t.Errorf("requests %+v", s)
	}
	if s.PromptTokens != 200 || s.CachedTokens != 80 || s.CompletionTokens != 22 || s.ReasoningTokens != 10 || *s.Cost.Subject != 0.5 || s.Cost.Unpriced != 0 || s.Cost.Judge != nil {
		t.Errorf("tokens %+v", s)
	}
	if q := s.Latency.Total; q.N != 2 || q.Max != 400 || math.Abs(q.P50-200) > 2 {
		t.Errorf("total %+v", q)
	}
	if q := s.Latency.FirstToken; q.N != 1 || q.Max != 100 {
		t.Errorf("first token %+v", q)
	}
	if q := s.Latency.PerOutputToken; q.N != 1 || q.Max != 10 { // 100 ms for the ten tokens after the first
		t.Errorf("per output token %+v", q)
	}
	if q := s.Latency.Backoff; q.N != 2 || q.Max != 50 || q.P50 != 0 {
		t.Errorf("backoff %+v", q)
	}
	if len(rep.Tasks) != 2 || rep.Tasks[1].ReusedFrom != "r0" || rep.Tasks[1].Requests != 1 || !strings.Contains(strings.Join(rep.Notes, "\n"), "taken from earlier runs") {
		t.Errorf("tasks %+v, notes %q", rep.Tasks, rep.Notes)
	}
}

func TestReadTimes(t *testing.T) {
	r := stored(t, twoSessions, map[string][]*eval.Record{"a": {record(0, eval.Usage{}, eval.Timing{}, 1)}}, "")
	rep, err := Read(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Sessions != 2 || *rep.WallS != 40 {
		t.Errorf("%d sessions, wall %v: the night between them does not count", rep.Sessions, *rep.WallS)
	}
	th := rep.Throughput
	if *th.Requests != 1 || *th.PromptTokens != 10 || *th.CompletionTokens != 175 {
		t.Errorf("throughput %v %v %v", *th.Requests, *th.PromptTokens, *th.CompletionTokens)
	}
	if len(rep.Notes) != 1 || !strings.Contains(rep.Notes[0], "1 of 2 sessions") {
		t.Errorf("notes %q", rep.Notes)
	}
	// Three progress events in two sessions: one stretch; what is in it adds up.
	sum := 0.0
	for _, p := range rep.Series {
		sum += p.CompletionTokens * (p.ToS - p.FromS)
	}
	if len(rep.Series) != 1 || math.Abs(sum-7000) > 1e-6 {
		t.Errorf("series %+v", rep.Series)
	}
	if rep.Latency.Total != nil || rep.Latency.Queue != nil {
		t.Error("latencies that nobody measured")
	}
}

// Rates are in the stretch they belong to, and gauges are means.
func TestSeries(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"time":"2026-01-01T00:00:00Z","event":"started"}` + "\n")
	for i := 1; i <= 4; i++ {
		n := []string{"0", "100", "100", "300", "300"}[i]
		b.WriteString(`{"time":"2026-01-01T00:00:` + []string{"00", "10", "20", "30", "40"}[i] + `Z","event":"progress","requests":` + n + `,"completion_tokens":` + n + `,"in_flight":` + n + "}\n")
	}
	rep, err := Read(context.Background(), stored(t, b.String(), map[string][]*eval.Record{"a": {}}, ""))
	if err != nil {
		t.Fatal(err)
	}
	var rates []float64
	for _, p := range rep.Series {
		rates = append(rates, p.Requests*(p.ToS-p.FromS))
	}
	if len(rates) != 3 {
		t.Fatalf("%d stretches, want 3: %+v", len(rates), rep.Series)
	}
	// 40 s in three stretches: 100 at 0–10 s, none to 20 s, 200 to 30 s, none to 40 s.
	for i, want := range []float64{100, 200 * 2.0 / 3, 200 / 3.0} {
		if math.Abs(rates[i]-want) > 1e-6 {
			t.Errorf("stretch %d: %v requests, want %v", i, rates[i], want)
		}
	}
	if rep.Series[0].Waiting != nil || *rep.Series[0].InFlight != 100 {
		t.Errorf("gauges %+v", rep.Series[0])
	}
}

// A run without counters: what can be known is known, the rest is nil with a
// reason.
func TestReadOldRun(t *testing.T) {
	u := eval.Usage{PromptTokens: 10, CompletionTokens: 20}
	one := `{"time":"2026-01-01T00:00:00Z","event":"started"}
{"time":"2026-01-01T00:00:10Z","event":"complete"}
`
	rep, err := Read(context.Background(), stored(t, one, map[string][]*eval.Record{"a": {record(0, u, eval.Timing{}, 1)}}, ""))
	if err != nil {
		t.Fatal(err)
	}
	if *rep.Throughput.CompletionTokens != 2 || rep.Cost.Subject != nil || rep.Cost.Unpriced != 1 || !strings.Contains(rep.Notes[0], "price unknown") {
		t.Errorf("%+v %+v %q", rep.Throughput, rep.Cost, rep.Notes)
	}
	rep, err = Read(context.Background(), stored(t, one+one, map[string][]*eval.Record{"a": {record(0, u, eval.Timing{}, 1)}}, ""))
	if err != nil || rep.Throughput.CompletionTokens != nil || rep.Throughput.Reason == "" {
		t.Errorf("%v %+v", err, rep.Throughput)
	}
	rep, err = Read(context.Background(), stored(t, "", map[string][]*eval.Record{"a": {record(0, u, eval.Timing{}, 1)}}, ""))
	if err != nil || rep.WallS != nil || rep.Throughput.Reason == "" {
		t.Errorf("%v %+v", err, rep.Throughput)
	}
}

// Shards that run at the same time take that time once; their rates add up.
func TestReadShards(t *testing.T) {
	r := stored(t, `{"time":"2026-01-01T00:00:00Z","event":"complete"}`+"\n", map[string][]*eval.Record{"a": {}}, "")
	for i, from := range []string{"00", "10"} {
		dir := filepath.Join(r.Dir, "shards", string(rune('0'+i))+"-of-2")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		to := []string{"20", "30"}[i]
		lines := `{"time":"2026-01-01T00:00:` + from + `Z","event":"started"}
{"time":"2026-01-01T00:00:` + from + `Z","event":"progress","requests":0,"in_flight":5}
{"time":"2026-01-01T00:00:` + to + `Z","event":"progress","requests":60,"in_flight":5}
{"time":"2026-01-01T00:00:` + to + `Z","event":"complete"}
`
		if err := os.WriteFile(filepath.Join(dir, "events.jsonl"), []byte(lines), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rep, err := Read(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Sessions != 2 || *rep.WallS != 30 || *rep.Throughput.Requests != 4 {
		t.Errorf("%d sessions, wall %v, %v requests/s", rep.Sessions, *rep.WallS, *rep.Throughput.Requests)
	}
	if len(rep.Series) != 2 || math.Abs(rep.Series[0].Requests-4) > 1e-9 || math.Abs(rep.Series[1].Requests-4) > 1e-9 || *rep.Series[0].InFlight != 10 {
		t.Errorf("series %+v", rep.Series)
	}
}

// A provider that reports costs, but not this time: the cost is not known.
func TestCostThatWasToBeReported(t *testing.T) {
	events := `{"time":"2026-01-01T00:00:00Z","event":"started"}
{"time":"2026-01-01T00:00:00Z","event":"price","reported":true}
{"time":"2026-01-01T00:00:10Z","event":"complete"}
`
	u := eval.Usage{PromptTokens: 10, CompletionTokens: 20}
	rep, err := Read(context.Background(), stored(t, events, map[string][]*eval.Record{"a": {record(0, u, eval.Timing{}, 1)}}, ""))
	if err != nil || rep.Cost.Subject != nil || rep.Cost.Unpriced != 1 {
		t.Errorf("%v %+v", err, rep.Cost)
	}
	u.Cost = 0.5
	rep, err = Read(context.Background(), stored(t, events, map[string][]*eval.Record{"a": {record(0, u, eval.Timing{}, 1)}}, ""))
	if err != nil || *rep.Cost.Subject != 0.5 || rep.Cost.Unpriced != 0 {
		t.Errorf("%v %+v", err, rep.Cost)
	}
}

func TestReadEngine(t *testing.T) {
	r := stored(t, twoSessions, map[string][]*eval.Record{"a": {}}, "")
	lines := `{"time":"2026-01-01T00:00:00Z","source":"http://h/metrics","full":true,"values":{"vllm:num_requests_waiting{engine=\"0\"}":2,"vllm:num_requests_waiting{engine=\"1\"}":4,"vllm:generation_tokens_total{a=\"x\"}":100,"vllm:generation_tokens_total{a=\"y\"}":1,"vllm:kv_cache_usage_perc{engine=\"0\"}":0.2,"vllm:kv_cache_usage_perc{engine=\"1\"}":0.4,"process_open_fds":9}}
{"time":"2026-01-01T00:00:10Z","source":"http://h/metrics","values":{"vllm:num_requests_waiting{engine=\"0\"}":8,"vllm:generation_tokens_total{a=\"x\"}":400}}
{"time":"2026-01-01T00:00:10Z","source":"gpu","gpus":[{"index":1,"name":"H100","utilization_percent":null,"memory_used_mib":10,"memory_total_mib":80,"power_w":100,"temperature_c":1},{"index":0,"name":"H100","utilization_percent":90,"memory_used_mib":10,"memory_total_mib":80,"power_w":null,"temperature_c":1}]}
{"time":"2026-01-01T00:00:20Z","source":"gpu","gpus":[{"index":0,"name":"H100","utilization_percent":50,"memory_used_mib":70,"memory_total_mib":80,"power_w":null,"temperature_c":1}]}
{"time":"2026-01-02T00:00:00Z","source":"http://h/metrics","full":true,"values":{"vllm:num_requests_waiting{engine=\"0\"}":0,"vllm:generation_tokens_total{a=\"x\"}":900000}}
{"time":"2026-01-02T00:00:10Z","source":"http://h/metrics","error":"status 503"}
`
	if err := os.WriteFile(filepath.Join(r.Dir, "engine.jsonl"), []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	rep, err := Read(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Engine) != 1 || rep.Engine[0].Looks != 3 || len(rep.Engine[0].Errors) != 1 {
		t.Fatalf("%+v", rep.Engine)
	}
	e := rep.Engine[0]
	if g := e.Gauges["vllm:num_requests_waiting"]; g.Mean != 6 || g.Max != 12 {
		t.Errorf("waiting %+v", g)
	}
	if g := e.Gauges["vllm:kv_cache_usage_perc"]; math.Abs(g.Max-0.3) > 1e-9 {
		t.Errorf("cache %+v", g)
	}
	// What others asked of the server between our sessions is not ours.
	if n := e.Counters["vllm:generation_tokens_total"]; n != 300 {
		t.Errorf("tokens grew by %v, want 300", n)
	}
	if len(rep.GPUs) != 2 || rep.GPUs[0].Utilization.Mean != 70 || rep.GPUs[0].MemoryUsed.Max != 70 || rep.GPUs[0].Power != nil || rep.GPUs[1].Utilization != nil {
		t.Errorf("gpus %+v", rep.GPUs)
	}
}

func TestCompare(t *testing.T) {
	a, b := &Report{}, &Report{}
	a.Requests, b.Requests = 10, 20
	b.Latency.Total = &Quantiles{1, 2, 3, 4, 5}
	rows := map[string]Row{}
	for _, r := range Compare(a, b) {
		rows[r.What] = r
	}
	if *rows["requests"].Ratio != 2 || rows["failed"].Ratio != nil || rows["total_ms_p99"].A != nil || *rows["total_ms_p99"].B != 4 || rows["cost_subject"].B != nil {
		t.Errorf("%+v", rows)
	}
}

func FuzzEvents(f *testing.F) {
	f.Add(twoSessions)
	f.Add(`{"time":"2026-01-01T00:00:10Z","event":"started"}` + "\n" + `{"time":"2025-01-01T00:00:10Z","event":"progress","requests":1e308}` + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "events.jsonl"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		h, err := readHistory(dir)
		if err != nil {
			t.Fatal(err)
		}
		points, err := h.series()
		if err != nil || len(points) > mostPoints {
			t.Errorf("%d points, %v", len(points), err)
		}
	})
}
