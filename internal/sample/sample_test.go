package sample

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const page = `# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="a"} %d
vllm:num_requests_waiting{engine="1",model_name="a"} 2
# TYPE vllm:e2e_request_latency_seconds histogram
vllm:e2e_request_latency_seconds_bucket{le="0.5",model_name="a"} 3
vllm:e2e_request_latency_seconds_bucket{le="+Inf",model_name="a"} 4
vllm:e2e_request_latency_seconds_sum{model_name="a"} 1.5
vllm:e2e_request_latency_seconds_count{model_name="a"} 4
# TYPE http_requests_total counter
http_requests_total{handler="/v1/x",status="2xx"} 7
http_requests_total{handler="/v1/x",status="5xx"} 1
# TYPE odd gauge
odd NaN
`

// Every label set and every bucket is a series of its own.
func TestParseKeepsLabels(t *testing.T) {
	m, err := parse(strings.NewReader(fmt.Sprintf(page, 5)))
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]float64{
		`vllm:num_requests_waiting{engine="0",model_name="a"}`:              5,
		`vllm:num_requests_waiting{engine="1",model_name="a"}`:              2,
		`vllm:e2e_request_latency_seconds_bucket{le="0.5",model_name="a"}`:  3,
		`vllm:e2e_request_latency_seconds_bucket{le="+Inf",model_name="a"}`: 4,
		`vllm:e2e_request_latency_seconds_sum{model_name="a"}`:              1.5,
		`vllm:e2e_request_latency_seconds_count{model_name="a"}`:            4,
		`http_requests_total{handler="/v1/x",status="2xx"}`:                 7,
		`http_requests_total{handler="/v1/x",status="5xx"}`:                 1,
	} {
		if got, ok := m.values[k]; !ok || got != want {
			t.Errorf("%s = %v, %v; want %v", k, got, ok, want)
		}
	}
	if len(m.values) != 9 {
		t.Errorf("%d series, want 9: %v", len(m.values), m.values)
	}
	if n, ok := m.waiting(); n != 7 || !ok {
		t.Errorf("waiting %d, %v", n, ok)
	}
	if m.types["vllm:e2e_request_latency_seconds"] != "histogram" || m.types["http_requests_total"] != "counter" {
		t.Errorf("types %v", m.types)
	}
}

func TestSampler(t *testing.T) {
	var waiting, bare, down atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if r.URL.Path != "/metrics" {
			t.Errorf("asked %s", r.URL)
		}
		fmt.Fprintf(w, page, waiting.Load())
	}))
	defer server.Close()
	without := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		bare.Add(1)
		w.WriteHeader(http.StatusNotFound)
	}))
	defer without.Close()
	withKey := strings.Replace(server.URL, "http://", "http://user:sk-secret@", 1) + "/v1?key=sk-secret"

	looked := make(chan string, 100) // the event after each look
	ticks := make(chan time.Time)
	dir := t.TempDir()
	s := New(Config{Ticks: ticks, Now: func() time.Time { return time.Unix(1000, 0) }})
	if err := s.Watch("no url"); err == nil {
		t.Error("it watches what is no URL")
	}
	if err := s.Watch(withKey, without.URL+"/v1/", withKey); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.QueueLength(); ok {
		t.Error("a queue length before anyone was asked")
	}
	stop := s.Start(context.Background(), dir, func() map[string]any { return map[string]any{"done": 1} }, func(kind string, f map[string]any) error {
		looked <- fmt.Sprint(kind, f["done"])
		return nil
	})
	look := func() {
		ticks <- time.Time{}
		if e := <-looked; e != "progress1" {
			t.Errorf("event %s", e)
		}
	}
	<-looked
	waiting.Store(40)
	look()
	if _, ok := s.QueueLength(); ok {
		t.Error("a queue length although one server does not tell")
	}
	look()
	down.Store(1)
	look()
	look()
	down.Store(0)
	waiting.Store(1)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if n := len(looked); n != 1 {
		t.Errorf("%d events at the end, want 1", n)
	}
	if bare.Load() != 1 {
		t.Errorf("the server without metrics was asked %d times", bare.Load())
	}
	text, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "sk-secret") {
		t.Errorf("the key is in the file:\n%s", text)
	}
	var got []string
	series := `vllm:num_requests_waiting{engine="0",model_name="a"}`
	for l, err := range Read(dir) {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case l.Error != "":
			got = append(got, l.Error)
		case l.Values[series] == nil || len(l.Values) != 9:
			t.Errorf("%d series in a line", len(l.Values))
		default:
			got = append(got, fmt.Sprint(l.Full, *l.Values[series]))
		}
	}
	want := []string{"true 0", "the server has no /metrics: status 404", "false 40", "false 40", "the server has no /metrics: status 503", "true 1"}
	if len(got) != len(want) {
		t.Fatalf("lines %q", got)
	}
	for i := range want {
		if want[i] != got[i] {
			t.Errorf("line %d: %q, want %q", i, got[i], want[i])
		}
	}
}

