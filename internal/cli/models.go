package cli

import (
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"olmoeval/internal/config"
	"olmoeval/internal/modelspec"
	"olmoeval/internal/perf"
	"olmoeval/internal/table"
)

// presetFile is a YAML file of model presets, `models: {name: {…}}`, and of
// prices, `prices: {host: {model: {…}}}`.
type presetFile struct {
	Models map[string]modelspec.Config `yaml:"models"`
	Prices perf.Prices                 `yaml:"prices"`
}

// presets are the built-in models and those of the user's YAML files.
func (a *app) presets() (modelspec.Presets, error) {
	presets := modelspec.Builtin()
	files, err := a.userFiles(".yaml")
	if err != nil {
		return nil, err
	}
	from := map[string]string{}
	for _, f := range files {
		if filepath.Base(f) == config.ProjectName {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, asUsage(err)
		}
		var pf presetFile
		if err := config.Strict(f, b, &pf); err != nil {
			return nil, asUsage(err)
		}
		for name, c := range pf.Models {
			if old, ok := from[name]; ok {
				return nil, usage("model preset %q is defined twice: %s and %s", name, old, f)
			}
			if _, ok := presets[name]; ok {
				return nil, usage("model preset %q of %s is built in already; choose another name", name, f)
			}
			from[name] = f
			if c.Model == "" {
				c.Model = name
			}
			presets[name] = c
		}
	}
	return presets, nil
}

func (a *app) modelsCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "models [FILTER]",
		Short: "list model presets",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			presets, err := a.presets()
			if err != nil {
				return err
			}
			t := &table.Table{Columns: table.Columns("model", "kind", "asked for", "endpoint", "key from")}
			names := presets.Names()
			sort.Strings(names)
			for _, n := range names {
				c := presets[n]
				if len(args) == 1 && !strings.Contains(n, args[0]) {
					continue
				}
				if a.global.json {
					c.Name = n
					if err := a.printJSON(c); err != nil {
						return err
					}
					continue
				}
				t.Add(n, firstOf(c.Kind, "–"), c.Model, strings.Join(c.BaseURL, " "), firstOf(c.APIKeyEnv, modelspec.KeyEnv(c.Kind)))
			}
			if a.global.json {
				return nil
			}
			return a.printTable(t, format)
		},
	}
	addFormat(cmd, &format)
	return cmd
}

func addFormat(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVar(format, "format", "table", "table, md, csv or latex")
}
