package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"olmoeval/internal/provider/cache"
	"olmoeval/internal/table"
)

// responses is the store of answers that the runs of a home share.
func (a *app) responses() (*cache.Store, error) {
	home, err := a.home()
	if err != nil {
		return nil, err
	}
	return cache.Open(filepath.Join(string(home), "cache", "responses"), time.Now), nil
}

func (a *app) cacheCommand() *cobra.Command {
	return group("cache", "what is kept of models' answers", a.cacheStatsCommand(), a.cachePruneCommand())
}

// cacheStats is what cache stats prints as JSON.
type cacheStats struct {
	Dir     string        `json:"dir"`
	Entries int64         `json:"entries"`
	Bytes   int64         `json:"bytes"`
	Models  []cache.Usage `json:"models"`
}

func (a *app) cacheStatsCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "stats",
		Short:   "list the models whose answers are kept, largest first",
		Example: "  olmo-eval cache stats",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			return a.cacheStats(cmd.Context(), format)
		},
	}
	addFormat(cmd, &format)
	return cmd
}

func (a *app) cacheStats(ctx context.Context, format string) error {
	store, err := a.responses()
	if err != nil {
		return err
	}
	models, err := store.Usage(ctx)
	if err != nil {
		return err
	}
	s := cacheStats{Dir: store.Dir(), Models: append([]cache.Usage{}, models...)}
	for _, m := range models {
		s.Entries += m.Entries
		s.Bytes += m.Bytes
	}
	if a.global.json {
		return a.printJSON(s)
	}
	t := &table.Table{Columns: table.Columns("id", "model", ">answers", ">size", "last used (UTC)")}
	for _, m := range models {
		used := "–"
		if m.Newest != nil {
			used = m.Newest.Format("2006-01-02 15:04")
		}
		t.Add(m.ID, m.Name, strconv.FormatInt(m.Entries, 10), byteSize(m.Bytes), used)
	}
	if err := a.printTable(t, format); err != nil {
		return err
	}
	a.note("%d answers, %s in %s", s.Entries, byteSize(s.Bytes), a.defined(s.Dir))
	return nil
}

func (a *app) cachePruneCommand() *cobra.Command {
	var size, age, model string
	cmd := &cobra.Command{
		Use:   "prune [--max-size SIZE] [--older-than AGE] [--model NAME|ID]",
		Short: "remove answers that are kept, the least recently used first",
		Long: "Remove answers that are kept, the least recently used first. Nothing is removed unless it is said what.\n" +
			"With --model alone all answers of that model go. Runs may go on meanwhile.",
		Example: "  olmo-eval cache prune --max-size 10G\n  olmo-eval cache prune --model my-ckpt --older-than 30d",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := pruneOf(size, age, model)
			if err != nil {
				return err
			}
			return a.cachePrune(cmd.Context(), p)
		},
	}
	f := cmd.Flags()
	f.StringVar(&size, "max-size", "", "keep the most recently used up to this size: 500M, 10G")
	f.StringVar(&age, "older-than", "", "remove what was not used for so long: 12h, 30d, 8w")
	f.StringVar(&model, "model", "", "only this model's, by its name or id of cache stats")
	return cmd
}

func pruneOf(size, age, model string) (cache.Prune, error) {
	p := cache.Prune{Source: model}
	if size == "" && age == "" && model == "" {
		return p, usage("cache prune: say what to remove: --max-size 10G, --older-than 30d or --model NAME")
	}
	if size != "" {
		n, err := parseBytes(size)
		if err != nil {
			return p, usage("--max-size: %w", err)
		}
		p.MaxBytes = &n
	}
	if age != "" {
		d, err := parseAge(age)
		if err != nil {
			return p, usage("--older-than: %w", err)
		}
		p.OlderThan = d
	}
	return p, nil
}

func (a *app) cachePrune(ctx context.Context, p cache.Prune) error {
	store, err := a.responses()
	if err != nil {
		return err
	}
	out, err := store.Prune(ctx, p)
	if errors.Is(err, cache.ErrUnknownSource) {
		return asUsage(err)
	}
	if err != nil {
		return err
	}
	if a.global.json {
		return a.printJSON(out)
	}
	_, err = fmt.Fprintf(a.Stdout, "removed %d answers, %s; %d are left, %s\n", out.RemovedEntries, byteSize(out.RemovedBytes), out.Entries, byteSize(out.Bytes))
	return err
}

// units of sizes, powers of 1024.
var byteUnits = []string{"B", "K", "M", "G", "T"}

// parseBytes reads 512, 500M, 1.5GiB.
func parseBytes(text string) (int64, error) {
	number := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(text)), "B"), "I")
	factor := 1.0
	for i, u := range byteUnits[1:] {
		if n, ok := strings.CutSuffix(number, u); ok {
			number, factor = n, math.Pow(1024, float64(i+1))
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n >= 0) || n*factor > 1<<60 {
		return 0, fmt.Errorf("%q is no size; want 500M or 10G", text)
	}
	return int64(n * factor), nil
}

func byteSize(n int64) string {
	v, unit := float64(n), 0
	for v >= 1024 && unit < len(byteUnits)-1 {
		v, unit = v/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %siB", v, byteUnits[unit])
}

// parseAge reads 90m, 12h, 30d, 8w.
func parseAge(text string) (time.Duration, error) {
	bad := fmt.Errorf("%q is no time; want 12h, 30d or 8w", text)
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			n, err := strconv.ParseFloat(number, 64)
			if err != nil || !(n > 0 && n < 1e4) {
				return 0, bad
			}
			return time.Duration(n * float64(unit)), nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, bad
	}
	return d, nil
}
