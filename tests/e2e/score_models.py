"""amalgam score with reward models: fields pass through, over-long input is marked, wrong input is refused by its line."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

binary = sys.argv[1]
fixtures = pathlib.Path("tests/fixtures/models").resolve()
cleanup = tempfile.TemporaryDirectory()
folder = pathlib.Path(cleanup.name)
source, output = folder / "r.jsonl", folder / "s.jsonl"


def score(rows, *flags, status=0):
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    output.unlink(missing_ok=True)
    done = subprocess.run([binary, "score", "--input", str(source), "--output", str(output), *map(str, flags)],
                          capture_output=True, text=True)
    assert done.returncode == status and done.stdout == "", (done.returncode, done.stderr)
    return [json.loads(line) for line in output.read_text().splitlines()] if status == 0 else done.stderr


def chat(text):
    return [{"role": "user", "content": "What is 1 + 1?"}, {"role": "assistant", "content": text}]


# A window that only the short conversation fits into.
short = folder / "short"
shutil.copytree(fixtures / "armorm", short)
config = json.loads((short / "config.json").read_text())
(short / "config.json").write_text(json.dumps({**config, "max_position_embeddings": 60}))
rows = [{"id": "a", "messages": chat("2"), "kept": 1}, {"id": "b", "messages": chat("2 " * 100), "kept": 2}]
got = score(rows, "--model", short)
assert got[0].keys() == {"id", "kept", "score", "attributes", "gates", "attribute_names"}, got[0]
assert len(got[0]["attributes"]) == len(got[0]["gates"]) == len(set(got[0]["attribute_names"])) == 19, got[0]
assert got[1] == {"id": "b", "kept": 2, "too_long": True, "tokens": got[1]["tokens"], "window": 60}, got[1]

# A whole conversation, or a prompt and an answer by the scorer: the same score.
whole = score(rows[:1], "--model", fixtures / "armorm", "--dtype", "fp32")[0]
parts = {"id": "a", "messages": rows[0]["messages"][:1], "text": "2"}
apart = score([parts], "--scorer", "reward-model", "--set", f"model={fixtures / 'armorm'}", "--set", "dtype=fp32")[0]
assert apart["score"] == whole["score"] and apart["gates"] == whole["gates"], (whole, apart)

# PairRM: what was cut is said, and every order of the candidates ranks alike.
pair = {"id": 1, "prompt": "What is 1 + 1?", "candidates": ["two", "It is 2. " * 9], "kept": [1],
        "source_max_length": 20, "candidate_max_length": 12}
cut = score([pair], "--model", fixtures / "pairrm")[0]
assert cut["too_long"] == {"prompt": False, "candidates": [1]} and cut["kept"] == [1], cut
fits = score([{**pair, "candidate_max_length": None}], "--model", fixtures / "pairrm")[0]
assert "too_long" not in fits and sorted(fits["ranking"]) == [0, 1], fits
assert score([{**pair, "candidates": ["alone"]}], "--model", fixtures / "pairrm")[0]["ranking"] == [0]

for model, row, *words in (
        ("armorm", {"id": 1, "text": "2"}, "r.jsonl:1", "messages"),
        ("armorm", {"id": 1, "messages": chat("2")[:1]}, "r.jsonl:1", "assistant"),
        ("armorm", {"messages": chat("2")}, "r.jsonl:1", "id"),
        ("pairrm", {"id": 1, "prompt": "x"}, "r.jsonl:1", "candidates"),
        ("pairrm", {"id": 1, "prompt": "x", "candidates": []}, "r.jsonl:1", "candidates"),
        ("pairrm", {"id": 1, "prompt": "x", "candidates": [1]}, "r.jsonl:1", "candidates"),
        ("pairrm", {**pair, "candidate_max_length": 2}, "r.jsonl:1", "candidate_max_length"),
        ("llama31", {"id": 1, "messages": chat("2")}, "LlamaForCausalLM", "LlamaForRewardModelWithGating")):
    said = score([row], "--model", fixtures / model, status=2)
    assert all(word in said for word in words) and said.count("\n") == 1, (model, row, said)
assert "--model" in score(rows, status=2)
metrics = source.with_name("metrics.json")
score(rows[:1], "--model", fixtures / "armorm", "--metrics", metrics)
assert min(json.loads(metrics.read_text()).values()) > 0 and len(json.loads(metrics.read_text())) == 2
assert "--metrics" in score(rows, "--scorer", "exact-answer", "--metrics", metrics, status=2)
assert "--scorer" in score(rows, "--model", short, "--scorer", "exact-answer", status=2)
assert "against each other" in score([parts], "--scorer", "reward-model", "--set", f"model={fixtures / 'pairrm'}", status=2)
