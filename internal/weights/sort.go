package weights

import (
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// Parts are the files of a listing that make up a checkpoint.
type Parts struct {
	Kind Kind
	// Weights are the files of weights, of one format: safetensors before what
	// PyTorch pickles, and either before GGUF.
	Weights []string
	// Meta are configuration, tokenizer and code.
	Meta []string
	// Choices are the GGUF models among which the listing leaves the choice;
	// Weights is then empty.
	Choices []string
}

var (
	// notWeights are what training leaves beside the weights.
	notWeights = regexp.MustCompile(`^(training_args|optimizer|scheduler|rng_state.*|trainer_state|random_states.*|scaler)\.(bin|pt|pth|json|safetensors)$`)
	variant    = regexp.MustCompile(`^(model|pytorch_model)\.[^.]+\.(safetensors|bin)$`)
	metaSuffix = regexp.MustCompile(`\.(json|txt|model|jinja|tiktoken|py|vocab|bpe)$`)
	tokenizer  = regexp.MustCompile(`^(tokenizer.*|.*\.tiktoken|special_tokens_map\.json|added_tokens\.json|vocab\..*|merges\.txt|sentencepiece.*|spiece\.model|chat_template\..*)$`)
	identity   = regexp.MustCompile(`^((config|generation_config|adapter_config|params|.*quant.*config|processor_config|preprocessor_config)\.json|.*\.py|.*\.model|.*\.index\.json)$`)
)

// Sort says which files of a listing belong to the checkpoint. Copies of the
// weights for other programs (original/, ONNX, TensorFlow, Flax), intermediate
// precisions and what is left of training are left out, unless nothing else is
// there.
func Sort(names []string) Parts {
	names = slices.Clone(names)
	sort.Strings(names)
	var p Parts
	var rest []string
	for _, n := range names {
		switch {
		case isMeta(n):
			p.Meta = append(p.Meta, n)
		case !notWeights.MatchString(path.Base(n)):
			rest = append(rest, n)
		}
	}
	p.Weights = distributed(rest)
	if p.Kind = OLMoCore; len(p.Weights) > 0 {
		return p
	}
	top := slices.DeleteFunc(slices.Clone(rest), func(n string) bool { return strings.Contains(n, "/") })
	p.Kind = HF
	for _, ext := range [][]string{{".safetensors"}, {".bin"}, {".pt", ".pth"}} {
		if p.Weights = plain(withExt(top, ext...)); len(p.Weights) > 0 {
			break
		}
	}
	if len(p.Weights) == 0 {
		if gguf := withExt(rest, ".gguf"); len(gguf) > 0 {
			p.Kind = GGUF
			p.Weights, p.Choices = oneModel(gguf)
			return p
		}
		for _, ext := range [][]string{{".safetensors"}, {".pth", ".pt", ".bin"}, {".h5"}, {".msgpack"}, {".onnx"}} {
			if p.Weights = withExt(rest, ext...); len(p.Weights) > 0 {
				p.Kind = Unknown
				break
			}
		}
	}
	if !slices.Contains(p.Meta, "config.json") {
		p.Kind = Unknown
	}
	p.Meta = slices.DeleteFunc(p.Meta, func(n string) bool { return otherIndex(n, p.Weights) })
	return p
}

// isMeta tells configuration, tokenizer and code. They lie at the top.
func isMeta(name string) bool {
	if strings.HasPrefix(name, "additional_chat_templates/") {
		return strings.HasSuffix(name, ".jinja")
	}
	if strings.Contains(name, "/") || strings.HasPrefix(name, ".") || notWeights.MatchString(name) || strings.HasSuffix(name, "_results.json") {
		return false
	}
	return metaSuffix.MatchString(name)
}

// IsTokenizer tells a file that the tokenizer or the chat template is made of.
func IsTokenizer(name string) bool {
	return isMeta(name) && (strings.Contains(name, "/") || tokenizer.MatchString(name))
}

// isIdentity tells a file whose content changes what the model answers.
func isIdentity(name string) bool {
	return IsTokenizer(name) || !strings.Contains(name, "/") && identity.MatchString(name)
}

// IsSmall tells a file that templates and tokens are made of, without weights:
// the tokenizer's and the configuration.
func IsSmall(name string) bool {
	return IsTokenizer(name) || name == "config.json" || name == "generation_config.json" || isMeta(name) && path.Ext(name) == ".model"
}

// otherIndex tells an index of weights of another format.
func otherIndex(name string, weights []string) bool {
	stem, ok := strings.CutSuffix(name, ".index.json")
	return ok && (len(weights) == 0 || path.Ext(stem) != path.Ext(weights[0]))
}

// distributed are the files of a checkpoint in PyTorch's distributed format,
// as OLMo-core writes it.
func distributed(names []string) []string {
	var dirs []string
	for _, n := range withExt(names, ".distcp") {
		if d := path.Dir(n); !slices.Contains(dirs, d) {
			dirs = append(dirs, d)
		}
	}
	if len(dirs) == 0 && slices.Contains(names, "model_and_optim/.metadata") {
		dirs = []string{"model_and_optim"}
	}
	var out []string
	for _, n := range names {
		if slices.Contains(dirs, path.Dir(n)) && (path.Ext(n) == ".distcp" || path.Base(n) == ".metadata") {
			out = append(out, n)
		}
	}
	return out
}

// plain leaves out copies of the same weights: other precisions and Mistral's
// own layout beside the usual one, an adapter beside a model.
func plain(names []string) []string {
	usual := slices.ContainsFunc(names, func(n string) bool {
		return !variant.MatchString(n) && !strings.HasPrefix(n, "consolidated") && !strings.HasPrefix(n, "adapter_")
	})
	if !usual {
		return names
	}
	return slices.DeleteFunc(names, func(n string) bool {
		return variant.MatchString(n) || strings.HasPrefix(n, "consolidated") || strings.HasPrefix(n, "adapter_")
	})
}

func withExt(names []string, exts ...string) []string {
	var out []string
	for _, n := range names {
		if slices.Contains(exts, path.Ext(n)) {
			out = append(out, n)
		}
	}
	return out
}

// Files are all files of the checkpoint, sorted.
func (p Parts) Files() []string {
	out := append(slices.Clone(p.Meta), p.Weights...)
	sort.Strings(out)
	return out
}

// Info is what the names of a checkpoint tell, called by where it is.
func (p Parts) Info(at string) Info {
	return Info{Path: at, Kind: p.Kind, Weights: p.Weights, Choices: p.Choices, Missing: p.missing()}
}
