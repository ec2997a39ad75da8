package hubset

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/goccy/go-yaml"

	"olmoeval/dataset/internal/pick"
)

// config is a subset as a repository's card describes it.
type config struct {
	name      string
	isDefault bool
	dir       string
	// files are the patterns of each split, in the card's order; empty where
	// the names of the files decide.
	files []splitFiles
}

type splitFiles struct {
	split    string
	patterns []string
}

// parseCard reads the YAML header of a README.
func parseCard(raw []byte) (configs []config, err error) {
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	rest, ok := bytes.CutPrefix(raw, []byte("---\n"))
	if !ok {
		return nil, nil
	}
	header, _, ok := bytes.Cut(append([]byte("\n"), rest...), []byte("\n---"))
	if !ok {
		return nil, nil
	}
	var card struct {
		Configs []struct {
			Name      string `yaml:"config_name"`
			Default   bool   `yaml:"default"`
			Dir       string `yaml:"data_dir"`
			DataFiles any    `yaml:"data_files"`
		} `yaml:"configs"`
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("malformed YAML: %v", p)
		}
	}()
	if err := yaml.Unmarshal(header, &card); err != nil {
		return nil, err
	}
	for _, in := range card.Configs {
		out := config{name: in.Name, isDefault: in.Default, dir: strings.Trim(in.Dir, "/")}
		if out.name == "" {
			out.name = "default"
		}
		if out.files, err = patternsOf(in.DataFiles); err != nil {
			return nil, fmt.Errorf("subset %s: %w", out.name, err)
		}
		configs = append(configs, out)
	}
	return configs, nil
}

// patternsOf reads data_files in any of the forms that cards have: a pattern,
// a list of patterns (all train), a list of {split, path}, a map of splits.
func patternsOf(v any) ([]splitFiles, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []splitFiles{{"train", []string{v}}}, nil
	case map[string]any:
		var out []splitFiles
		for split, p := range v {
			list, err := texts(p)
			if err != nil {
				return nil, err
			}
			out = append(out, splitFiles{split, list})
		}
		sort.Slice(out, func(i, j int) bool { return out[i].split < out[j].split })
		return out, nil
	case []any:
		var out []splitFiles
		for _, x := range v {
			m, ok := x.(map[string]any)
			if !ok {
				list, err := texts(v)
				return []splitFiles{{"train", list}}, err
			}
			split, _ := m["split"].(string)
			list, err := texts(m["path"])
			if err != nil || split == "" {
				return nil, fmt.Errorf("data_files: want split and path, got %v", m)
			}
			out = append(out, splitFiles{split, list})
		}
		return out, nil
	}
	return nil, fmt.Errorf("data_files: %v", v)
}

func texts(v any) ([]string, error) {
	switch v := v.(type) {
	case string:
		return []string{v}, nil
	case []any:
		var out []string
		for _, x := range v {
			s, ok := x.(string)
			if !ok {
				return nil, fmt.Errorf("want a path, got %v", x)
			}
			out = append(out, s)
		}
		return out, nil
	}
	return nil, fmt.Errorf("want a path, got %v", v)
}

// fromCard picks the files that the card names for the split.
func fromCard(configs []config, files []string, w Want) ([]string, error) {
	c, err := oneConfig(configs, w.Subset)
	if err != nil {
		return nil, err
	}
	if len(c.files) == 0 {
		if c.dir != "" {
			files = ofSubset(files, c.dir)
		}
		return byName(files, Want{ID: w.ID, Split: w.Split})
	}
	var splits []string
	var out []string
	found := false
	for _, sf := range c.files {
		splits = append(splits, sf.split)
		if sf.split != w.Split {
			continue
		}
		found = true
		for _, p := range sf.patterns {
			more, err := expand(path.Join(c.dir, p), files)
			if err != nil {
				return nil, err
			}
			for _, f := range more {
				if !slices.Contains(out, f) {
					out = append(out, f)
				}
			}
		}
	}
	if !found {
		return nil, fmt.Errorf("no split %q; there are %s", w.Split, pick.List(splits))
	}
	return pick.OneFormat(out)
}

func oneConfig(configs []config, want string) (config, error) {
	var names []string
	for _, c := range configs {
		if want == "" && c.isDefault {
			return c, nil
		}
		names = append(names, c.name)
	}
	name, err := oneSubset(slices.Clone(names), want)
	if err != nil {
		return config{}, err
	}
	return configs[slices.Index(names, name)], nil
}

// expand are the files that a pattern or a directory of the card names.
func expand(pattern string, files []string) ([]string, error) {
	match, err := pick.Glob(pattern)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range files {
		if match(f) || strings.HasPrefix(f, strings.TrimSuffix(pattern, "/")+"/") {
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the card names %s, and there is no such file of rows", pattern)
	}
	return out, nil
}
