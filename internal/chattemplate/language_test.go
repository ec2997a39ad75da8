package chattemplate

import "testing"

// snippets are small templates, each with something of the language.
var snippets = []string{
	// Values and how they print.
	`{{ l }}|{{ m }}|{{ none }}|{{ true }}|{{ 1.0 }}|{{ 1e3 }}|{{ 1e22 }}|{{ 0.1 + 0.2 }}|{{ 1e-7 }}|{{ (1,) }}|{{ () }}|{{ [] }}|{{ {} }}|{{ 1, 2 }}`,
	`{{ "q'" }}|{{ ["q'", 'd"', "b\\", "t\tn\n\r", "é", "\u200b", "😀", "\x07", "'\"", "\u00ad", "\U0001F600"] }}`,
	`{{ x }}|{{ x is defined }}|{{ x is undefined }}|{{ x | default('d') }}|{{ none | default('d') }}|{{ '' | d('e', true) }}|{{ m.zz is defined }}`,
	`{{ x.y }}`, `{{ x() }}`, `{{ m.zz.y }}`, `{{ x + 1 }}`, `{{ -x }}`, `{{ x < 1 }}`, `{{ "a" in x }}`, `{{ x[0] }}`, `{{ [x] }}`, `{{ x ~ 'a' }}`, `{{ x == y }}|{{ x == none }}`,
	`{{ s[1:3] }}|{{ s[::-1] }}|{{ s[-1] }}|{{ s[99] }}|{{ s[:-1] }}|{{ s[5:1:-2] }}|{{ s[-100:2] }}|{{ l[1:] }}|{{ l[::2] }}|{{ (1,2,3)[:2] }}|{{ l[none:2] }}|{{ s[::-9223372036854775807] }}`,
	`{{ l[::0] }}`, `{{ l['a'] is defined }}`, `{{ m[1] is defined }}`, `{{ s.0 }}|{{ l.0 }}|{{ l.0.x is defined }}`,
	// Arithmetic.
	`{{ 7 // 2 }}|{{ -7 // 2 }}|{{ 7 % 3 }}|{{ -7 % 3 }}|{{ 7 % -3 }}|{{ 7 / 2 }}|{{ 6 / 2 }}|{{ 2 ** 10 }}|{{ 2 ** -1 }}|{{ 2**3**2 }}|{{ -2 ** 2 }}|{{ 7.5 // 2 }}|{{ -7.5 % 2 }}`,
	`{{ 1 + 2 * 3 - 4 }}|{{ (1 + 2) * 3 }}|{{ 1 ~ 2 + 3 }}|{{ "a" ~ 1 ~ none ~ 1.5 }}|{{ 3 * "ab" }}|{{ [1] * 3 }}|{{ [1] + [2] }}|{{ (1,) + (2,) }}|{{ true + 1 }}`,
	`{{ 1 / 0 }}`, `{{ 1 // 0 }}`, `{{ 1 % 0 }}`, `{{ "a" + 1 }}`, `{{ 1 + "a" }}`, `{{ none + 1 }}`, `{{ [1] + (2,) }}`, `{{ "a" - "b" }}`, `{{ {} + {} }}`, `{{ 1.5 % 0 }}`,
	`{{ 0x1F }}|{{ 0b11 }}|{{ 0o17 }}|{{ 1_000 }}|{{ 1.5e3 }}|{{ .5 is defined }}`, `{{ 1.5.real is defined }}`, `{{ 00 }}`,
	// Logic and comparison.
	`{{ 1 < 2 < 3 }}|{{ 1 < 2 > 5 }}|{{ 1 == 1.0 }}|{{ true == 1 }}|{{ "a" < "b" }}|{{ [1,2] < [1,3] }}|{{ "a" == 1 }}|{{ none == none }}|{{ {"a":1} == {"a":1.0} }}|{{ [1] == (1,) }}`,
	`{{ 1 < "a" }}`, `{{ none < 1 }}`, `{{ not x }}|{{ not not 1 }}|{{ 1 and 0 }}|{{ 0 or "b" }}|{{ "" and x.y }}|{{ 1 or x.y }}|{{ not 1 == 2 }}`,
	`{{ 1 in [1] }}|{{ 1 not in [1] }}|{{ "a" in "abc" }}|{{ "b" in m }}|{{ 1.0 in [1] }}|{{ "x" in m.values() }}|{{ (1,2) in [(1,2)] }}`, `{{ 1 in "abc" }}`, `{{ 1 in 5 }}`, `{{ [] in {} }}`,
	`{{ "y" if true else "n" }}|{{ "y" if false }}|{{ "a" if 0 else "b" if 0 else "c" }}|{{ ("y" if false) is defined }}`,
	// Tests.
	`{{ 1 is number }}|{{ true is number }}|{{ 1 is integer }}|{{ true is integer }}|{{ 1.5 is float }}|{{ "a" is string }}|{{ m is mapping }}|{{ l is sequence }}|{{ m is sequence }}|{{ s is sequence }}|{{ l is iterable }}|{{ 1 is iterable }}|{{ x is iterable }}|{{ none is none }}|{{ true is boolean }}|{{ false is false }}|{{ 1 is true }}|{{ (1,) is sequence }}`,
	`{{ 3 is odd }}|{{ 3 is even }}|{{ 9 is divisibleby 3 }}|{{ 9 is divisibleby(2) }}|{{ 3 is eq 3 }}|{{ 3 is ne(4) }}|{{ 3 is gt 2 }}|{{ 3 is in [3] }}|{{ "a" is lower }}|{{ "A" is upper }}|{{ "aB" is lower }}|{{ 3 is not odd }}|{{ none is sameas none }}|{{ 1 is sameas true }}|{{ x is callable }}|{{ "upper" is filter }}|{{ "odd" is test }}|{{ "nope" is filter }}`,
	`{{ 1 is nope }}`, `{{ 1 is defined is true }}`, `{{ "a" is odd }}`, `{{ 3 is lt }}`,
	`{% if l is defined and l %}a{% endif %}{% if x is not defined or x %}b{% endif %}{% if x is defined and not y %}c{% else %}d{% endif %}`,
	// Text methods.
	`{{ " a b ".strip() }}|{{ "xxaxx".strip("x") }}|{{ "abc".lstrip("ab") }}|{{ "abc".rstrip("c") }}|{{ "a b  c".split() }}|{{ "a,b,c".split(",") }}|{{ "a,b,c".split(",", 1) }}|{{ "a,b,c".rsplit(",", 1) }}|{{ " a  b c ".split(None, 1) }}|{{ " a  b c ".rsplit(None, 1) }}|{{ "".split() }}|{{ "".split(",") }}|{{ "a b".split(maxsplit=0) }}`,
	`{{ "abc".startswith("a") }}|{{ "abc".endswith(("x", "c")) }}|{{ "aXb".lower() }}|{{ "straße".upper() }}|{{ "hello wORLD it's".title() }}|{{ "hELLO".capitalize() }}|{{ "aXb".swapcase() }}|{{ "a.b.a".replace("a", "c") }}|{{ "aaa".replace("a", "b", 2) }}|{{ "abc".replace("", "-") }}`,
	`{{ "héllo".find("l") }}|{{ "hello".rfind("l") }}|{{ "abc".find("z") }}|{{ "abcabc".count("b") }}|{{ "abc".index("c") }}|{{ ", ".join(["a", "b"]) }}|{{ "a\nb\r\nc\n".splitlines() }}|{{ "a\nb".splitlines(true) }}`,
	`{{ "12".isdigit() }}|{{ "".isdigit() }}|{{ "ab1".isalnum() }}|{{ "ab".isalpha() }}|{{ " \n".isspace() }}|{{ "AB".isupper() }}|{{ "a1".islower() }}|{{ "½".isnumeric() }}|{{ "7".zfill(3) }}|{{ "-7".zfill(4) }}|{{ "a".ljust(3, ".") }}|{{ "a".rjust(3) }}|{{ "ab".center(5) }}|{{ "abc".center(6, "*") }}`,
	`{{ "a-b-c".partition("-") }}|{{ "a-b-c".rpartition("-") }}|{{ "abc".partition("x") }}|{{ "abc".removeprefix("a") }}|{{ "abc".removesuffix("c") }}|{{ "{} {1}".format("a") if false else "{} {}".format("a", 1) }}|{{ "{a} {{}}".format(a=1) }}|{{ "{0}{0}".format("x") }}`,
	`{{ "abc".index("z") }}`, `{{ "".join([1]) }}`, `{{ "abc".split("") }}`, `{{ "abc".nope() }}`, `{{ "abc".nope is defined }}`, `{{ "{}".format() }}`, `{{ 1.upper() }}`,
	// Mappings and lists.
	`{{ m.get("b") }}|{{ m.get("zz") }}|{{ m.get("zz", 1) }}|{{ m.items() | list }}|{{ m.keys() | list }}|{{ m.values() | list }}|{{ m["a"] }}|{{ m.a }}|{{ m | length }}|{{ dict(a=1, b=2) }}|{{ dict([("k", 1)]) }}|{{ {1: "a", true: "b", none: 2} }}|{{ {"a": 1, "a": 2} }}`,
	`{{ {"items": 1}["items"] }}|{{ {"items": 1}.items() | list }}|{% for k, v in m.items() %}{{ k }}={{ v }};{% endfor %}|{% for k in m %}{{ k }}{% endfor %}`,
	`{{ l.index(2.5) }}|{{ l.count(1) }}|{{ l.copy() }}`, `{{ l.append(1) }}`, `{{ m.update({}) }}`, `{{ m.pop("a") }}`, `{{ {[]: 1} }}`, `{{ l.index("zz") }}`,
	// Filters.
	`{{ [3,1,2] | sort }}|{{ ["b","A","c"] | sort }}|{{ ["b","A"] | sort(case_sensitive=true) }}|{{ [3,1,2] | sort(reverse=true) }}|{{ people | sort(attribute="age") | map(attribute="name") | join(", ") }}|{{ people | sort(attribute="age,name") | map(attribute="name") | list }}`,
	`{{ l | first }}|{{ l | last }}|{{ [] | first }}|{{ [1,2] | join }}|{{ [1,2] | join("-") }}|{{ people | join(",", attribute="name") }}|{{ "abc" | reverse }}|{{ [1,2] | reverse | list }}|{{ "abc" | list }}|{{ "abc" | length }}|{{ {"b":1,"a":2} | dictsort }}|{{ {"b":1,"a":2} | dictsort(by="value") }}|{{ m | items | list }}`,
	`{{ [1,2,3,4] | select("odd") | list }}|{{ [1,2,3] | reject("eq", 2) | list }}|{{ people | selectattr("age", "gt", 30) | map(attribute="name") | list }}|{{ people | rejectattr("admin") | map(attribute="name") | list }}|{{ people | selectattr("admin", "defined") | list | length }}|{{ [0,1,""] | select | list }}`,
	`{{ ["a","b"] | map("upper") | list }}|{{ people | map(attribute="zz", default="q") | list }}|{{ [[1,2]] | map("join", "-") | list }}|{{ [1,2] | sum }}|{{ people | sum(attribute="age") }}|{{ [1,"a"] | map("string") | list }}|{{ [3,1] | min }}|{{ [3,1] | max }}|{{ [1,1,2,"a","A"] | unique | list }}`,
	`{{ [1,2,3] | batch(2) | list }}|{{ [1,2,3] | batch(2, 0) | list }}|{{ [1,2,3,4,5] | slice(2) | list }}|{% for g, xs in people | groupby("age") %}{{ g }}:{{ xs | map(attribute="name") | join("+") }};{% endfor %}`,
	`{{ "a b" | upper }}|{{ "A" | lower }}|{{ "hello wORLD it's-a (b" | title }}|{{ "hELLO" | capitalize }}|{{ "  a " | trim }}|{{ "xax" | trim("x") }}|{{ "a.b" | replace(".", "-") }}|{{ "aaa" | replace("a", "b", 1) }}|{{ 5 | string }}|{{ "<&>'" | e }}|{{ "a b c" | wordcount }}|{{ "a/b c&d~é" | urlencode }}`,
	`{{ "a\nb\n\nc" | indent }}|{{ "a\nb" | indent(2, true) }}|{{ "a\n\nb" | indent(2, blank=true) }}|{{ "a\nb" | indent("> ") }}|{{ "%s-%d" | format("a", 3) }}|{{ "ab" | center(6) }}|{{ "hello big world here it is" | truncate(15) }}|{{ "hello big world" | truncate(9, true) }}|{{ "ab" | truncate(5) }}`,
	`{{ "3" | int }}|{{ "x" | int }}|{{ "x" | int(7) }}|{{ 3.9 | int }}|{{ "3.9" | int }}|{{ "1f" | int(0, 16) }}|{{ "2.5" | float }}|{{ "x" | float }}|{{ -3 | abs }}|{{ 2.5 | round }}|{{ 3.14159 | round(2) }}|{{ 2.1 | round(0, "ceil") }}|{{ 2.9 | round(method="floor") }}|{{ 7 | round }}|{{ true | int }}|{{ "0x1f" | int(0,16) }}`,
	`{{ m | attr("a") is defined }}|{{ "s" | attr("upper") is defined }}`, `{{ 1 | nope }}`, `{{ 1 | length }}`, `{{ [1,"a"] | sort }}`, `{{ [1] | first | upper }}`, `{{ x | upper }}|{{ x | length }}|{{ x | list }}|{{ x | join }}`, `{{ x | int }}`, `{{ none | upper }}`, `{{ none | length }}`,
	// tojson.
	`{{ m | tojson }}|{{ l | tojson }}|{{ s | tojson }}|{{ "<&>'\"\\/\n\t\u0001\u007f\u2028😀" | tojson }}|{{ none | tojson }}|{{ 1.0 | tojson }}|{{ 1e30 | tojson }}|{{ {1: 2, none: 3, true: 4, 1.5: 5} | tojson }}|{{ (1, 2) | tojson }}|{{ {} | tojson }}`,
	`{{ nested | tojson }}|{{ nested | tojson(indent=2) }}|{{ nested | tojson(indent=0) }}|{{ nested | tojson(separators=(",", ":")) }}|{{ nested | tojson(sort_keys=true) }}|{{ "é😀" | tojson(ensure_ascii=true) }}|{{ [[], {}] | tojson(indent=1) }}|{{ nested | tojson(indent="\t") }}`,
	`{{ x | tojson }}`, `{{ "%s" % s }}|{{ "%d %s" % (1, "a") }}|{{ "%5.2f|%-5s|%05d|%x|%%|%r" % (3.14159, "ab", 42, 255, "q") }}|{{ "%(a)s" % m }}|{{ "%+d % d" % (1, 2) }}|{{ "%s" % [1] }}|{{ "%5s|%.1s" % ("é", "éa") }}`, `{{ "%d" % "a" }}`, `{{ "%s %s" % "a" }}`, `{{ "%s" % ("a", "b") }}`,
	// Loops.
	`{% for i in range(5) %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.cycle("a", "b") }};{% endfor %}`,
	`{% for i in [1,2,3] %}{{ loop.previtem }}-{{ loop.nextitem }};{{ loop.changed(i // 2) }}{% endfor %}`, `{% for i in [] %}a{% else %}none{% endfor %}`, `{% for i in x %}a{% else %}none{% endfor %}`, `{% for i in 5 %}{% endfor %}`, `{% for i in none %}{% endfor %}`,
	`{% for i in range(10) if i is odd %}{{ i }}{{ loop.index }}{% if i == 7 %}{% break %}{% endif %}{% endfor %}`, `{% for i in range(5) %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}`,
	`{% for a, b in [(1, 2), [3, 4]] %}{{ a + b }};{% endfor %}`, `{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}`, `{% for a, b in [1] %}{% endfor %}`, `{% for a, b in [(1, 2, 3)] %}{% endfor %}`,
	`{% for c in "aé😀" %}[{{ c }}]{% endfor %}`, `{% for n in tree recursive %}{{ n.v }}{{ loop.depth }}({{ loop(n.c) }}){% endfor %}`, `{% for i in [1] %}{{ loop([2]) }}{% endfor %}`, `{% break %}`, `{% for i in [1,2] %}{% for j in [1,2] %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}`,
	`{{ range(3) | list }}{{ range(1, 7, 2) | list }}{{ range(3, 0, -1) | list }}{{ range(0) | list }}`, `{{ range(1000000) | list | length }}`, `{{ range(1, 2, 0) | list }}`, `{% for i in range(3) %}{{ i }}{% endfor %}{{ i is defined }}{{ loop is defined }}`,
	// Scopes.
	`{% set a = 1 %}{% for i in [1,2] %}{% set a = a + i %}{{ a }}{% endfor %}{{ a }}`, `{% set ns = namespace(n=0, l=[]) %}{% for i in [1,2] %}{% set ns.n = ns.n + i %}{% set ns.l = ns.l + [i] %}{% endfor %}{{ ns.n }}{{ ns.l }}`, `{% if true %}{% set a = 1 %}{% endif %}{{ a }}`,
	`{% set a, b = 1, 2 %}{{ a }}{{ b }}`, `{% set (a, b) = [1, 2] %}{{ b }}`, `{% set t = 1, 2 %}{{ t }}`, `{% set x %}  body {{ 1 }}{% endset %}[{{ x }}]`, `{% set x | upper | trim %}  body {% endset %}[{{ x }}]`, `{% set m.a = 1 %}`, `{% set true = 1 %}`, `{% set a.b = 1 %}`,
	`{% with a = 1, b = 2 %}{{ a }}{{ b }}{% set c = 3 %}{% endwith %}{{ a is defined }}{{ c is defined }}`, `{% with %}{% set a = 1 %}{{ a }}{% endwith %}`, `{% set a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}`,
	`{% filter upper %}abc {{ 1 }}{% endfilter %}`, `{% filter replace("a", "b") | upper %}aab{% endfilter %}`, `{% for i in [1] %}{% set q = 5 %}{% if true %}{{ q }}{% set q = 6 %}{% endif %}{{ q }}{% endfor %}`,
	`{{ namespace(a=1).a }}|{{ namespace({"b": 2}).b }}|{{ namespace().zz is defined }}`, `{% set ns = namespace() %}{% set ns.a = "x" %}{{ ns.a }}{{ ns["a"] }}`,
	// Macros.
	`{% macro f(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }}|{{ f(1, 3) }}|{{ f(1, c=9) }}|{{ f() }}|{{ f(a=4) }}`, `{% macro f() %}{{ g }}{% endmacro %}{% set g = 1 %}{{ f() }}`, `{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}`, `{% macro f(a) %}{% endmacro %}{{ f(b=2) }}`, `{% macro f(a) %}{% endmacro %}{{ f(1, a=2) }}`,
	`{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, k=3) }}`, `{% macro f(x) %}<{{ caller() }}{{ x }}>{% endmacro %}{% call f(1) %}in{% endcall %}`, `{% macro f() %}{{ caller(5) }}{% endmacro %}{% call(y) f() %}{{ y }}!{% endcall %}`,
	`{% macro tree(n) %}{{ n.v }}{% for c in n.c %}({{ tree(c) }}){% endfor %}{% endmacro %}{{ tree(tree0) }}`, `{% macro f() %}{% set z = 1 %}{% endmacro %}{{ f() }}{{ z is defined }}`, `{% macro f(a) -%} {{ a }} {%- endmacro %}[{{ f(1) }}]{{ f.name }}`, `{% for i in [1,2] %}{% macro g() %}{{ i }}{% endmacro %}{{ g() }}{% endfor %}`,
	`{% set f = joiner("; ") %}{% for i in [1,2,3] %}{{ f() }}{{ i }}{% endfor %}`, `{{ f(*[1, 2]) is defined }}`, `{% macro f(a, b) %}{{ a }}-{{ b }}{% endmacro %}{{ f(*[1], **{"b": 2}) }}`,
	// White space.
	"a\n{% if true %}\nb\n{% endif %}\nc\n", "a\n  {% if true %}  \n  b\n  {% endif %}\nc\n\n", "  {%- if true -%}  \n b \n {%- endif -%} \n c", "a {%+ if true +%}\n b {% endif +%}\nc", "  {%+ if true %}x{% endif %}", "a\n  {# note #}\n  b {# c #}\nd", "a {#- x -#} b\n{#+ y +#}\nc",
	"{{- 1 -}}  \n 2", "a\n  {{ 1 }}\n  b", "a \n\t {%- set b = 1 %}\n{{ b }}", "x{% set a = 1 %}\n\n{% set b = 2 %}\ny", "a\r\nb\rc\n{% if 1 %}\r\nd{% endif %}\r\n", "{% raw %}{{ a }} {% if %}{% endraw %}", "a\n  {% raw -%}  \n {{ x }} \n {%- endraw %}\nb", "  {% raw %}\n x\n  {% endraw %}\n y", "{%- raw -%} a {%- endraw -%}  b", "{% if true %}\n\n\na{% endif %}\n", "\n\n", "", "\n", "a\n\n", "{#}#}", "{# a #}{# b #}\n c", "{{ '\n' }}\n{% set x = '\n' %}\n[{{ x }}]", "{{ '{{ x }}' }}{{ '%}' }}{{ {'a': {'b': 1}}.a.b }}{{ {'a':{}} }}", "{% if true -%}\n  {% if true %}\n    x\n  {%- endif %}\n{% endif %}", "\t{% set a = 1 %}\t{% set b = 2 %}\nz", "a\u00a0{%- if 1 -%}\u00a0b{% endif %}", "{%\nset a = 1\n%}\n{{\na\n}}",
	// Generation, loops controls and errors of syntax.
	"{% generation %}\nabc {{ 1 }}\n{% endgeneration %}\nx", "{{ strftime_now('%d %b %Y') }}|{{ strftime_now('%Y-%m-%d %H:%M:%S') }}|{{ strftime_now('%A, %B %-d, %I %p %j %y') }}", "{{ raise_exception('no') }}", "{% if false %}{{ raise_exception('no') }}{% endif %}ok",
	"{{ 1", "{% if %}{% endif %}", "{% if 1 %}", "{% endif %}", "{% for %}{% endfor %}", "{{ }}", "{{ 1 2 }}", "{% nope %}", "{{ (1 }}", "{{ 'a }}", "{# a", "{% raw %}a", "{{ a. }}", "{{ a| }}", "{{ 1 ? 2 }}", "{{ f(a=1, 2) }}", "{% set %}", "{% macro %}{% endmacro %}", "{% macro f(a=1, b) %}{% endmacro %}", "{% call 1 %}{% endcall %}", "{{ [1, 2,] }}{{ {'a': 1,} }}{{ (1, 2,) }}", "{{ {1} }}", "{% if 1 %}a{% else %}b{% elif 2 %}c{% endif %}", "{{ not }}", "{% for a.b in [1] %}{% endfor %}", "{% set loop = 1 %}{{ loop }}", "{{ 1 if }}",
	"{{ \"a\" \"b\" }}|{{ '\\x41\\u00e9\\n\\q\\\\' }}|{{ '\\101' }}", "{{ 'a' 'b' | upper }}", "{{ a.b.c if a is defined else 'no' }}", "{{ m['a'] ~ m.b }}", "{{ -1 | abs }}{{ -(1) }}{{ +1 }}", "{{ (1, 2) | length }}", "{{ [1, 2][0] }}{{ {'a': 1}.a }}{{ 'abc'[1] }}{{ (1, 2)[1] }}", "{{ 'a' is string and 'b' is string }}", "{{ 1 is not none and 2 }}", "{{ s.upper()[0].lower() }}",
}

const snippetVars = `{"s": "héllo wörld", "l": [1, 2.5, true, null, "q'"], "m": {"b": "x", "a": 1}, "n": 3,
	"people": [{"name": "Bo", "age": 41, "admin": true}, {"name": "al", "age": 29}, {"name": "Cy", "age": 41, "admin": false}],
	"nested": {"z": [1, {"k": "<é>"}, []], "a": null, "f": 1.5, "t": true, "e": {}},
	"tree": [{"v": 1, "c": [{"v": 2, "c": []}]}, {"v": 3, "c": []}], "tree0": {"v": 1, "c": [{"v": 2, "c": [{"v": 3, "c": []}]}]}}`

// TestLanguage compares small templates with Jinja2.
func TestLanguage(t *testing.T) {
	ask := jinja2(t)
	all := make([]rendering, len(snippets))
	for i, s := range snippets {
		all[i] = rendering{s, snippetVars}
	}
	compareAll(t, ask, all)
}
