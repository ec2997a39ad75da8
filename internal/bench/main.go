// Command bench measures what the project claims of speed and memory and prints
// figures and ratios of one run. It starts the program as a user would, and
// reads wall time and peak memory from the operating system.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"
)

func main() {
	bin := flag.String("bin", "./olmo-eval", "the program to measure")
	runs := flag.Int("n", 5, "runs of each short measurement; the median is printed")
	quick := flag.Bool("quick", false, "leave out what takes a minute: faults, a million instances")
	flag.Parse()
	if err := run(*bin, *runs, *quick); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(bin string, runs int, quick bool) error {
	bin, err := filepath.Abs(bin)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "olmo-eval-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Printf("%s, %d processors, %s\n", bin, runtime.NumCPU(), runtime.Version())
	if err := startup(bin, dir, runs); err != nil {
		return err
	}
	if err := gsm8k(bin, dir, runs); err != nil {
		return err
	}
	// The system counts a process's peak memory from before it became the program:
	// what is measured so comes before this process grows itself.
	if !quick {
		if err := million(bin, dir); err != nil {
			return err
		}
	}
	if err := overhead(bin, runs); err != nil {
		return err
	}
	if quick {
		return nil
	}
	return storm()
}

// measured is one run of the program.
type measured struct {
	wall   time.Duration
	cpu    time.Duration
	maxRSS int64 // bytes
}

func measure(bin, dir string, args ...string) (measured, error) {
	cmd := exec.Command(bin, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "OLMO_EVAL_HOME="+filepath.Join(dir, "home"))
	begin := time.Now()
	out, err := cmd.CombinedOutput()
	m := measured{wall: time.Since(begin)}
	if err != nil {
		return m, fmt.Errorf("%v: %w\n%s", args, err, out)
	}
	m.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if ru, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		m.maxRSS = ru.Maxrss
		if runtime.GOOS == "linux" {
			m.maxRSS *= 1024
		}
	}
	return m, nil
}

// median measures several times and keeps the run of median wall time.
func median(n int, bin, dir string, args ...string) (measured, error) {
	var all []measured
	for range n {
		m, err := measure(bin, dir, args...)
		if err != nil {
			return m, err
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b measured) int { return int(a.wall - b.wall) })
	return all[len(all)/2], nil
}

func startup(bin, dir string, runs int) error {
	for _, args := range [][]string{{"--help"}, {"tasks"}} {
		m, err := median(2*runs+1, bin, dir, args...)
		if err != nil {
			return err
		}
		fmt.Printf("%-42s %7.1f ms  (claim: under 30)\n", "start: "+args[0], ms(m.wall))
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func mb(b int64) float64 { return float64(b) / 1e6 }

// gsm8k runs 50,000 rows of the size of GSM8K with eight worked examples.
func gsm8k(bin, dir string, runs int) error {
	const n = 50_000
	data := filepath.Join(dir, "gsm.jsonl")
	if err := write(data, n, func(w *bufio.Writer, r *rand.Rand, i int) {
		a, b := r.IntN(900)+10, r.IntN(90)+2
		fmt.Fprintf(w, `{"question":"A shop with the number %d sells %d boxes of pencils on every day of the week, and each of the boxes that it sells holds %d pencils when it is full. How many pencils does the shop sell on one day if all boxes but one are full and that one is empty?","answer":"All boxes but one are full, so there are %d - 1 = <<%d-1=%d>>%d full boxes on a day.\nEach of the full boxes holds %d pencils, so the shop sells %d * %d = <<%d*%d=%d>>%d pencils on one day.\n#### %d"}`+"\n",
			i, a, b, a, a, a-1, a-1, b, a-1, b, a-1, b, (a-1)*b, (a-1)*b, (a-1)*b)
	}); err != nil {
		return err
	}
	args := []string{"run", "-m", "mock:acc=0.62", "-t", "gsm8k", "-o", "data_source=" + data, "-o", "fewshot_set=", "-o", "fewshot_split=test",
		"-o", "num_fewshot=8", "--new", "--quiet", "--json"}
	m, err := median(runs, bin, dir, args...)
	if err != nil {
		return err
	}
	fmt.Printf("%-42s %7.0f ms  %4.0f MB  cpu %.0f ms  (claim: under 1000 ms, 150 MB)\n", "gsm8k, 50,000 instances, 8 shots", ms(m.wall), mb(m.maxRSS), ms(m.cpu))
	return nil
}

// million compares the peak memory of 100,000 and 1,000,000 instances.
func million(bin, dir string) error {
	small, large := filepath.Join(dir, "small.jsonl"), filepath.Join(dir, "large.jsonl")
	line := func(w *bufio.Writer, r *rand.Rand, i int) {
		fmt.Fprintf(w, `{"question":"What is %d plus %d?","answer":"%d"}`+"\n", i, i%97, i+i%97)
	}
	if err := write(small, 100_000, line); err != nil {
		return err
	}
	if err := write(large, 1_000_000, line); err != nil {
		return err
	}
	run := func(file string) (measured, error) {
		return measure(bin, dir, "run", "-m", "mock:acc=0.62", "-t", file, "--new", "--quiet", "--json")
	}
	a, err := run(small)
	if err != nil {
		return err
	}
	b, err := run(large)
	if err != nil {
		return err
	}
	fmt.Printf("%-42s %7.0f ms  %4.0f MB\n", "100,000 instances", ms(a.wall), mb(a.maxRSS))
	fmt.Printf("%-42s %7.0f ms  %4.0f MB  (claim: under 300 MB)\n", "1,000,000 instances", ms(b.wall), mb(b.maxRSS))
	fmt.Printf("%-42s %7.1f bytes an instance  (claim: at most 128)\n", "growth", float64(b.maxRSS-a.maxRSS)/900_000)
	return nil
}

func write(path string, n int, line func(*bufio.Writer, *rand.Rand, int)) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		line(w, r, i)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}
