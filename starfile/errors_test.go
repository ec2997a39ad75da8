package starfile

import (
	"strings"
	"testing"

	"olmoeval/eval"
)

// TestLoadErrors has one row a kind of mistake: each message is one line that
// begins with file:line and says what to write.
func TestLoadErrors(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{"syntax", "x = (", "t.star:1:6: got end of file"},
		{"undefined", "\nx = scoer.exact_match()", "t.star:2:5: undefined: scoer; did you mean \"score\"?"},
		{"unknown argument", with("prmpt=1"), `t.star:1:9: task: unknown argument "prmpt"; did you mean "prompt"?`},
		{"unknown prompt", `prompt.caht()`, "prompt has no .caht; did you mean \"chat\"?"},
		{"unknown prompt field", `prompt.chat(systm_prompt="")`, `prompt.chat: unknown argument "systm_prompt"; did you mean "system_prompt"?`},
		{"unknown scorer", `score.exact_mach()`, "score has no .exact_mach; did you mean \"exact_match\"?"},
		{"unknown extractor", `answer.last_numbr()`, "did you mean \"last_number\"?"},
		{"unknown metric", `metric.accuracyy(score.f1())`, `unknown metric "accuracyy"; did you mean "accuracy"?`},
		{"metric without scorer", `metric.accuracy()`, `metric "accuracy" needs a scorer`},
		{"scorer not used", `metric.acc_sum(score.f1())`, "metric.acc_sum reads log-likelihoods and takes no scorer"},
		{"bad template", `task("x", source="r.jsonl", prompt=prompt.completion(template="{q}"))`, `task "x": prompt: template: unknown field {q}`},
		{"bad regexp", `answer.regexp("(")`, "answer.regexp: extract.pattern"},
		{"bad style", `prompt.choice(style="leters")`, `prompt.choice: style "leters"`},
		{"wrong type", with(`limit="ten"`), `t.star:1:9: task "x": limit: want a whole number, got text "ten"`},
		{"bool for number", `sampling(temperature=True)`, "temperature: want a number, got bool True"},
		{"not finite", `sampling(temperature=float("nan"))`, "temperature: nan is no number"},
		{"text for list", `sampling(stop_sequences="x")`, `stop_sequences: want a list, got text "x"`},
		{"positional sampling", `sampling(0)`, "sampling: name the arguments"},
		{"scorer as metric", with(`metrics=[score.exact_match()]`), "metrics[0]: want a metric, such as metric.accuracy(score.exact_match()), got score.exact_match"},
		{"metrics no list", with(`metrics=metric.acc_sum()`), "metrics: want a list"},
		{"metric twice", with(`metrics=[metric.acc_sum(), metric.acc_sum()]`), `metrics: "acc_sum" is listed twice`},
		{"text as prompt", `task("x", source="r.jsonl", prompt="chat")`, `prompt: want a prompt, such as prompt.chat(), got text "chat"`},
		{"no source", `task("x", prompt=prompt.chat())`, `task "x": source is missing`},
		{"no prompt", `task("x", source="r.jsonl")`, `task "x": prompt is missing`},
		{"no name", `task(source="r.jsonl", prompt=prompt.chat())`, `task name "" is empty`},
		{"bad name", `task("a b", source="r.jsonl", prompt=prompt.chat())`, `task name "a b": " " is not allowed`},
		{"bad source", `source("ftp://x")`, `unknown scheme "ftp"`},
		{"split in source", `source("hf://a/b?split=dev")`, `give the split as split="dev"`},
		{"limit 0", with("limit=0"), "limit is 0, want at least 1"},
		{"read no function", with("read=1"), "read: want a function, got int"},
		{"read arity", with("read=lambda a, b, c: None"), "read: function lambda takes 3 arguments, want 1 to 2"},
		{"task twice", with("") + with(""), `t.star:2:9: task "x" is defined twice: the first is at t.star:1`},
		{"variant twice", with("") + "x.variant('v', limit=1)\nx.variant('v', limit=2)", `t.star:3:10: variant "v" of task "x" is defined twice: the first is at t.star:2`},
		{"suite twice", `suite("s", ["a"])` + "\n" + `suite("s", ["a"])`, `suite "s" is defined twice: the first is at t.star:1`},
		{"suite named as task", with("") + `suite("x", ["a"])`, `suite "x": a task has that name, at t.star:1`},
		{"task named as suite", `suite("x", ["a"])` + "\n" + with(""), `task "x": a suite has that name, at t.star:1`},
		{"empty suite", `suite("s", [])`, `suite "s" has no tasks`},
		{"aggregation", `suite("s", ["a"], aggregation="mean_of")`, `unknown aggregation "mean_of"`},
		{"variant changes nothing", with("") + "x.variant('v')", `variant "v" of task "x" changes nothing`},
		{"variant key", with("") + "x.variant('v', num_fewshots=3)", `unknown argument "num_fewshots"; did you mean "num_fewshot"?`},
		{"variant name", with("") + "x.variant('a:b', limit=3)", `variant name "a:b": ":" is not allowed`},
		{"variant of own prompt", with("") + "\nx.variant('v', prompt={'sistem_prompt': ''})", `t.star:3: variant "v" of task "x": prompt: unknown argument "sistem_prompt"; did you mean "system_prompt"?`},
		{"variant's template", with("") + "x.variant('v', prompt={'user_template': 'x'})", `t.star:2: variant "v" of task "x": prompt: user_template: "x" lacks {question}`},
		{"endless loop", "while True: pass", "t.star:1:1: stopped after too many steps: is this an endless loop?"},
		{"recursion", "def f(): return f()\nf()", "function f called recursively"},
		{"fail", "def f():\n  fail('no good')\nf()", "t.star:2:7: in f: fail: no good (called from t.star:3:2 in <toplevel>)"},
		{"score.fn arity", `score.fn("s", lambda x: 1)`, "want 2: instance, output"},
		{"exec empty", `score.exec([])`, "score.exec: want a command"},
		{"exec no list", `score.exec("python3 x.py")`, "command: want a list of text"},
		{"exec timeout", `score.exec(["x"], timeout=0)`, "timeout is 0, want seconds above 0"},
		{"set and draw", `fewshot(3, set="s", draw=True)`, "leave draw out"},
		{"oracle fields", with("oracle=3"), "oracle: want a function"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(t, tt.src)
			if err == nil {
				t.Fatalf("no error, want %q", tt.want)
			}
			if msg := err.Error(); !strings.Contains(msg, tt.want) || !strings.HasPrefix(msg, "t.star:") || strings.Contains(msg, "\n") {
				t.Errorf("%s\nwant one line from t.star: with %q", msg, tt.want)
			}
		})
	}
}

