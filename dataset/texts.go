package dataset

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// promptText defines a long prompt text.
type promptText struct {
	name   string
	sha256 string // of [TextDigest]
	published
}

// promptTexts are the known texts.
func promptTexts() []promptText {
	at := func(module, symbol string) published { return published{publishedTasks + module, symbol} }
	return []promptText{
		{
			"astabench_sqa.sqa_generation_prompt", "cfe92d556c4b635d94c895aba4ebb9e0acb6470d19c4319d3cee14d27947fbf3",
			at("astabench_sqa.py", "SQA_GENERATION_PROMPT"),
		},
		{
			"drop._description", "584302deaba5d0f55b9e7d108784d62e04fed4f4fb55c92cbfae1dc069022f1d",
			at("drop.py", "_DESCRIPTION"),
		},
		{
			"litsearch_rerank.rerank_prompt", "1a5c939c8b594646148411ddab099eb5daeda397dda5c14eb64765735e8134e1",
			at("litsearch_rerank.py", "RERANK_PROMPT"),
		},
		{
			"zebralogic.zebra_grid", "ac74c2366bc0bd108e0d71e995d4fe35fa2bcf1fa4627e546912c58feae54627",
			at("zebralogic.py", "ZEBRA_GRID"),
		},
	}
}

// knownText finds a definition, nil if there is none.
func knownText(name string) *promptText {
	for _, d := range promptTexts() {
		if d.name == name {
			return &d
		}
	}
	return nil
}

// Text is a long prompt text: from the mirror if it holds the text, else from
// the public file it was published in. The digest is checked wherever it comes
// from.
func (s *Store) Text(ctx context.Context, name string) (string, error) {
	text, err := s.text(ctx, name)
	if err != nil {
		return "", fmt.Errorf("text %q: %w", name, err)
	}
	return text, nil
}

func (s *Store) text(ctx context.Context, name string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	def := knownText(name)
	m, err := s.theMirror()
	if err != nil {
		return "", err
	}
	if m != nil {
		if i := slices.IndexFunc(m.Texts, func(f mirrorFile) bool { return f.Name == name }); i >= 0 {
			return m.text(m.Texts[i], def)
		}
	}
	if def == nil {
		return "", fmt.Errorf("unknown%s; to supply your own, %s", hint(name, textNames(m)), howMirror)
	}
	text, err := s.publishedText(ctx, def)
	if err != nil {
		return "", fmt.Errorf("%w; or %s", err, howMirror)
	}
	return text, nil
}

// textNames are the texts that there are.
func textNames(m *mirror) []string {
	var names []string
	for _, d := range promptTexts() {
		names = append(names, d.name)
	}
	if m != nil {
		for _, f := range m.Texts {
			if !slices.Contains(names, f.Name) {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

// text reads a text that the mirror holds.
func (m *mirror) text(f mirrorFile, def *promptText) (string, error) {
	file := filepath.Join(m.dir, filepath.FromSlash(f.File))
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("mirror: %w", err)
	}
	got := TextDigest(string(raw))
	if f.SHA256 != "" && got != f.SHA256 {
		return "", fmt.Errorf("mirror: %s: sha256 is %s where the index says %s", file, got, f.SHA256)
	}
	if def != nil && got != def.sha256 {
		return "", fmt.Errorf("mirror: %s: sha256 is %s, of the text of this name %s; give another text another name", file, got, def.sha256)
	}
	return string(raw), nil
}

// publishedText is a text, as it was published.
func (s *Store) publishedText(ctx context.Context, def *promptText) (string, error) {
	v, file, err := s.literal(ctx, def.published)
	if err != nil {
		return "", err
	}
	text, ok := v.(string)
	if !ok {
		return "", file.differs("%s is no string", def.symbol)
	}
	if got := TextDigest(text); got != def.sha256 {
		return "", file.differs("sha256 of %s: wanted %s, got %s", def.symbol, def.sha256, got)
	}
	return text, nil
}
