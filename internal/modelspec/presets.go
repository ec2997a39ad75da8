package modelspec

import (
	_ "embed"
	"fmt"
	"maps"
	"sync"

	"github.com/goccy/go-yaml"
)

// presetFile is read when the first preset is asked for.
//
//go:embed presets.yaml
var presetFile []byte

var builtin = sync.OnceValue(func() Presets {
	var file struct {
		Models Presets `yaml:"models"`
	}
	if err := yaml.UnmarshalWithOptions(presetFile, &file, yaml.Strict()); err != nil {
		panic(fmt.Sprintf("presets.yaml: %s", yaml.FormatError(err, false, true)))
	}
	return file.Models
})

// Builtin are the presets that come with the program; the map is the caller's.
func Builtin() Presets { return maps.Clone(builtin()) }