// TestReadErrors has the mistakes that show when rows are read.
func TestReadErrors(t *testing.T) {
	row := eval.Doc{"question": "q", "answer": "a"}
	for _, tt := range []struct{ name, read, want string }{
		{"missing field", `return instance(question=doc["qestion"])`, `t.star:2:31: in read: the row has no field "qestion"; did you mean "question"? it has: answer, question`},
		{"runtime error with backtrace", "return help(doc)\ndef help(d):\n  return 1 // 0", "t.star:4:12: in help: floored division by zero (called from t.star:2:14 in read)"},
		{"endless loop", "while True: pass", "t.star:1:1: in read: stopped after too many steps: is this an endless loop?"},
		{"wrong result", `return {"question": 1}`, "t.star:1: read returned dict, want instance(…), or None to drop the row"},
		{"no question", `return instance(gold="x")`, "t.star:2:18: in read: instance: question is missing"},
		{"unknown field", `return instance(qustion="x")`, `instance: unknown argument "qustion"; did you mean "question"?`},
		{"question None", `return instance(question=doc.get("x"))`, "instance: question is None, want text"},
		{"gold dict", `return instance(question="q", gold={})`, "instance: gold: want text, got dict"},
		{"gold index", `return instance(question="q", gold=9, choices=["a"])`, "gold is 9, but there are 1 choices"},
		{"choices text", `return instance(question="q", choices="ab")`, `choices: want a list, got text "ab"`},
		{"metadata", `return instance(question="q", metadata={"x": len})`, "metadata.x: a builtin_function_or_method is no data"},
		{"metadata infinite", `return instance(question="q", metadata={"x": float("inf")})`, "metadata.x: +inf is no number"},
		{"late registration", `task("y")`, "task may only be called while the file loads"},
		{"global", `G.append(1)`, "cannot append to frozen list"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			task := mustLoad(t, "def read(doc, n):\n  "+tt.read+"\nG = []\n"+with("read=read")).Tasks[0].Task
			for range 2 { // a failed call leaves nothing behind
				_, err := task.Instance(row, 0)
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "t.star:") {
					t.Fatalf("%v, want %q", err, tt.want)
				}
			}
		})
	}
	task := mustLoad(t, "def read(doc): return None\n"+with("read=read")).Tasks[0].Task
	if in, err := task.Instance(row, 0); in != nil || err != nil {
		t.Errorf("None = %v, %v, want a dropped row", in, err)
	}
}

func FuzzLoad(f *testing.F) {
	for _, s := range []string{
		with(""), "suite('s', ['a:b'])", "variant('sciq', '3shot', num_fewshot=3)", "x = re.sub('a', r'\\1', 'a')",
		"fmt.sprintf('%5.2f', 1)", "source.exec(['a'])", "[x for x in range(3)]", "sampling(**{'seed': 1})",
		"instance(question='q', gold=1, choices=['a', 'b']).metadata", "prompt.choice(labels=['1'])",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		set, err := Load(t.Context(), "t.star", []byte(src), Env{})
		if err != nil {
			return
		}
		for _, d := range set.Tasks {
			_, _ = d.Task.Instance(eval.Doc{"question": "q", "answer": "a"}, 0)
			for _, v := range d.Variants {
				task := d.Task
				v.Apply(&task)
			}
		}
	})
}
