package answer

import (
	"encoding/json"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
)

func TestRecordedGeneExtractors(t *testing.T) {
	by := func(e eval.Extractor) func(string) any {
		return func(text string) any { return e.Extract(nil, &eval.Output{Text: text}) }
	}
	ours := map[string]func(string) any{
		"geneturing_extract_species":           by(Species{}),
		"geneturing_extract_gene_names":        by(GeneNames{}),
		"geneturing_extract_gene_symbols":      by(GeneSymbols{}),
		"geneturing_extract_boolean":           by(TrueOrNA{}),
		"geneturing_extract_activation":        by(Regulation{}),
		"geneturing_extract_chromosome":        by(Chromosome{}),
		"geneturing_extract_first_line_answer": by(FirstLine{}),
		"geneturing_strip_thinking":            func(text string) any { return WithoutThinking(text) },
		"geneturing_normalize_chromosome": func(text string) any {
			if c, ok := ChromosomeOf(text); ok {
				return c
			}
			return nil
		},
		"geneturing_parse_name_set": func(text string) any {
			names := []any{}
			for name := range NameSet(text) {
				names = append(names, name)
			}
			sort.Slice(names, func(i, j int) bool { return names[i].(string) < names[j].(string) })
			return map[string]any{"$set": names}
		},
		"parse_ranked_numbers": func(text string) any {
			numbers := []any{}
			for _, n := range (Ranking{Name: "ranked_papers"}).numbers(text) {
				numbers = append(numbers, json.Number(strconv.Itoa(n)))
			}
			return numbers
		},
		"zebra_extract_last_complete_json": func(text string) any {
			if o, ok := LastObject(text); ok {
				return unordered(o)
			}
			return nil
		},
	}
	compared := map[string]int{}
	type row struct {
		Fn   string
		Args []any
		Out  any
	}
	corpus.Exact(t, "extract", func(r row) {
		fn := ours[r.Fn]
		if fn == nil {
			return
		}
		compared[r.Fn]++
		if got := fn(r.Args[0].(string)); !reflect.DeepEqual(got, r.Out) {
			t.Errorf("%s(%q) = %#v, recorded %#v", r.Fn, r.Args[0], got, r.Out)
		}
	})
	for fn := range ours {
		if compared[fn] == 0 {
			t.Errorf("%s: no recorded row", fn)
		}
	}
	for _, fn := range sortedKeys(compared) {
		t.Logf("%4d rows equal: %s", compared[fn], fn)
	}
}

func unordered(v any) any {
	switch v := v.(type) {
	case Object:
		m := map[string]any{}
		for _, x := range v {
			m[x.Name] = unordered(x.Value)
		}
		return m
	case []any:
		for i := range v {
			v[i] = unordered(v[i])
		}
	}
	return v
}

func TestGeneExtractors(t *testing.T) {
	sequence := Sequence{Letters: "ACGT", Min: 10}
	for _, c := range []struct {
		by   eval.Extractor
		text string
		want any
	}{
		{FirstLine{}, "\n**BRCA1** (breast cancer 1).\nIt repairs DNA.", "BRCA1"},
		{FirstLine{}, "The official gene symbol for SEP3 is SEPTIN3.", "SEPTIN3"},
		{FirstLine{}, "Based on what I know, TP53. It is a tumour suppressor.", "TP53"},
		{FirstLine{}, "The SNP rs1 is most closely associated with the gene FTO", "FTO"},
		{FirstLine{}, "The Ensembl gene identifier ENSG1 corresponds to the official gene symbol TP53.", "TP53"},
		{FirstLine{}, "<think>A\n</think>\n\u00a0B ", "B"},
		{FirstLine{}, "...\n()\n", nil},
		{GeneNames{}, "There is no gene here", "No gene"},
		{GeneNames{}, "BRCA1 and TP53.", "BRCA1 and TP53"},
		{GeneSymbols{}, "**BRCA1**, **DNA** and TP53", "BRCA1"},
		{GeneSymbols{}, "**DNA** repair by HLA-A, HLA-A/B. and NKX2-5- of NCBI", "HLA-A, HLA-A/B, NKX2-5"},
		{GeneSymbols{}, "aTP53 TP53a éTP53 TP53é", nil},
		{GeneSymbols{}, "ABCDEFGHIJKLMNOP AB_", nil},
		{GOTerm{}, `The term is likely “DNA repair.”, see "x".`, "DNA repair."},
		{GOTerm{}, `See "GO:0006281" or "GENE" or "cell cycle"`, "cell cycle"},
		{GOTerm{}, "It is **mitotic spindle (GO:0072686)**.", "mitotic spindle"},
		{GOTerm{}, "cell cycle.", "cell cycle"},
		{Chromosome{}, "chromosomeX and chr2", "chrX"},
		{Chromosome{}, "chrx:1", "chrX"},
		{Chromosome{}, " 7 ", "chr7"},
		{Chromosome{}, "123", nil},
		{Chromosome{}, "<think>chr1</think>chrM", nil},
		{TrueOrNA{}, "True", "TRUE"},
		{TrueOrNA{}, "That is false, not true", "NA"},
		{TrueOrNA{}, "n/a", "NA"},
		{TrueOrNA{}, "Well, yes\nno", "TRUE"},
		{TrueOrNA{}, "nó, noé", nil},
		{Regulation{}, "It represses X; it never activates.", "Repression"},
		{Regulation{}, "Unclear.\nactivation, repression", "Repression"},
		{Regulation{}, "ACTIVATOR", "Activation"},
		{sequence, "x acgtacgtac ACGTACGTACG TTTTTTTTTTT", "ACGTACGTACG"},
		{sequence, "ACGTACGTA", nil},
		{Species{}, "Mus musculus, not Homo sapiens", "human"},
		{Species{}, "Rattus norvegicus", "rat"},
		{Species{}, "dog", nil},
	} {
		if got := c.by.Extract(nil, &eval.Output{Text: c.text}); got != c.want {
			t.Errorf("%T of %q is %#v, want %#v", c.by, c.text, got, c.want)
		}
	}
}

func TestSpeciesNames(t *testing.T) {
	names := SpeciesNames("worm")
	if len(names) != 4 || names[0] != "worm" {
		t.Errorf("worm: %v", names)
	}
	names[0] = "x"
	if SpeciesNames("worm")[0] != "worm" || SpeciesNames("dog")[0] != "dog" {
		t.Error("the table can be changed")
	}
}

// FuzzCapitals holds the scan for symbols against a plain reading of its rule.
func FuzzCapitals(f *testing.F) {
	for _, s := range []string{"HLA-A, TP53.", "A.B-", "éAB", "ABCDEFGHIJKLMNOPQ", "AB_ CD"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range capitals(text) {
			if len(s) < 2 || len(s) > 14 || noSymbol[s] || !HasWord(text, s) || strings.ContainsFunc(s, func(r rune) bool {
				return (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/.-", r)
			}) {
				t.Errorf("%q: symbol %q", text, s)
			}
		}
		NameSet(text)
		GOTerm{}.Extract(nil, &eval.Output{Text: text})
		GeneNames{}.Extract(nil, &eval.Output{Text: text})
	})
}
