// Package config reads the YAML files of a project: olmo-eval.yaml and model
// presets. Decoding is strict: an unknown key is an error with its line.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"

	"olmoeval/internal/nearest"
)

// ProjectName is the project file's name.
const ProjectName = "olmo-eval.yaml"

// Project is olmo-eval.yaml. Relative paths in it are relative to the file.
type Project struct {
	// Path lists folders with .star and .yaml files that count as built in.
	Path []string `yaml:"path"`
	// Home holds runs.
	Home string `yaml:"home"`
	// Store is the index of results: a file or a postgres:// URL.
	Store string `yaml:"store"`
	// Family names the family of models that runs belong to.
	Family string `yaml:"family"`
	// Run has defaults of the run command.
	Run RunDefaults `yaml:"run"`

	file string
}

// RunDefaults are defaults of the run command's flags.
type RunDefaults struct {
	Concurrency int    `yaml:"concurrency"`
	MaxFailed   string `yaml:"max_failed"`
	Timeout     string `yaml:"timeout"`
	Harness     string `yaml:"harness"`
	Group       string `yaml:"group"`
}

// File is where the project was read from, "" without one.
func (p *Project) File() string { return p.file }

// FindProject reads the nearest olmo-eval.yaml from dir upwards; without one it
// returns the zero Project.
func FindProject(dir string) (*Project, error) {
	for d := dir; ; {
		path := filepath.Join(d, ProjectName)
		b, err := os.ReadFile(path)
		if err == nil {
			p := &Project{file: path}
			if err := Strict(path, b, p); err != nil {
				return nil, err
			}
			p.resolve(d)
			return p, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		up := filepath.Dir(d)
		if up == d {
			return &Project{}, nil
		}
		d = up
	}
}

func (p *Project) resolve(dir string) {
	abs := func(s string) string {
		if s == "" || filepath.IsAbs(s) || strings.Contains(s, "://") {
			return s
		}
		return filepath.Join(dir, s)
	}
	for i := range p.Path {
		p.Path[i] = abs(p.Path[i])
	}
	p.Home, p.Store = abs(p.Home), abs(p.Store)
}

var unknownField = regexp.MustCompile(`unknown field "([^"]+)"`)

// Strict decodes YAML into a struct; errors carry file:line and, for an unknown
// key, the nearest known one.
func Strict(path string, b []byte, into any) (err error) {
	defer func() {
		// The decoder panics on some broken documents (a tag without a value).
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: not valid YAML", path)
		}
	}()
	err = yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(into)
	if err == nil || err.Error() == "EOF" {
		return nil
	}
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil && at.GetToken().Position != nil {
		line := at.GetToken().Position.Line
		msg := at.GetMessage()
		hint := ""
		if m := unknownField.FindStringSubmatch(msg); m != nil {
			msg = fmt.Sprintf("unknown key %q", m[1])
			hint = nearest.Hint(m[1], keys(reflect.TypeOf(into)))
		}
		return fmt.Errorf("%s:%d: %s%s", path, line, msg, hint)
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("%s: %s", path, first)
}

// keys are the YAML keys of a struct and of the structs in it.
func keys(t reflect.Type) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" && name != "-" {
			out = append(out, name)
			out = append(out, keys(f.Type)...)
		}
	}
	return out
}
