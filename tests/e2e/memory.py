"""Peak memory of a model that is loaded and run forward: its weights once, one stored tensor, and the working space."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

binary = sys.argv[1]
fixtures = pathlib.Path("tests/fixtures/models").resolve()
llama = fixtures / "llama31"
cleanup = tempfile.TemporaryDirectory()
folder = pathlib.Path(cleanup.name)


def peak(*words):
    """Largest resident size of the command in bytes, pages of mapped files included."""
    with open(os.devnull, "wb") as nothing:
        process = subprocess.Popen([binary, *map(str, words)], stdout=nothing, stderr=nothing)
        _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, (words, status)
    return usage.ru_maxrss * 1024


config = json.loads((llama / "config.json").read_text())
config |= {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 10, "num_attention_heads": 16,
           "num_key_value_heads": 4}
config.pop("head_dim", None)
(folder / "config.json").write_text(json.dumps(config))
model = folder / "model"
subprocess.run([binary, "init", "--config", str(folder / "config.json"), "--tokenizer", str(llama), "--output", str(model)],
               check=True, capture_output=True)
weights = (model / "model.safetensors").stat().st_size
assert weights > 250e6, weights
rows = folder / "rows.jsonl"
rows.write_text(json.dumps({"id": 1, "input_ids": list(range(1, 65))}) + "\n")


def logprobs(of, dtype):
    return peak("logprobs", "--model", of, "--input", rows, "--output", folder / "out.jsonl", "--dtype", dtype)


largest = 1024 * 4096 * 2
program = logprobs(llama, "bf16")
for dtype, size in (("bf16", weights), ("fp32", 2 * weights)):
    used = logprobs(model, dtype) - program
    # A merged projection is packed beside its weight before that is given up.
    bound = 1.1 * size + largest + 64e6
    print(f"{dtype}: {used / 1e6:.0f} MB for {size / 1e6:.0f} MB of weights, bound {bound / 1e6:.0f} MB")
    assert size < used + 32e6 and used < bound, (dtype, used, bound)
