// Package weights knows checkpoints as they lie on disk: which files of a
// listing belong to one ([Sort]), what it is ([Describe]) and which it is
// ([Digest]). It downloads nothing; package checkpoint does.
package weights

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Kind is a format of checkpoints.
type Kind string

// Formats. Inference servers load HF; llama.cpp loads GGUF; nothing loads
// OLMoCore without converting it.
const (
	HF       Kind = "hf"
	GGUF     Kind = "gguf"
	OLMoCore Kind = "olmo_core"
	Unknown  Kind = "unknown"
)

// Info is what a checkpoint says of itself.
type Info struct {
	// Path is what a server is told to load: the directory, or the GGUF file
	// (the first of a split one).
	Path string `json:"path"`
	Kind Kind   `json:"kind"`
	// Architecture is the class of config.json (LlamaForCausalLM) or the family
	// of a GGUF file (llama), "" if unknown.
	Architecture string `json:"architecture,omitempty"`
	// Bytes is the size of the files of weights together.
	Bytes int64 `json:"bytes"`
	// Parameters is how many numbers the weights are, 0 if that is not known.
	Parameters int64 `json:"parameters,omitempty"`
	// DType is how they are stored: of config.json, else of most of the
	// weights; "" if unknown.
	DType string `json:"dtype,omitempty"`
	// MaxPositions is the longest context, in tokens; 0 if unknown.
	MaxPositions int `json:"max_positions,omitempty"`
	// ChatTemplate says that the checkpoint has one.
	ChatTemplate bool `json:"chat_template"`
	// Tokenizer and Weights are files, relative to the directory.
	Tokenizer []string `json:"tokenizer,omitempty"`
	Weights   []string `json:"weights,omitempty"`
	// Missing is what the checkpoint needs and does not have, in words.
	Missing []string `json:"missing,omitempty"`
	// Choices are GGUF models of which one must be named.
	Choices []string `json:"choices,omitempty"`
}

// File is one file of a checkpoint, named with slashes relative to it.
type File struct {
	Name string
	Size int64
}

// maxFiles bounds a directory that was named by mistake.
const maxFiles = 50_000

// List lists the files of a directory as deep as checkpoints go. Links are
// followed: the hub's cache is made of them.
func List(dir string) ([]File, error) {
	// A link that is the directory itself is not walked otherwise.
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	var out []File
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil || rel == "." {
			return err
		}
		if d.IsDir() {
			if strings.HasPrefix(d.Name(), ".") || strings.Count(rel, string(filepath.Separator)) >= 2 {
				return filepath.SkipDir
			}
			return nil
		}
		st, err := os.Stat(p)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a dangling link is a file that is not there
		}
		if err != nil {
			return err
		}
		if len(out) >= maxFiles {
			return fmt.Errorf("%s has more than %d files: is it a checkpoint?", dir, maxFiles)
		}
		if st.Mode().IsRegular() {
			out = append(out, File{filepath.ToSlash(rel), st.Size()})
		}
		return nil
	})
	return out, err
}

// Describe reads what a checkpoint says of itself: a directory or a GGUF file.
// What is missing from it is in the answer; an error is one of reading.
func Describe(at string) (Info, error) {
	st, err := os.Stat(at)
	if err != nil {
		return Info{}, err
	}
	if !st.IsDir() {
		return describeFile(at)
	}
	files, err := List(at)
	if err != nil {
		return Info{}, err
	}
	sizes := map[string]int64{}
	var names []string
	for _, f := range files {
		sizes[f.Name] = f.Size
		names = append(names, f.Name)
	}
	parts := Sort(names)
	info := parts.Info(at)
	for _, n := range parts.Weights {
		info.Bytes += sizes[n]
	}
	for _, n := range parts.Meta {
		if IsTokenizer(n) {
			info.Tokenizer = append(info.Tokenizer, n)
		}
	}
	if parts.Kind == GGUF && len(parts.Weights) > 0 {
		info.Path = filepath.Join(at, filepath.FromSlash(parts.Weights[0]))
		return info, info.readGGUF()
	}
	if err := info.readConfig(at, parts); err != nil {
		return info, err
	}
	return info, info.readSafetensors(at, sizes)
}

// describeFile is Describe of a single file, and of what it was split into.
func describeFile(at string) (Info, error) {
	if path.Ext(at) != ".gguf" {
		return Info{}, fmt.Errorf("%s is one file and no .gguf: want a checkpoint directory or a .gguf file", at)
	}
	dir := filepath.Dir(at)
	info := Info{Kind: GGUF}
	parts, err := splitFiles(dir, filepath.Base(at))
	if err != nil {
		return Info{}, err
	}
	for _, f := range parts {
		info.Weights = append(info.Weights, f.Name)
		info.Bytes += f.Size
	}
	info.Missing = missingShards(info.Weights)
	info.Path = filepath.Join(dir, info.Weights[0])
	return info, info.readGGUF()
}

// splitFiles are the files of a split GGUF model beside one of them, in order.
func splitFiles(dir, base string) ([]File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []File
	for _, e := range entries {
		if e.Name() != base && (shardStem(e.Name()) == e.Name() || shardStem(e.Name()) != shardStem(base)) {
			continue
		}
		st, err := os.Stat(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		out = append(out, File{e.Name(), st.Size()})
	}
	return out, nil
}
