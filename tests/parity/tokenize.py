#!/usr/bin/env python3
"""The command `tokenize` against what transformers and tokenizers make of the fixtures, and its contract:
fields pass through, a refused conversation is an error row and exit status 1, rows go to standard output.

usage: tokenize.py BINARY
"""
import json
import pathlib
import subprocess
import sys
import tempfile

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "models"


def run(binary, model, rows, *flags):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "in.jsonl")
        source.write_text("".join(json.dumps(row) + "\n" for row in rows))
        done = subprocess.run([binary, "tokenize", "--model", str(model), "--input", str(source), *flags],
                              capture_output=True, text=True)
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def cases(expected):
    """Rows and what must come back for them."""
    for case in expected.get("tokenizer_cases", []):
        yield {"text": case["text"]}, {"ids": case["ids"], "text": case["text"]}
        yield {"text": case["text"], "add_special_tokens": False}, {"ids": case["ids_no_special"]}
    for case in expected.get("tokenizer_cases", []) + expected.get("decode_cases", []):
        yield {"ids": case["ids"]}, {"ids": case["ids"], "text": case["decode"]}
        yield {"ids": case["ids"], "skip_special_tokens": True}, {"text": case["decode_skip_special"]}
    for case in expected.get("chat_cases", []):
        row = {"messages": case["messages"], "add_generation_prompt": case["add_generation_prompt"],
               "template_kwargs": case.get("kwargs"), "now": expected["now"]}
        if "error" in case:
            yield row, {"error": case["error"]}
        else:
            yield row, {"text": case["rendered"], "ids": case["ids"]}


def main():
    binary = sys.argv[1]
    tried, wrong = 0, []
    for folder in sorted(FIXTURES.iterdir()):
        expected = json.loads((folder / "expected.json").read_text())
        pairs = list(cases(expected))
        rows = [{"id": k, **row} for k, (row, _) in enumerate(pairs)]
        done, got = run(binary, folder, rows)
        status = 1 if any("error" in want for _, want in pairs) else 0
        if done.returncode != status or len(got) != len(rows):
            wrong.append(f"{folder.name}: exit {done.returncode}, {len(got)} of {len(rows)} rows: {done.stderr}")
            continue
        for k, (_, want) in enumerate(pairs):
            tried += 1
            if got[k] != {"id": k, **got[k], **want}:
                wrong.append(f"{folder.name}: {rows[k]}: {got[k]} instead of {want}")

    row = {"id": {"any": ["thing"]}, "text": "a", "note": None, "domain": "x\u2028y"}
    done, got = run(binary, FIXTURES / "qwen2", [row, {"text": "b"}])
    tried += 1
    if done.returncode or {k: got[0][k] for k in ("id", "note", "domain")} != {k: row[k] for k in ("id", "note", "domain")}:
        wrong.append(f"fields do not pass through: {got}")
    tried += 1
    done, got = run(binary, FIXTURES / "qwen2", [{"id": 1, "text": "a"}, {"id": 2, "ids": [-1]}])
    if done.returncode != 2 or "in.jsonl:2" not in done.stderr:
        wrong.append(f"a negative id: exit {done.returncode}: {done.stderr}")
    print(f"{tried - len(wrong)} of {tried} cases right")
    print("\n".join(wrong[:10]))
    return 1 if wrong or tried < 2500 else 0


sys.exit(main())
