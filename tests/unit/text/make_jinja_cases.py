#!/usr/bin/env python3
"""Writes jinja_cases.json: what Jinja2, set up as transformers sets it up, makes of small templates.

Needs the package jinja2; run it again after changing jinja_templates.txt. The C++ test reads the JSON.
jinja_templates.txt: one case a block, blocks separated by lines of "----". Variables are those of
VARIABLES below.
"""
import datetime
import json
import pathlib

import jinja2
import jinja2.ext
import jinja2.sandbox

HERE = pathlib.Path(__file__).parent
NOW = "2026-03-05T09:07:02"

TOOL = {"type": "function", "function": {"name": "get_weather", "description": "Weather at a place, \u00e9 & <b>",
        "parameters": {"type": "object", "required": ["city"], "properties": {
            "city": {"type": "string", "description": "It's \"here\""},
            "days": {"type": "integer", "default": 3, "enum": [1, 2, 3]},
            "items": {"type": "array", "items": {"type": "number", "minimum": -0.5}}}}}}
VARIABLES = {
    "messages": [
        {"role": "system", "content": "  Be brief.\n"},
        {"role": "user", "content": "Hello, w\u00f6rld!\nTwo lines\u2028three"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "abc123def", "type": "function", "function": {"name": "get_weather", "arguments": {"city": "Paris", "days": 2, "x": None, "ok": True, "f": 1.0}}},
            {"id": "abc123deg", "type": "function", "function": {"name": "noop", "arguments": {}}}]},
        {"role": "tool", "tool_call_id": "abc123def", "content": {"temp": 21.5, "note": "it's"}},
        {"role": "assistant", "content": "<think>\nhmm\n</think>\n\nSunny </think> twice"},
        {"role": "user", "content": [{"type": "text", "text": "part one"}, {"type": "image"}, {"type": "text", "text": " two "}]},
    ],
    "tools": [TOOL], "documents": None, "add_generation_prompt": True,
    "bos_token": "<s>", "eos_token": "</s>",
    "words": ["pear", "Fig", "apple", "fig"], "numbers": [3, -1, 2.5, 10], "none": None,
    "table": {"b": 1, "A": [1, None, True], "c": {"d": "e'f"}}, "empty": [], "nothing": None,
    "text": "  The quick  brown\tfox's tail\n", "tiny": 1e-7, "huge": 1e16, "big": 123456789012345678,
    "people": [{"name": "ann", "age": 31, "tags": ["x"]}, {"name": "Bob", "age": 25, "tags": []}, {"name": "cy", "age": 31}],
}


class AssistantTracker(jinja2.ext.Extension):
    """The {% generation %} block of transformers."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_support"), [], [], body).set_lineno(line)

    def _support(self, caller):
        return caller()


def environment():
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[AssistantTracker, jinja2.ext.loopcontrols])

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda format: datetime.datetime.fromisoformat(NOW).strftime(format)
    return env


def main():
    cases = []
    for source in (HERE / "jinja_templates.txt").read_text(encoding="utf-8").split("\n----\n"):
        case = {"template": source}
        try:
            case["rendered"] = environment().from_string(source).render(**json.loads(json.dumps(VARIABLES)))
        except jinja2.exceptions.TemplateError as error:
            case["raised" if type(error) is jinja2.exceptions.TemplateError else "error"] = str(error)
        except Exception as error:  # what Python says of the values
            case["error"] = str(error)
        cases.append(case)
    out = {"now": NOW, "variables": VARIABLES, "cases": cases}
    (HERE / "jinja_cases.json").write_text(json.dumps(out, ensure_ascii=True, indent=1) + "\n", encoding="utf-8")
    print(f"{len(cases)} cases, {sum('rendered' not in case for case in cases)} of them errors")


main()
