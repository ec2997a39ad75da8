package weights

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
)

var shardPattern = regexp.MustCompile(`^(.*)-(\d{5})-of-(\d{5})(\.[A-Za-z]+)$`)

// oneModel is the only GGUF model of a listing, or else all names to choose
// from. Image encoders are no models of their own.
func oneModel(names []string) (weights, choices []string) {
	sets := map[string][]string{}
	for _, n := range names {
		if !strings.HasPrefix(path.Base(n), "mmproj") {
			sets[shardStem(n)] = append(sets[shardStem(n)], n)
		}
	}
	for _, set := range sets {
		if len(sets) == 1 {
			return set, nil
		}
		choices = append(choices, set[0])
	}
	sort.Strings(choices)
	return nil, choices
}

// GGUFSet are the files of a listing that one file of a split GGUF model
// belongs to, or the file itself.
func GGUFSet(names []string, name string) []string {
	var out []string
	for _, n := range names {
		if n == name || path.Ext(n) == ".gguf" && shardStem(n) != n && shardStem(n) == shardStem(name) {
			out = append(out, n)
		}
	}
	sort.Strings(out)
	return out
}

// shardStem is a name without its number among others, else the name.
func shardStem(name string) string {
	if m := shardPattern.FindStringSubmatch(name); m != nil {
		return m[1] + "-of-" + m[3] + m[4]
	}
	return name
}

// missing is what the names tell to be absent.
func (p Parts) missing() []string {
	var out []string
	if p.Kind == HF || p.Kind == Unknown {
		if !slices.Contains(p.Meta, "config.json") {
			out = append(out, "config.json")
		}
		if len(p.Weights) == 0 {
			out = append(out, "weights (*.safetensors)")
		}
	}
	if p.Kind == OLMoCore && !slices.ContainsFunc(p.Weights, func(n string) bool { return path.Base(n) == ".metadata" }) {
		out = append(out, ".metadata")
	}
	return append(out, missingShards(p.Weights)...)
}

// maxMissing bounds the list of what is missing.
const maxMissing = 1000

// missingShards are the gaps in NAME-00001-of-00003.EXT.
func missingShards(names []string) []string {
	var out []string
	done, there := map[string]bool{}, map[string]bool{}
	for _, n := range names {
		there[n] = true
	}
	for _, n := range names {
		m := shardPattern.FindStringSubmatch(n)
		if m == nil || done[shardStem(n)] {
			continue
		}
		done[shardStem(n)] = true
		total, err := strconv.Atoi(m[3])
		if err != nil {
			continue
		}
		// Some count from 0.
		first := 1
		if there[fmt.Sprintf("%s-%05d-of-%s%s", m[1], 0, m[3], m[4])] {
			first = 0
		}
		for i := first; i < first+total && len(out) < maxMissing; i++ {
			if want := fmt.Sprintf("%s-%05d-of-%s%s", m[1], i, m[3], m[4]); !there[want] {
				out = append(out, want)
			}
		}
	}
	return out
}
