package serve

import (
	"os"
	"path/filepath"
	"time"
)

// Options say how servers are run. Zero fields mean the defaults they name.
type Options struct {
	// Environ is the environment, as os.Environ gives it: PATH,
	// CUDA_VISIBLE_DEVICES and what the servers inherit.
	Environ []string
	// RuntimeDir holds locks of GPUs and ports and records of servers, for all
	// runs of the machine; "" means [RuntimeDir].
	RuntimeDir string
	// Watcher is the command that calls [Watch] with the arguments after it; nil
	// means this binary with "serve-watch".
	Watcher []string
	// NvidiaSMI is the program that lists GPUs; "" looks for nvidia-smi on PATH.
	NvidiaSMI string
	// Events is told what happens, one event at a time; it must not block for
	// long, nor call the pool.
	Events func(Event)
	// Timing has the waits.
	Timing Timing
}

// Timing are the waits of a pool; 0 means the default that each field names.
type Timing struct {
	Poll     time.Duration // between looks at a server that starts: 1 s
	Health   time.Duration // between looks at one that runs: 5 s
	Answer   time.Duration // how long a look may take: 20 s
	Progress time.Duration // between words on a server that starts: 10 s
	Grace    time.Duration // from SIGTERM to SIGKILL: 20 s
	Backoff  time.Duration // before the first restart, doubled each time: 1 s
	Window   time.Duration // for which restarts are counted: 10 min
	// Restarts is how many a replica has in a window: 3; -1 for none. Failures
	// is how many looks in a row must fail before a server that still runs is
	// ended: 5. Ports is how many ports are tried: 5.
	Restarts, Failures, Ports int
	LogBytes                  int64 // of each of three log files: 10 MiB

	late <-chan struct{} // ends the wait for a server that starts, in tests
}

func (o Options) filled() (Options, error) {
	if o.RuntimeDir == "" {
		o.RuntimeDir = RuntimeDir(environ(o.Environ).get)
	}
	if len(o.Watcher) == 0 {
		self, err := ownBinary()
		if err != nil {
			return o, err
		}
		o.Watcher = []string{self, "serve-watch"}
	}
	if o.NvidiaSMI == "" {
		o.NvidiaSMI, _ = environ(o.Environ).look("nvidia-smi")
	}
	if o.Events == nil {
		o.Events = func(Event) {}
	}
	t := &o.Timing
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&t.Poll, time.Second}, {&t.Health, 5 * time.Second}, {&t.Answer, 20 * time.Second}, {&t.Progress, 10 * time.Second},
		{&t.Grace, 20 * time.Second}, {&t.Backoff, time.Second}, {&t.Window, 10 * time.Minute},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if t.Restarts == 0 {
		t.Restarts = 3
	}
	if t.Failures <= 0 {
		t.Failures = 5
	}
	if t.Ports <= 0 {
		t.Ports = 5
	}
	return o, nil
}

// ownBinary is this program, also after its file was replaced by a newer one.
func ownBinary() (string, error) {
	if _, err := os.Stat("/proc/self/exe"); err == nil {
		return "/proc/self/exe", nil
	}
	return os.Executable()
}

// RuntimeDir is the default: OLMO_EVAL_RUNTIME_DIR, else a folder of the
// machine's temporary files, so that the runs of all users share GPUs.
func RuntimeDir(getenv func(string) string) string {
	if dir := getenv("OLMO_EVAL_RUNTIME_DIR"); dir != "" {
		return dir
	}
	return filepath.Join(os.TempDir(), "olmo-eval")
}
