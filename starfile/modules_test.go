package starfile

import (
	"strings"
	"testing"
)

// TestModules evaluates expressions that must be true.
func TestModules(t *testing.T) {
	for _, expr := range []string{
		`fmt.sprintf("%.2f of %d: %s %r %5d|%-5s|%x %%", 1.0/3, 7, "a", "b", 3, "c", 255) == '0.33 of 7: a "b"     3|c    |ff %'`,
		`fmt.sprintf("%g", 5) == "5"`,
		`sum([1, 2.5]) == 3.5 and sum([]) == 0 and sum([True, False, True]) == 2 and sum((1, 2), 10) == 13`,
		`re.search("(\\w)=(?P<v>\\d+)", "a b=12").group("v") == "12"`,
		`re.search("b(c)?", "ab").groups() == (None,) and re.search("x", "ab") == None`,
		`re.search("b", "ab").start() == 1 and re.search("b", "ab").end(0) == 2`,
		`re.match("b", "ab") == None and re.match("a|ab", "abc").group() == "a"`,
		`re.fullmatch("a|ab", "ab").group() == "ab" and re.fullmatch("a", "ab") == None`,
		`re.findall("\\d", "1a2") == ["1", "2"] and re.findall("(\\w)(\\d)?", "a1b") == [("a", "1"), ("b", "")]`,
		`re.findall("x(\\d)", "x1x2") == ["1", "2"] and re.split("[,;]", "a,b;c") == ["a", "b", "c"]`,
		`re.sub("(a)(?P<n>b)", "\\2\\1-\\g<n>\\\\", "ab!") == "ba-b\\!" and re.sub("a", "b", "aaa", count=2) == "bba"`,
		`re.sub("\\d", lambda m: str(int(m.group()) + 1), "1 2") == "2 3"`,
		`re.escape("a.b") == "a\\.b"`,
		`json.decode(json.encode({"a": [1, None]})) == {"a": [1, None]} and math.sqrt(4) == 2`,
		`instance("q", "B", ["x", "y"]).metadata["gold_idx"] == 1`,
		`instance("q", gold=0, choices=["x", "y"]).gold == "x" and instance("q").gold == None`,
		`instance("q", id=5, metadata={"id": "other"}).id == "5" and hasattr(instance("q"), "gold")`,
	} {
		if _, err := load(t, "def test():\n  return "+expr+"\nif not test(): fail('false')"); err != nil {
			t.Errorf("%s: %v", expr, err)
		}
	}
	for expr, want := range map[string]string{
		`fmt.sprintf("%d", 1.5)`:     "%d wants a whole number, got float 1.5",
		`fmt.sprintf("%f", "x")`:     "%f: want a number",
		`fmt.sprintf("%d")`:          `no argument for "%d"`,
		`fmt.sprintf("", 1)`:         "1 arguments too many",
		`fmt.sprintf("%v", 1)`:       "unknown verb %v",
		`fmt.sprintf("%")`:           "ends within",
		`fmt.sprintf("%99999d", 1)`:  "above 1000",
		`sum(["a"])`:                 "sum: item 0 is text",
		`re.search("(?=a)", "a")`:    "invalid or unsupported Perl syntax",
		`re.search("a", 1)`:          "re.search: for parameter text",
		`re.sub("a", "\\3", "a")`:    "no group 3: the pattern has 0",
		`re.sub("a", "\\q", "a")`:    `unknown escape \q`,
		`re.search("a", "a").grp()`:  `match has no .grp; did you mean "group"?`,
		`re.search("a", "a").end(4)`: "no group 4",
	} {
		if _, err := load(t, "x = "+expr); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", expr, err, want)
		}
	}
}

// TestRowValue evaluates what a file may do with a row.
func TestRowValue(t *testing.T) {
	for _, tt := range []struct{ expr, row, want string }{
		{`doc["n"] + 1`, `{"n": 2}`, "3"},
		{`doc["n"]`, `{"n": 12345678901234567890123}`, "12345678901234567890123"},
		{`doc["n"]`, `{"n": 1.5}`, "1.5"},
		{`"a" in doc and "b" not in doc and len(doc)`, `{"a": null}`, "1"},
		{`",".join(sorted(doc.keys()))`, `{"b": 1, "a": 2}`, "a,b"},
		{`",".join([k for k in doc])`, `{"b": 1, "a": 2}`, "a,b"},
		{`doc.get("x", "none") + str(doc.get("y"))`, `{}`, "noneNone"},
		{`doc["a"]["b"][1]`, `{"a": {"b": [1, "two"]}}`, "two"},
		{`json.encode(doc)`, `{"b": [true], "a": {}}`, `{"a":{},"b":[true]}`},
		{`str(dict(doc)) + str(doc.items())`, `{"a": 1}`, `{"a": 1}[("a", 1)]`},
	} {
		task := mustLoad(t, "def read(doc):\n  return instance(question="+tt.expr+", metadata=doc)\n"+with("read=read")).Tasks[0].Task
		in, err := task.Instance(doc(t, tt.row), 0)
		if err != nil || in.Question != tt.want {
			t.Errorf("%s of %s = %v, %v; want %s", tt.expr, tt.row, in, err, tt.want)
		}
	}
}
