package cli

import (
	"time"

	"github.com/spf13/pflag"

	"olmoeval/internal/engine"
	sampling "olmoeval/internal/sample"
	"olmoeval/internal/telemetry"
)

// measureFlags are run's flags for budgets and for who is told what.
type measureFlags struct {
	maxCost    float64
	maxTokens  int64
	maxTime    time.Duration
	otlp       string
	prometheus string
	tokenEnv   string
	sampleGPUs bool

	price     priced              // of the model under way
	sampler   *sampling.Sampler   // of the run under way
	budget    *engine.Budget      // nil without one
	telemetry *telemetry.Recorder // nil unless asked for
}

func (f *measureFlags) register(fs *pflag.FlagSet) {
	fs.Float64Var(&f.maxCost, "max-cost", 0, "stop when requests of this command have cost so many US dollars; what is in flight is finished, so at most --concurrency instances more are asked; the same command goes on, counting from nothing")
	fs.Int64Var(&f.maxTokens, "max-tokens", 0, "stop likewise after so many tokens of prompts and completions")
	fs.DurationVar(&f.maxTime, "max-time", 0, "stop likewise after this long, such as 90m; what is in flight is finished")
	fs.StringVar(&f.otlp, "otlp", "", "send spans and metrics to an OpenTelemetry collector: http://127.0.0.1:4318 (default $OTEL_EXPORTER_OTLP_ENDPOINT); no prompts, no answers")
	fs.StringVar(&f.prometheus, "prometheus", "", "answer Prometheus at this address of the loopback: 127.0.0.1:9464")
	fs.StringVar(&f.tokenEnv, "prometheus-token-env", "", "environment variable with the token that Prometheus shows (default: a new one, printed)")
	fs.BoolVar(&f.sampleGPUs, "sample-gpus", false, "note what this machine's GPUs do although the server is elsewhere")
}

func (f *measureFlags) check() error {
	switch {
	case f.maxCost < 0 || f.maxCost != f.maxCost:
		return usage("--max-cost is %v, want US dollars above 0", f.maxCost)
	case f.maxTokens < 0:
		return usage("--max-tokens is %d, want at least 1", f.maxTokens)
	case f.maxTime < 0:
		return usage("--max-time is %s, want a time above 0", f.maxTime)
	case f.tokenEnv != "" && f.prometheus == "":
		return usage("--prometheus-token-env goes with --prometheus 127.0.0.1:PORT")
	}
	if f.maxCost > 0 || f.maxTokens > 0 || f.maxTime > 0 {
		f.budget = &engine.Budget{MaxCost: f.maxCost, MaxTokens: f.maxTokens, MaxTime: f.maxTime}
	}
	return nil
}
