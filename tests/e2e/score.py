"""amalgam score on files: verdicts, pass-through of fields, settings."""
import json
import pathlib
import subprocess
import sys
import tempfile

binary = sys.argv[1]
cleanup = tempfile.TemporaryDirectory()
folder = pathlib.Path(cleanup.name)
source, output = folder / "r.jsonl", folder / "s.jsonl"
rows = [
    ({"id": 1, "answer": "42", "text": "6 * 7 = 42", "kept": [1]}, 1, "42", "correct"),
    ({"id": "b", "answer": 0.5, "text": "The answer is 50%."}, 1, "50%", "correct"),
    ({"id": "c", "answer": "42", "text": "I do not know"}, 0, None, "wrong"),
    ({"id": "d", "answer": "1/2004!", "text": "\\boxed{1/2006!}"}, 0, "1/2006!", "undecided"),
    ({"id": "e", "answer": "olleh", "text": "olleh\n"}, 1, "olleh", "correct"),
]
source.write_text("".join(json.dumps(row[0]) + "\n" for row in rows))


def score(*more):
    done = subprocess.run([binary, "score", "--scorer", "exact-answer", "--input", str(source), "--output",
                           str(output), *more], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == "", done.stderr
    return [json.loads(line) for line in output.read_text().splitlines()]


for found, (given, value, extracted, verdict) in zip(score(), rows, strict=True):
    assert found == {**given, "score": value, "extracted": extracted, "verdict": verdict}, found
assert [row["score"] for row in score("--set", "extract=whole")] == [0, 0, 0, 0, 1]
