#!/usr/bin/env python3
"""Training of families whose layers are not Llama's, in bf16: losses fall, preference training starts where
policy and reference agree, and the same call gives the same bits.

usage: train_families.py BINARY
"""
import json
import pathlib
import subprocess
import sys
import tempfile

BINARY = sys.argv[1]
FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
QUADS = FIXTURES / "training" / "wrpo_official_dynamic" / "quads.jsonl"
FAMILIES = ["mixtral", "qwen2_moe_mixed", "deepseek_v2_group", "gemma3", "phi3_longrope", "internlm2_dynamic"]


def train(kind, model, output, **settings):
    words = [BINARY, kind, "--model", model, "--data", QUADS, "--output", output]
    for key, value in settings.items():
        words += ["--set", f"{kind}.{key}={value}"]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    assert done.returncode == 0, f"{kind} {model}: {done.stderr}"
    rows = [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]
    return [row for row in rows if "loss" in row]


with tempfile.TemporaryDirectory() as name:
    scratch = pathlib.Path(name)
    for family in FAMILIES:
        runs = [scratch / f"{family}_{i}" for i in (1, 2)]
        losses = [[row["loss"] for row in train("sft", FIXTURES / "models" / family, run, epochs=4,
                                                batch_size=4, lr=1e-3)] for run in runs]
        assert losses[0][-1] < losses[0][0] - 0.1, (family, losses[0])
        assert losses[0] == losses[1], (family, losses)
        weights = [(run / "model.safetensors").read_bytes() for run in runs]
        assert weights[0] == weights[1], f"{family}: two runs differ"
        steps = train("prefer", runs[0], scratch / f"{family}_wrpo", epochs=6, lr=1e-3, beta=0.1, save_steps=0)
        assert abs(steps[0]["loss"] - 0.693147) < 1e-3, (family, steps[0])
        assert steps[-1]["rewards/margins"] > 0.05, (family, steps[-1])
        print(f"{family}: SFT {losses[0][0]:.3f} to {losses[0][-1]:.3f}, "
              f"margin {steps[-1]['rewards/margins']:.3f}", flush=True)
