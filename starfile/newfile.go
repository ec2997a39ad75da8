package starfile

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"olmoeval/eval"
)

// Names that data sets give to the parts of a question, most usual first.
var (
	questionKeys = []string{"question", "query", "problem", "prompt", "input", "text", "instruction"}
	answerKeys   = []string{"answer", "gold", "gold_answer", "target", "label", "solution", "output", "answers"}
	choiceKeys   = []string{"choices", "options"}
	idKeys       = []string{"id", "uid", "qid", "_id"}
)

func firstOf(d eval.Doc, keys []string) string {
	i := slices.IndexFunc(keys, func(k string) bool { _, ok := d[k]; return ok })
	if i < 0 {
		return ""
	}
	return keys[i]
}

// render writes the file for rows that look like the first one.
func render(name, source string, first eval.Doc) ([]byte, error) {
	question, gold := firstOf(first, questionKeys), firstOf(first, answerKeys)
	choices := firstOf(first, choiceKeys)
	if question == "" || gold == "" {
		return nil, fmt.Errorf("%s: no field looks like a question (%s) and an answer (%s); the row has: %s",
			source, strings.Join(questionKeys, ", "), strings.Join(answerKeys, ", "), strings.Join(sortedKeys(first), ", "))
	}
	if list, err := choicesOf(first[choices]); err != nil || len(list) == 0 {
		choices = ""
	}
	q := func(s string) string { return starlark.String(s).String() }
	id := fmt.Sprintf("%s %% i", q(name+"_%d"))
	if key := firstOf(first, idKeys); key != "" {
		id = fmt.Sprintf("row.get(%s, %s)", q(key), id)
	}
	choiceLine, body := "", freeForm
	if choices != "" {
		choiceLine = fmt.Sprintf("        choices = row[%s],\n", q(choices))
		body = multipleChoice
	}
	text := strings.NewReplacer(
		"{{name}}", name, "{{quoted}}", q(name), "{{source}}", q(source),
		"{{question}}", q(question), "{{answer}}", q(gold), "{{choices}}", choiceLine, "{{id}}", id,
		"{{short}}", q(shortInstruction), "{{letter}}", q(letterInstruction),
	).Replace(fileHead + body + fileTail)
	return []byte(text), nil
}

const fileHead = `# {{name}}: a benchmark in one file.
#   olmo-eval task check {{name}}.star         shows a prompt; scores a right answer and an empty one
#   olmo-eval run -m mock:oracle -t {{name}}   a dry run; then -m YOUR-MODEL

def read(row, i):
    # A row of the data makes a question; None drops the row. row.get("x", default)
    # is for fields that may be missing. With choices the gold may be the text,
    # the letter or the index (from 0) of the right one.
    return instance(
        question = row[{{question}}],
        gold = row[{{answer}}],
{{choices}}        id = {{id}},
    )

bench = task(
    name = {{quoted}},
    version = "1",         # change it when numbers are no longer comparable
    source = {{source}},   # from this file's folder; or org/name on the hub, s3://…, https://…
    split = "test",
    read = read,
`

const freeForm = `    prompt = prompt.completion(
        template = "Question: {question}\nAnswer:",
        shot_answer_prefix = " ",   # before the answer of a worked example
    ),
    sampling = sampling(temperature = 0, max_tokens = 64, stop_sequences = ["\n"]),
    # extract finds the answer in the output: answer.last_number(), answer.regexp(…),
    # or a function of your own: def extract(text): return text.split("=")[-1]
    extract = answer.text(),
    metrics = [metric.accuracy(score.exact_match())],
)

# A variant changes what it names: -t {{name}}:chat
bench.variant(
    "chat",
    prompt = prompt.chat(system_prompt = {{short}}),
    sampling = sampling(temperature = 0, max_tokens = 1024),
)
`

const multipleChoice = `    prompt = prompt.choice(),   # shows the choices, compares the likelihoods of " A", " B" …
    extract = answer.choice(),
    metrics = [metric.acc_sum()],
)

# A variant changes what it names: -t {{name}}:cloze, -t {{name}}:chat
bench.variant("cloze", prompt = prompt.choice(style = "cloze"), metrics = [metric.acc_per_char()])
bench.variant(
    "chat",
    prompt = prompt.mcqa_chat(system_prompt = {{letter}}),
    sampling = sampling(temperature = 0, max_tokens = 1024),
    extract = answer.letter(),
    metrics = [metric.accuracy(score.multiple_choice())],
)
`

const fileTail = `
# Worked examples: drawn from the same split unless fewshot_split names another.
# Variants combine: -t {{name}}:chat:3shot
bench.variant("3shot", num_fewshot = 3, fewshot_seed = 1234)
`
