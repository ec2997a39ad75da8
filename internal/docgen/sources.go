package main

import (
	"regexp"
	"strings"
)

// source says where a family comes from: what the page says above its table.
type source struct {
	title string
	what  string // one sentence, without full stop
	paper string // "Authors year, arXiv NUMBER", several joined by "; "; "" for none
	// licence of the data as its publishers state it, "" where they state none
	// that we know of.
	licence string
	note    string // what a user must know first, such as a form to fill in
}

// sources are by the name of the file that defines the family.
func sources() map[string]source {
	const olmes = "wrong choices: Gu et al. 2024, arXiv 2406.08446"
	return map[string]source{
		"arc":          {"ARC", "Science questions of school exams", "Clark et al. 2018, arXiv 1803.05457", "CC BY-SA 4.0", ""},
		"basicskills":  {"Basic skills", "Small questions, one skill a task, that a base model learns early", "Olmo Team 2025, arXiv 2512.13961", "", ""},
		"bigcodebench": {"BigCodeBench", "Python functions that call on many libraries", "Zhuo et al. 2024, arXiv 2406.15877", "Apache 2.0", "Bits per byte only: running programs takes a sandbox."},
		"c4":           {"C4", "Web pages, scored as whole texts", "Raffel et al. 2019, arXiv 1910.10683", "ODC-BY", ""},
		"codefresh":    {"Fresh code", "Source files in 42 languages written after August 2025, scored as whole texts", "", "", ""},
		"coqa":         {"CoQA", "Conversations about a passage, turn by turn", "Reddy, Chen and Manning 2019, arXiv 1808.07042; " + olmes, "by source of the passage", ""},
		"csqa":         {"CommonsenseQA", "Questions about everyday concepts", "Talmor et al. 2019, arXiv 1811.00937", "MIT", ""},
		"demo":         {"Demo", "Our own small questions, part of the program: a first run without a download, and no measure of progress", "", "Apache 2.0", ""},
		"drop":         {"DROP", "Questions on a paragraph that take counting, sorting or arithmetic", "Dua et al. 2019, arXiv 1903.00161; " + olmes, "CC BY-SA 4.0", ""},
		"ds1000":       {"DS-1000", "Data-science questions from Stack Overflow, answered in a few lines of Python", "Lai et al. 2022, arXiv 2211.11501", "CC BY-SA 4.0", "Bits per byte only: running programs takes a sandbox."},
		"geneturing":   {"GeneTuring", "Short questions about genes, variants and sequences, answered from memory", "Hou et al. 2023, bioRxiv 2023.03.11.532238", "", ""},
		"gpqa":         {"GPQA", "Questions that experts of another field cannot answer with a search engine at hand", "Rein et al. 2023, arXiv 2311.12022", "CC BY 4.0", "The data set is behind a form on its hub page; its authors ask not to publish the questions."},
		"gsm8k":        {"GSM8K and GSM-Symbolic", "Grade-school word problems whose answer is a number, and templates of them", "Cobbe et al. 2021, arXiv 2110.14168; Mirzadeh et al. 2024, arXiv 2410.05229; worked examples: Wei et al. 2022, arXiv 2201.11903", "MIT (GSM8K)", ""},
		"hellaswag":    {"HellaSwag", "How a described scene goes on, of four endings", "Zellers et al. 2019, arXiv 1905.07830", "MIT", ""},
		"humaneval":    {"HumanEval", "Python functions to complete from signature and docstring", "Chen et al. 2021, arXiv 2107.03374; HumanEval+: Liu et al. 2023, arXiv 2305.01210", "MIT; Apache 2.0 (plus)", "Bits per byte only: running programs takes a sandbox."},
		"jeopardy":     {"Jeopardy", "Clues of the quiz show, each under its category, in the form of the MosaicML Gauntlet", olmes, "", ""},
		"labbench":     {"LAB-Bench", "Questions of practical biology research", "Laurent et al. 2024, arXiv 2407.10362", "CC BY-SA 4.0", ""},
		"lambada":      {"LAMBADA", "The last word of a passage of a novel, in OpenAI's wording of the test split", "Paperno et al. 2016, arXiv 1606.06031", "CC BY 4.0", ""},
		"litsearchrerank": {
			"LitSearch, reranking", "Queries of researchers with a pool of papers to rank by title and abstract", "Ajith et al. 2024, arXiv 2407.18940", "", "",
		},
		"mbpp":             {"MBPP", "Short Python programs from a description", "Austin et al. 2021, arXiv 2108.07732; MBPP+: Liu et al. 2023, arXiv 2305.01210", "CC BY 4.0; Apache 2.0 (plus)", "Bits per byte only: running programs takes a sandbox."},
		"medmcqa":          {"MedMCQA", "Questions of Indian medical entrance exams", "Pal et al. 2022, arXiv 2203.14371", "Apache 2.0", ""},
		"medqa":            {"MedQA", "Questions of the United States medical licensing exam", "Jin et al. 2020, arXiv 2009.13081", "MIT", ""},
		"minervamath":      {"MATH, prompted as Minerva was", "Competition mathematics with written-out solutions", "Hendrycks et al. 2021, arXiv 2103.03874; prompts: Lewkowycz et al. 2022, arXiv 2206.14858", "MIT", "Bits per byte only: written answers take the equivalence of formulas."},
		"mmlu":             {"MMLU", "Exam questions of 57 subjects with four choices", "Hendrycks et al. 2021, arXiv 2009.03300", "MIT", ""},
		"multilingualmbpp": {"MBPP in 17 languages", "The programs of MBPP, translated", "Austin et al. 2021, arXiv 2108.07732", "CC BY 4.0", ""},
		"naturalqs":        {"Natural Questions", "Questions typed into a search engine, asked without the page that answers them", "Kwiatkowski et al. 2019, TACL 7; open form: Lee, Chang and Toutanova 2019, arXiv 1906.00300; " + olmes, "CC BY-SA 3.0", ""},
		"piqa":             {"PIQA", "Everyday goals with two ways to reach them, one of which works", "Bisk et al. 2020, arXiv 1911.11641", "AFL 3.0", ""},
		"sciq":             {"SciQ", "Crowd-written science questions", "Welbl et al. 2017, arXiv 1707.06209", "CC BY-NC 3.0", ""},
		"serialized":       {"Stored requests", "Requests for code that were written out beforehand, in bits per byte", "", "", "The files are in a private bucket of the Allen Institute for AI; `-o data_source=FILE` gives a task others of the same shape."},
		"socialiqa":        {"Social IQa", "What people in a short scene want, feel or do", "Sap et al. 2019, arXiv 1904.09728", "", ""},
		"squad":            {"SQuAD", "Questions on a paragraph of Wikipedia whose answer is a piece of it", "Rajpurkar et al. 2016, arXiv 1606.05250; " + olmes, "CC BY-SA 4.0", ""},
		"winogrande":       {"WinoGrande", "Sentences with a blank that one of two options fills", "Sakaguchi et al. 2020, arXiv 1907.10641", "CC BY", ""},
		"yesno":            {"QASPER and SciRIFF, yes or no", "Yes/no questions on paragraphs of papers and on abstracts", "Dasigi et al. 2021, arXiv 2105.03011; Wadden et al. 2024, arXiv 2406.07835", "CC BY 4.0 (QASPER), ODC-BY (SciRIFF)", ""},
		"zebralogic":       {"ZebraLogic", "Logic grid puzzles: who lives in which house, from clues", "Lin et al. 2025, arXiv 2502.01100", "", ""},
	}
}

// text is the paragraph of a family.
func (s source) text() string {
	if s.what == "" {
		return ""
	}
	parts := []string{s.what + "."}
	if s.paper != "" {
		arxiv := regexp.MustCompile(`arXiv (\d{4}\.\d{4,5})`)
		parts = append(parts, arxiv.ReplaceAllString(s.paper, "[arXiv $1](https://arxiv.org/abs/$1)")+".")
	}
	licence := "Licence: " + s.licence + "."
	if s.licence == "" {
		licence = "Licence: none stated that we know of."
	}
	parts = append(parts, licence)
	if s.note != "" {
		parts = append(parts, s.note)
	}
	return strings.Join(parts, " ")
}
