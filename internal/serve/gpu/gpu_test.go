package gpu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const rows = `0, GPU-aaaa-0, NVIDIA H100 80GB HBM3, 81559, 12, 550.54.15
1, GPU-bbbb-1, NVIDIA H100 80GB HBM3, 81559, 0, 550.54.15
2, GPU-cccc-2, NVIDIA H100 80GB HBM3, 81559, 70000, 550.54.15
3, GPU-dddd-3, NVIDIA GB10, [N/A], [N/A]
`

func devices(t testing.TB) []Device {
	t.Helper()
	all, err := Parse(rows)
	if err != nil || len(all) != 4 {
		t.Fatalf("%d devices, %v", len(all), err)
	}
	return all
}

func TestParse(t *testing.T) {
	all := devices(t)
	want := Device{ID: "2", UUID: "GPU-cccc-2", Name: "NVIDIA H100 80GB HBM3", Total: 81559 << 20, Used: 70000 << 20, Driver: "550.54.15"}
	if all[2] != want || all[3].Total != 0 {
		t.Errorf("got %+v", all)
	}
	for _, bad := range []string{"NVIDIA-SMI has failed", "x, GPU-1, a, 1, 2"} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%q gives no error", bad)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(rows)
	f.Fuzz(func(t *testing.T, s string) {
		all, _ := Parse(s)
		for _, d := range all {
			if d.Total < 0 || d.ID == "" {
				t.Errorf("%+v", d)
			}
		}
	})
}

func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nvidia-smi")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDiscover(t *testing.T) {
	ctx := context.Background()
	if all, err := Discover(ctx, filepath.Join(t.TempDir(), "absent")); err != nil || all != nil {
		t.Errorf("without nvidia-smi: %v, %v", all, err)
	}
	all, err := Discover(ctx, script(t, "case \"$1 $2\" in '--query-gpu="+query+" --format=csv,noheader,nounits') ;; *) exit 9;; esac\ncat <<X\n"+rows+"X\n"))
	if err != nil || !reflect.DeepEqual(all, devices(t)) {
		t.Errorf("got %v, %v", all, err)
	}
	_, err = Discover(ctx, script(t, "echo 'NVIDIA-SMI has failed because it could not reach the driver'\nexit 9\n"))
	if err == nil || !strings.Contains(err.Error(), "could not reach the driver") {
		t.Errorf("broken driver: %v", err)
	}
}

func TestVisible(t *testing.T) {
	all := devices(t)
	for _, c := range []struct {
		value string
		set   bool
		want  string
	}{
		{"", false, "0,1,2,3"}, {"", true, "none"}, {"-1", true, "none"}, {"2,0", true, "2,0"}, {"1,-1,2", true, "1"},
		{"GPU-bbbb", true, "1"}, {"MIG-x/1/0", true, "MIG-x/1/0"}, {"NoDevFiles", true, "none"},
	} {
		if got := IDs(Visible(all, c.value, c.set)); got != c.want {
			t.Errorf("CUDA_VISIBLE_DEVICES=%q: %s, want %s", c.value, got, c.want)
		}
	}
	if got, err := Named(all, []string{"3", "GPU-aaaa"}); err != nil || IDs(got) != "3,0" {
		t.Errorf("named: %v, %v", got, err)
	}
	if got, err := Named(nil, []string{"5"}); err != nil || IDs(got) != "5" {
		t.Errorf("named without nvidia-smi: %v, %v", got, err)
	}
	for _, bad := range [][]string{{"7"}, {"0", "0"}} {
		if _, err := Named(all, bad); err == nil {
			t.Errorf("%v gives no error", bad)
		}
	}
}

