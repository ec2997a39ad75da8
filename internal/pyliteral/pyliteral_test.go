package pyliteral

import (
	"encoding/json"
	"strings"
	"testing"
)

// The values here are what CPython's ast.literal_eval gives.
func TestFind(t *testing.T) {
	for src, want := range map[string]string{
		`X = 1`:                              `1`,
		"X: int = 1_000":                     `1000`,
		"X: Final = 0xFF":                    `255`,
		`X: "dict[str, a=b]"= 2`:             `2`,
		"X: Annotated[str, dict(a=1)] = 'y'": `"y"`,
		"X = 0o17; Y = f()":                  `15`,
		"X = 0b_11":                          `3`,
		"X = 00":                             `0`,
		"X = -5":                             `-5`,
		"X = -0":                             `0`,
		"X = +1.50":                          `1.5`,
		"X = [1., .5, 1e5, 1E-7, 1_0.2_5, 1e400e]": `line 1: number 1e400e: neither`,
		"X = [1., .5, 1e5, 1E-7, 1_0.2_5, 01.5]":   `[1.0,0.5,100000.0,1e-07,10.25,1.5]`,
		"X = 123456789012345678901234567890":       `123456789012345678901234567890`,
		"X = [True, False, None]":                  `[true,false,null]`,
		"X = ()":                                   `[]`,
		"X = (1)":                                  `1`,
		"X = (1,)":                                 `[1]`,
		"X = 1, 'a',":                              `[1,"a"]`,
		"X = 1, 2; y":                              `[1,2]`,
		"X = {}":                                   `{}`,
		"X = {'b': [1, (2, 3,),], \"a\": {'c': 0},}": `{"a":{"c":0},"b":[1,[2,3]]}`,
		"X = {'a': 1, 'a': 2}":                       `{"a":2}`,
		"X = [ # one\n 1,\n\n # two\n\t2]\n":         `[1,2]`,
		"X = \\\n  'a' \\\n  'b'":                    `"ab"`,
		"X = ('a'\n     \"b\" # c\n 'd')":            `"abd"`,
		"X = ('a' + 'b' 'c'\n + ('d'))":              `"abcd"`,
		"X = \"\"\"a\n'b' \"\" \\\"\"\"\"":           `"a\n'b' \"\" \""`,
		"X = '''\\\na\\\n'''":                        `"a"`,
		`X = ""`:                                     `""`,
		`X = ''''''`:                                 `""`,
		`X = r'\n\'' R"\x"`:                          `"\\n\\'\\x"`,
		`X = u'\u00e9\xe9\U0001F600é' ""`:            `"éé😀é"`,
		`X = '\a\b\f\n\r\t\v\\\'\"\0\101\1234\777'`:  `"\u0007\b\f\n\r\t\u000b\\'\"\u0000AS4ǿ"`,
		`X = '\d\é\%'`:                               `"\\d\\é\\%"`,
		"\ufeffX = 1\r\nY = 2\rZ = 3":                `1`,
		"X = 'a\\\r\nb'":                             `"ab"`,
		"X = \"\"\"a\r\nb\"\"\"":                     `"a\nb"`,
		// Only top level counts, and what is in strings and brackets does not.
		"\"\"\"\nX = 1\n\"\"\"\ndef f():\n    X = 2\nf(\nX = 3\n)\n# X = 4\nif y:\n  X = 5\nX = 6": `6`,
		"X: int\nX = 1":         `1`,
		"XY = 2\nX = 1":         `1`,
		"Y = f'{a!r}' @ b\nX=1": `1`,
		"import a\n\f\nX = 1":   `1`,
		"Y = 1 \\\nX\nX = 1":    `1`,
		"\\\nY = 2\nX = 1":      `1`,
		// Errors.
		"":                      "line 1: the file ends and nothing was assigned to X at top level",
		"Y = 1\n X = 2\n":       "line 3: the file ends and nothing",
		"X: int\n":              "nothing was assigned to X",
		"\n\nX = f(1)":          "line 3: name f: only literals are read",
		"X = [\n1,\nY]":         "line 3: name Y: only literals are read",
		"X = 'a'.strip()":       `line 1: "." here: only literals are read`,
		"X = 'a' % b":           `line 1: "%" here`,
		"X = 'a' * 3":           `line 1: "*" here`,
		"X = 'a' if b else 'c'": "line 1: name if:",
		"X = 1 + 2":             "line 1: + with what is no string",
		"X = 'a' + [1]":         "line 1: + with what is no string",
		"X = -'a'":              "line 1: a string here",
		"X = 'a' 1":             `line 1: "1" here`,
		"X = f'a'":              "line 1: a string with prefix f: what it is shows only when it is run",
		"X = ('a'\nRf'a')":      "line 2: a string with prefix rf:",
		"X = t'a'":              "line 1: a string with prefix t:",
		"X = b'a'":              "line 1: bytes, not text",
		"X = {1, 2}":            `line 1: "," here`,
		"X = {'a'}":             `line 1: "}" here`,
		"X = {1: 2}":            "line 1: a key that is no string",
		"X = {**a}":             `line 1: "*" here`,
		"X = [*a]":              `line 1: "*" here`,
		"X = [x for x in y]":    "line 1: name x:",
		"X = [1 2]":             `line 1: "2" here`,
		"X = [1)":               `line 1: ")" here`,
		"X = [,]":               `line 1: "," here`,
		"X = Y = 1":             "line 1: name Y:",
		"X =":                   "line 1: the end of the line here",
		"X = [":                 "line 1: the file ends within brackets",
		"y)":                    "line 1: ')' closes nothing",
		"\nX = 'a\n'":           "line 2: a string without end",
		"\nX = '''a\n\n":        "line 2: a string without end",
		`X = 'a\`:               "line 1: a string without end",
		"X = 1\n\nX = 2":        "line 3: X is assigned again; first at line 1",
		"X = [1]\nX += [2]":     "line 2: X is used or changed here",
		"X = [1]\nX.append(2)":  "line 2: X is used or changed here",
		"X = 012":               "line 1: number 012: neither an integer nor a float in range",
		"X = 1_":                "number 1_:", "X = 1__0": "number 1__0:", "X = 1e_5": "number 1e_5:", "X = 1_e5": "number 1_e5:",
		"X = 2j": "number 2j:", "X = 0x": "number 0x:", "X = 0b2": "number 0b2:", "X = 1e999": "number 1e999:", "X = 1.2.3": "number 1.2.3:",
		"X = 0x__1":           "number 0x__1:",
		"X = 1 \\ 2":          "line 1: a backslash that does not end the line",
		`X = '\x4'`:           `line 1: a malformed \x escape`,
		"X = '''\n\\u12g4'''": `line 2: a malformed \u escape`,
		`X = '\ud800'`:        `line 1: \ud800 is no character`,
		`X = '\U00110000'`:    `line 1: \U00110000 is no character`,
		`X = '\x+1'`:          `line 1: a malformed \x escape`,
		`X = '\N{DASH}'`:      `line 1: \N escapes are not read`,
		"X = '\xff'":          "not UTF-8",
		"\nX = '\x00'":        "line 2: a zero byte",
		"X = " + strings.Repeat("[", 101) + strings.Repeat("]", 101): "line 1: more than 100 brackets",
		"X = " + strings.Repeat("9", 4301):                           "neither an integer nor",
	} {
		v, err := Find([]byte(src), "X")
		if err != nil {
			if want == "" || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: error %v, want %s", src, err, want)
			}
			continue
		}
		var got strings.Builder
		e := json.NewEncoder(&got)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			t.Errorf("%q: %v", src, err)
		}
		if s := strings.TrimSuffix(got.String(), "\n"); s != want {
			t.Errorf("%q: %s, want %s", src, s, want)
		}
	}
	if _, err := Find([]byte("X = "+strings.Repeat("[", 100)+strings.Repeat("]", 100)), "X"); err != nil {
		t.Error(err)
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{
		"X = [1, 'a', {'b': (None,)}]\n", "X: int = -1.5e3 # c", "X = ('a' r'\\b'\n+ \"\"\"c\\\n\"\"\")", "def f():\n  X = 1\n",
		`X = '\u00e9\x41\777\q'`, "X = 0x_f; y", "X = {'a': b''}", "X += 1", "X = f'{a}'", "X = \\\n1", "X = '\\",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		v, err := Find(src, "X")
		if err != nil {
			if v != nil || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%v with error %q", v, err)
			}
			return
		}
		// A value is JSON, and a line more changes nothing.
		first, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Find(append([]byte("'''\nX = 1\n'''\n"), strings.TrimPrefix(string(src), "\ufeff")...), "X")
		if err != nil {
			t.Fatal(err)
		}
		if second, _ := json.Marshal(again); string(first) != string(second) {
			t.Fatalf("%s, then %s", first, second)
		}
	})
}
