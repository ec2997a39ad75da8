package cli

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// scoring is a task of log-likelihoods beside those of starCall.
const scoring = `
def read(row, i):
    return instance(question = row["q"], gold = row["a"], choices = ["x", "yy"], id = "n%d" % i, metadata = {"gold_idx": 0})

task(name = "ll", source = "./rows.jsonl", split = "test", read = read,
    prompt = prompt.choice(), metrics = [metric.accuracy(score.multiple_choice())])
`

// charTokenizer writes a tokenizer whose tokens are the characters of ASCII,
// their ids their codes, with <s> (200) before each text. The configuration may
// be changed.
func charTokenizer(t *testing.T, c *call, dir string, config map[string]any) {
	t.Helper()
	vocab := map[string]int{"<unk>": 199}
	for i := range 128 {
		vocab[string(rune(i))] = i
	}
	write := func(name string, v any) {
		t.Helper()
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		c.file(t, dir+"/"+name, string(b))
	}
	write("tokenizer.json", map[string]any{
		"added_tokens": []any{map[string]any{"id": 200, "content": "<s>", "special": true}},
		"model":        map[string]any{"type": "BPE", "vocab": vocab, "merges": []string{}, "unk_token": "<unk>"},
		"post_processor": map[string]any{"type": "TemplateProcessing", "special_tokens": map[string]any{"<s>": map[string]any{"ids": []int{200}}},
			"single": []any{map[string]any{"SpecialToken": map[string]any{"id": "<s>"}}, map[string]any{"Sequence": map[string]any{"id": "A"}}}},
	})
	all := map[string]any{"bos_token": "<s>", "chat_template": "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[a]{% endif %}"}
	for k, v := range config {
		all[k] = v
	}
	write("tokenizer_config.json", all)
}

func TestInspectTokens(t *testing.T) {
	c := starCall(t)
	charTokenizer(t, c, "tok", nil)
	completion := rowsOfCall[inspected](t, c, "task", "inspect", "one", "--formatted", "--tokens", "-T", "tok")[0]
	if completion.Formatted == nil || *completion.Formatted != "Q 1 A" || completion.Notes != nil {
		t.Errorf("completion: %v, notes %q", completion.Formatted, completion.Notes)
	}
	want := tokenList{[]int{200, 'Q', ' ', '1', ' ', 'A'}, []string{"<s>", "Q", " ", "1", " ", "A"}, 6}
	if completion.Tokens == nil || !reflect.DeepEqual(completion.Tokens.tokenList, want) {
		t.Errorf("tokens: %+v, want %+v", completion.Tokens, want)
	}
	chat := rowsOfCall[inspected](t, c, "task", "inspect", "two", "--formatted", "--tokens", "-T", "tok/tokenizer.json")[0]
	if chat.Formatted == nil || *chat.Formatted != "<s>[user]1[a]" || chat.Tokens.N != 11 || chat.Tokens.IDs[0] != 200 {
		t.Errorf("chat: %v, %+v", chat.Formatted, chat.Tokens)
	}
	if len(chat.Notes) != 1 || !strings.HasPrefix(chat.Notes[0], "double BOS") {
		t.Errorf("notes: %q", chat.Notes)
	}
	double := rowsOfCall[inspected](t, c, "task", "inspect", "one", "--tokens", "-T", "tok", "-o", "prompt.template=<s>{question}")[0]
	if double.Formatted != nil || len(double.Notes) != 1 || !strings.HasPrefix(double.Notes[0], "double BOS") {
		t.Errorf("a prompt with BOS: %+v", double)
	}
	out := c.ok(t, "task", "inspect", "two", "--formatted", "--tokens", "-T", "tok")
	if want := "--- formatted\n<s>[user]1[a]\n--- tokens, 11\n200 \"<s>\"  91 \"[\"  117 \"u\""; !strings.Contains(out, want) || !strings.Contains(out, "\n--- notes\ndouble BOS") {
		t.Errorf("text:\n%s", out)
	}
	if out := c.ok(t, "task", "inspect", "one", "-o", "prompt.template={question}", "--diff", "one", "-o", "prompt.template={question}!", "--tokens", "-T", "tok", "-q"); !strings.Contains(out, "+200 \"<s>\"  49 \"1\"  33 \"!\"") {
		t.Errorf("diff:\n%s", out)
	}
}

func TestInspectBoundary(t *testing.T) {
	c := starCall(t)
	c.file(t, "evals/ll.star", scoring)
	for bos, first := range map[bool][]int{false: nil, true: {200}} {
		charTokenizer(t, c, "tok", map[string]any{"add_bos_token": bos})
		x := rowsOfCall[inspected](t, c, "task", "inspect", "ll", "--formatted", "--tokens", "-T", "tok")[0]
		if len(x.Tokens.Continuations) != 2 || x.Formatted == nil || *x.Formatted != x.Request.Context(0) {
			t.Fatalf("%+v", x)
		}
		total := 0
		for i, got := range x.Tokens.Continuations {
			// Each character is a token; spaces that end the context move.
			text := x.Request.Context(i) + x.Request.Continuations[i]
			context := len(strings.TrimRight(x.Request.Context(i), " \n"))
			ids := append([]int(nil), first...)
			for _, r := range text {
				ids = append(ids, int(r))
			}
			if !reflect.DeepEqual(got.IDs, ids) || got.NContext != len(first)+context || got.NContinuation != len(text)-context || got.N != len(ids) {
				t.Errorf("add_bos_token %t, continuation %d: %+v, want %v of which %d context", bos, i, got, ids, len(first)+context)
			}
			total += got.N
		}
		if x.Tokens.N != total {
			t.Errorf("%d tokens, want %d", x.Tokens.N, total)
		}
		out := c.ok(t, "task", "inspect", "ll", "--tokens", "-T", "tok")
		if !strings.Contains(out, "--- tokens of continuation 0, ") || !strings.Contains(out, fmt.Sprintf("| %d continuation, context as before\n", x.Tokens.Continuations[1].NContinuation)) {
			t.Errorf("text:\n%s", out)
		}
	}
}

func TestInspectTokenizerRefusals(t *testing.T) {
	c := starCall(t)
	c.refuses(t, []string{"task", "inspect", "one", "--tokens"}, "need -T DIR")
	c.refuses(t, []string{"task", "inspect", "one", "--formatted"}, "need -T DIR")
	c.refuses(t, []string{"task", "inspect", "one", "-T", "tok"}, "add --formatted, --tokens or both")
	c.refuses(t, []string{"task", "inspect", "one", "--tokens", "-T", "evals"}, "no tokenizer.json")
	charTokenizer(t, c, "tok", map[string]any{"chat_template": nil})
	c.refuses(t, []string{"task", "inspect", "two", "--formatted", "-T", "tok"}, "no chat template")
	c.ok(t, "task", "inspect", "one", "--formatted", "-T", "tok")
	charTokenizer(t, c, "tok", map[string]any{"chat_template": "{{ raise_exception('never') }}"})
	c.refuses(t, []string{"task", "inspect", "two", "--formatted", "-T", "tok"}, "never", "line 1")
}
