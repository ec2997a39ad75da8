"""Renders templates with Jinja2, set up as transformers sets it up.

In: a JSON list of {template, vars}, vars being JSON text. Out: a JSON list of
{text} or {error}.
"""
import json
import sys
from datetime import datetime

import jinja2
import jinja2.ext
import jinja2.nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_same"), [], [], body).set_lineno(line)

    def _same(self, caller):
        return caller()


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
env.filters["tojson"] = tojson
env.globals["raise_exception"] = raise_exception
env.globals["strftime_now"] = lambda format: datetime(2024, 7, 5, 9, 3, 1).strftime(format)

compiled = {}


def template(source):
    if source not in compiled:
        compiled[source] = env.from_string(source)
    return compiled[source]


out = []
for case in json.load(sys.stdin):
    try:
        out.append({"text": template(case["template"]).render(**json.loads(case["vars"]))})
    except Exception as e:  # noqa: BLE001 whatever it is, it is an answer
        out.append({"error": f"{type(e).__name__}: {e}"})
json.dump(out, sys.stdout)