func TestParallel(t *testing.T) {
	const gib = 1 << 30
	for _, c := range []struct {
		weights, memory int64
		have, heads     int
		want            int
		text            string
	}{
		{15 * gib, 80 * gib, 8, 32, 1, ""}, {140 * gib, 80 * gib, 8, 64, 4, ""}, {140 * gib, 141 * gib, 8, 64, 2, ""},
		{0, 80 * gib, 8, 32, 1, ""}, {140 * gib, 0, 8, 32, 1, ""},
		{140 * gib, 80 * gib, 2, 64, 0, "need 4 gpus of 80.0 GiB, have 2"},
		{140 * gib, 24 * gib, 8, 28, 0, "28 attention heads"},
	} {
		got, err := Parallel(c.weights, c.memory, c.have, c.heads)
		if got != c.want || (err != nil) != (c.text != "") || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%+v: %d, %v", c, got, err)
		}
	}
}

func list(n int) []Device {
	out := make([]Device, n)
	for i := range out {
		out[i] = Device{ID: fmt.Sprint(i)}
	}
	return out
}

func show(plan [][][]Device) string {
	var parts []string
	for _, d := range plan {
		var reps []string
		for _, r := range d {
			reps = append(reps, IDs(r))
		}
		parts = append(parts, strings.Join(reps, " "))
	}
	return strings.Join(parts, "; ")
}

func TestPlan(t *testing.T) {
	all := list(8)
	for _, c := range []struct {
		free    int
		demands []Demand
		want    string
	}{
		{4, []Demand{{"m", 2, 1, nil}, {"judge", 1, 2, nil}}, "0 1; 2,3"},
		{8, []Demand{{"m", 0, 2, nil}, {"judge", 1, 1, nil}}, "0,1 2,3 4,5; 6"},
		{8, []Demand{{"m", 0, 1, nil}}, "0 1 2 3 4 5 6 7"},
		{3, []Demand{{"m", 0, 2, nil}}, "0,1"},
		{4, []Demand{{"m", 1, 2, nil}, {"judge", 1, 1, all[:1]}}, "1,2; 0"},
		{0, []Demand{{"m", 3, 0, nil}}, "none none none"},
		{4, []Demand{{"m", 0, 1, all[2:4]}, {"judge", 0, 1, nil}}, "2 3; 0 1"},
	} {
		got, err := Plan(list(c.free), c.demands)
		if err != nil || show(got) != c.want {
			t.Errorf("%+v: %s, %v; want %s", c.demands, show(got), err, c.want)
		}
	}
	_, err := Plan(list(4), []Demand{{"m", 2, 2, nil}, {"judge", 1, 2, nil}})
	if err == nil || !strings.Contains(err.Error(), "need 6 (m: 2 × 2, judge: 1 × 2), have 4 (0,1,2,3)") {
		t.Errorf("too few: %v", err)
	}
	if _, err := Plan(list(1), []Demand{{"m", 0, 2, nil}}); err == nil {
		t.Error("one gpu holds no server of two")
	}
}

func TestTake(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	first := func(n int) func([]Device, []Held) ([]Device, error) {
		return func(free []Device, held []Held) ([]Device, error) {
			if len(free) < n {
				return nil, fmt.Errorf("need %d, have %d, %s has gpu %s", n, len(free), held[0].By, held[0].ID)
			}
			return free[:n], nil
		}
	}
	a, err := Take(ctx, dir, "vllm a", list(4), first(3))
	if err != nil || len(a) != 3 {
		t.Fatal(a, err)
	}
	if _, err := Take(ctx, dir, "vllm b", list(4), first(2)); err == nil || !strings.Contains(err.Error(), "(vllm a) has gpu 0") {
		t.Errorf("second: %v", err)
	}
	b, err := Take(ctx, dir, "vllm b", list(4), first(1))
	if err != nil || b[0].ID != "3" {
		t.Fatalf("%v, %v: what a failed choice tried must be free again", b, err)
	}
	for _, l := range append(a, b...) {
		l.Lock.Release()
	}
	c, err := Take(ctx, dir, "vllm c", list(4), first(4))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range c {
		l.Lock.Release()
	}
	none := errors.New("none")
	if _, err := Take(ctx, dir, "x", nil, func([]Device, []Held) ([]Device, error) { return nil, none }); !errors.Is(err, none) {
		t.Error(err)
	}
}
