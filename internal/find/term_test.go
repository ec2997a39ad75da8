package find

import (
	"fmt"
	"testing"
)

func TestTerms(t *testing.T) {
	for text, want := range map[string]string{
		`status=ok primary<1`:          `{status = ok}{primary < 1}`,
		`output~"forty two" x!='a\'b'`: `{output ~ forty two}{x != a'b}`,
		`a>=1  b<=2 c!~x`:              `{a >= 1}{b <= 2}{c !~ x}`,
		`answer=`:                      `{answer = }`,
		`url=a=b<c`:                    `{url = a=b<c}`,
		``:                             ``,
		`metadata.k="x" y=1`:           `{metadata.k = x}{y = 1}`,
		`word`:                         `"word" is no condition; want KEY=VALUE (also != ~ !~ < <= > >=)`,
		`=1`:                           `a key is missing before "=1"; want KEY=VALUE`,
		`a="b`:                         `a=: the closing " is missing`,
		`a="b"c`:                       `a=: a space is missing after the closing quote`,
		`a<`:                           `a<: a value is missing`,
		`a!b`:                          `"a!b" is no condition; want KEY=VALUE (also != ~ !~ < <= > >=)`,
	} {
		terms, err := ParseTerms(text)
		got := ""
		for _, x := range terms {
			got += fmt.Sprintf("{%s %s %s}", x.Key, x.Op, x.Value)
		}
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestTermTest(t *testing.T) {
	for _, c := range []struct {
		term, value string
		want        bool
	}{
		{"a=1", "1.0", true}, {"a=1", "one", false}, {"a!=1", "2", true}, {"a!=1", "1.0", false},
		{"a<1", "0.5", true}, {"a<1", Missing, false}, {"a>=1", "1", true}, {"a<=1", "", false}, {"a>1", "inf", false},
		{"a~^x.z$", "xyz", true}, {"a!~y", "xyz", false}, {"a=null", Missing, true}, {"a=01a", "1a", false},
	} {
		terms, err := ParseTerms(c.term)
		if err != nil {
			t.Fatal(err)
		}
		test, err := terms[0].Test()
		if err != nil || test(c.value) != c.want {
			t.Errorf("%s on %q: want %v (%v)", c.term, c.value, c.want, err)
		}
	}
}

func FuzzParseTerms(f *testing.F) {
	for _, s := range []string{`status=ok primary<1`, `a~"b c" d!='\''`, `last~2`, `x`, `=`, "a=\x00 \u2003b>1", `a<="`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		terms, err := ParseTerms(text)
		if err != nil {
			if len(terms) > 0 {
				t.Fatal("terms beside an error")
			}
			return
		}
		for _, term := range terms {
			if term.Key == "" || term.Op == "" {
				t.Fatalf("%q gives %+v", text, term)
			}
			if test, err := term.Test(); err == nil {
				test("")
				test("1")
				test(Missing)
			}
		}
	})
}