// What did not change is not written again.
func TestLinesAreDifferences(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, page, 5) }))
	defer server.Close()
	e, err := newEndpoint(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := e.look(context.Background(), server.Client(), time.Unix(1, 0))
	second, ok := e.look(context.Background(), server.Client(), time.Unix(2, 0))
	if !ok || !first.Full || len(first.Values) != 9 || second.Full || len(second.Values) != 0 || second.Types != nil {
		t.Errorf("first %d series, second %d", len(first.Values), len(second.Values))
	}
	clock := time.Unix(2, 0)
	s := New(Config{Now: func() time.Time { return clock }})
	s.endpoints = []*endpoint{e}
	if n, ok := s.QueueLength(); n != 7 || !ok {
		t.Errorf("queue length %d, %v", n, ok)
	}
	clock = clock.Add(time.Minute)
	if _, ok := s.QueueLength(); ok {
		t.Error("a queue length of a minute ago")
	}
	server.Client().CloseIdleConnections()
}

// A file that a kill tore can be appended to and read.
func TestTornFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	if err := os.WriteFile(path, []byte(`{"source":"a","full":true,"values":{"x":1,"y":2}}`+"\n"+`{"source":"a","val`), 0o644); err != nil {
		t.Fatal(err)
	}
	f := &file{path: path}
	one := 3.0
	if err := f.write(&Line{Source: "a", Full: true, Values: map[string]*float64{"x": &one}}); err != nil {
		t.Fatal(err)
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	good, bad := 0, 0
	for l, err := range Read(dir) {
		if err != nil {
			bad++
			continue
		}
		good++
		if good == 2 && (len(l.Values) != 1 || *l.Values["x"] != 3) {
			t.Errorf("a full line keeps older series: %v", l.Values)
		}
	}
	if good != 2 || bad != 1 {
		t.Errorf("%d good, %d bad lines", good, bad)
	}
}

func TestGPUs(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for nvidia-smi is a shell script")
	}
	dir := t.TempDir()
	smi := filepath.Join(dir, "nvidia-smi")
	script := "#!/bin/sh\ntest \"$2\" = --format=csv,noheader,nounits || exit 3\n" +
		"echo '0, GPU-5f, NVIDIA H100 80GB HBM3, 87, 71234, 81559, 512.34, 61'\necho '1, GPU-60, NVIDIA H100 80GB HBM3, [N/A], 3, 81559, [Not Supported], 30'\n"
	if err := os.WriteFile(smi, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	s := New(Config{GPUs: true, SMI: smi, Ticks: make(chan time.Time)})
	if err := s.Start(context.Background(), dir, nil, nil)(); err != nil {
		t.Fatal(err)
	}
	looks := 0
	for l, err := range Read(dir) {
		if err != nil || l.Error != "" || l.Source != "gpu" || len(l.GPUs) != 2 {
			t.Fatalf("%+v, %v", l, err)
		}
		looks++
		if g := l.GPUs[0]; *g.Utilization != 87 || *g.MemoryUsed != 71234 || *g.Power != 512.34 || g.Name != "NVIDIA H100 80GB HBM3" {
			t.Errorf("%+v", g)
		}
		if g := l.GPUs[1]; g.Utilization != nil || g.Power != nil || *g.Temperature != 30 {
			t.Errorf("%+v", g)
		}
	}
	if looks != 2 {
		t.Errorf("%d looks", looks)
	}
}

// nvidia-smi that fails is asked once.
func TestGPUsThatFail(t *testing.T) {
	dir := t.TempDir()
	s := New(Config{GPUs: true, SMI: filepath.Join(dir, "none")})
	if err := s.Start(context.Background(), dir, nil, nil)(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for l, err := range Read(dir) {
		if err != nil || l.Error == "" {
			t.Errorf("%+v %v", l, err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d lines", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(fmt.Sprintf(page, 1))
	f.Add("a{b=\"c\\\"\"} 1e400\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parse(strings.NewReader(text))
		if err == nil {
			m.waiting()
		}
	})
}

func FuzzParseGPUs(f *testing.F) {
	f.Add("0, GPU-5f, H100, 87, 71234, 81559, 512.34, 61\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseGPUs(strings.NewReader(text))
		for _, g := range list {
			if err == nil && g.Power != nil && *g.Power != *g.Power {
				t.Error("not a number")
			}
		}
	})
}
