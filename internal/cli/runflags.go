package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"olmoeval/eval"
	"olmoeval/internal/compare"
	"olmoeval/internal/dotted"
	"olmoeval/internal/journal"
)

// runFlags are the flags of run.
type runFlags struct {
	asks
	measureFlags
	models         []string
	limit          int
	shard          string
	name           string
	group          string
	family         string
	tags           []string
	out            string
	fresh          bool
	like           string
	vs             string
	base           compare.Side // what vs means
	cache          string
	silence        time.Duration
	hedge          bool
	works          func(*eval.Task, func(*eval.Task) bool) []string
	maxFailed      string
	acceptFailures bool
	allowMissing   bool // --allow-incomplete
	allowDrift     bool
	skipBadRows    bool
	dryRun         bool
	wait           time.Duration
	timeout        time.Duration
	concurrency    int
	format         string
}

func (f *runFlags) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	f.asks.register(fs, true)
	fs.StringArrayVarP(&f.models, "model", "m", nil, "model: NAME[,key=value…], a mock, a glob of checkpoints, or @FILE (repeatable)")
	fs.IntVar(&f.limit, "limit", 0, "keep a seeded draw of N instances of each task")
	fs.StringVar(&f.shard, "shard", "", "run part I of N (I counts from 0): I/N")
	fs.StringVar(&f.name, "name", "", "name of the run")
	fs.StringVar(&f.group, "group", "", "experiment group")
	fs.StringVar(&f.family, "family", "", "family of models the model belongs to")
	fs.StringArrayVar(&f.tags, "tag", nil, "tag the run (repeatable)")
	fs.StringVar(&f.out, "out", "", "directory that stands in for the home")
	fs.BoolVar(&f.fresh, "new", false, "start a new run even if one could be resumed or reused")
	fs.StringVar(&f.like, "like", "", "take tasks, overrides, limits and seeds from this run; prompts must come out equal")
	fs.StringVar(&f.vs, "vs", "", "compare with this run at the end")
	fs.StringVar(&f.maxFailed, "max-failed", "", "instances that may fail: a count, or a share such as 1% (default 1%)")
	fs.BoolVar(&f.acceptFailures, "accept-failures", false, "seal the run although instances failed")
	fs.BoolVar(&f.allowMissing, "allow-incomplete", false, "run what is there of a suite that lacks members; its score is marked as incomplete")
	fs.BoolVar(&f.allowDrift, "allow-drift", false, "with --like: go on although prompts differ")
	fs.BoolVar(&f.skipBadRows, "skip-bad-rows", false, "pass over malformed rows and count them")
	fs.BoolVar(&f.dryRun, "dry-run", false, "print what would be done, with the origin of every value, and what is missing")
	fs.DurationVar(&f.wait, "wait", 0, "wait this long for the endpoint at the start and through an outage")
	fs.DurationVar(&f.timeout, "timeout", 0, "how long one request may take (default 30m)")
	fs.DurationVar(&f.silence, "silence", 0, "how long a stream may bring nothing (default 5m)")
	fs.BoolVar(&f.hedge, "hedge", false, "ask a second time what takes longer than nearly all others did (never sampling without a seed)")
	fs.StringVar(&f.cache, "cache", cacheAuto, "answers kept by earlier runs: auto (where the weights are pinned), on, off")
	fs.IntVar(&f.concurrency, "concurrency", 0, "instances in flight (default 64)")
	f.measureFlags.register(fs)
	addFormat(cmd, &f.format)
}

// check validates flags that stand alone, and turns --limit into the override
// it is.
func (f *runFlags) check(cmd *cobra.Command) error {
	if cmd.Flags().Changed("limit") {
		if f.limit < 1 {
			return usage("--limit is %d, want at least 1", f.limit)
		}
		o, err := dotted.Parse("limit=" + strconv.Itoa(f.limit))
		if err != nil {
			return err
		}
		for i := range f.tasks {
			f.tasks[i].Overrides = append(f.tasks[i].Overrides, o)
		}
	}
	if f.concurrency < 0 {
		return usage("--concurrency is %d, want at least 1", f.concurrency)
	}
	if _, err := parseAllowance(f.maxFailed); err != nil {
		return err
	}
	if _, err := f.cacheMode(); err != nil {
		return err
	}
	if err := f.measureFlags.check(); err != nil {
		return err
	}
	if len(f.tasks) == 0 && f.like == "" {
		return usage("run needs at least one -t (or --like RUN); see: olmo-eval tasks")
	}
	if len(f.models) == 0 {
		return usage("run needs at least one -m, for example -m mock or -m NAME,base_url=http://127.0.0.1:8000/v1")
	}
	return nil
}

// parseShard reads I/N.
func parseShard(s string) (*journal.Shard, error) {
	if s == "" {
		return nil, nil
	}
	i, n, ok := strings.Cut(s, "/")
	index, err1 := strconv.Atoi(i)
	of, err2 := strconv.Atoi(n)
	if !ok || err1 != nil || err2 != nil || of < 1 || index < 0 || index >= of {
		return nil, usage("--shard %q: want I/N with 0 ≤ I < N, for example 0/4", s)
	}
	return &journal.Shard{Index: index, Of: of}, nil
}

// allowance is how many failures a run may have.
type allowance struct {
	share float64
	count int // used when share is 0
	isSet bool
}

func parseAllowance(s string) (allowance, error) {
	if s == "" {
		return allowance{share: 0.01}, nil
	}
	bad := usage("--max-failed %q: want a count such as 10, or a share such as 1%% or 0.01", s)
	if p, ok := strings.CutSuffix(s, "%"); ok {
		x, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || x < 0 || x > 100 {
			return allowance{}, bad
		}
		return allowance{share: x / 100, isSet: true}, nil
	}
	if n, err := strconv.Atoi(s); err == nil && n >= 0 {
		return allowance{count: n, isSet: true}, nil
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || x < 0 || x > 1 {
		return allowance{}, bad
	}
	return allowance{share: x, isSet: true}, nil
}

// allows reports whether so many failures of a total are within the allowance.
func (w allowance) allows(failed, total int) bool {
	if w.isSet && w.share == 0 {
		return failed <= w.count
	}
	return float64(failed) <= w.share*float64(total)
}

// command is the command line as it can be repeated: runs that --like and --vs
// name by place or query stand there by id.
func (f *runFlags) command(args []string, like *journal.Reader) []string {
	out := append([]string{"olmo-eval"}, args...)
	fix := func(flag, id string) {
		for i := range out {
			if out[i] == flag && i+1 < len(out) {
				out[i+1] = id
			} else if strings.HasPrefix(out[i], flag+"=") {
				out[i] = flag + "=" + id
			}
		}
	}
	if like != nil {
		fix("--like", like.Manifest.RunID)
	}
	if len(f.base.Runs) == 1 && !f.base.Runs[0].Foreign {
		fix("--vs", f.base.Runs[0].Manifest.RunID)
	}
	return out
}
