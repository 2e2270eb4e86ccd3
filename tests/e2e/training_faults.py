#!/usr/bin/env python3
"""Trainings that teach nothing, that come apart, or that are stopped while they save.

usage: training_faults.py BINARY
"""
import json
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from support import run_to_end

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures"
MODEL = FIXTURES / "models" / "llama31"
QUADS = FIXTURES / "training" / "wrpo_official_dynamic" / "quads.jsonl"
BINARY = sys.argv[1]


def words(kind, output, model=MODEL, **settings):
    call = [BINARY, kind, "--model", model, "--data", QUADS, "--output", output]
    for key, value in settings.items():
        call += ["--set", f"{kind}.{key}={value}"]
    return [str(word) for word in call]


def weights(folder):
    return (folder / "model.safetensors").read_bytes()


def check_one_step(scratch):
    """Few rows and the defaults make one step: it teaches, and what cannot is named."""
    for kind in ("sft", "prefer"):
        done = run_to_end(words(kind, scratch / kind, lr=1e-4))
        assert weights(scratch / kind) != weights(MODEL), kind
        assert ("alpha_schedule" in done.stderr) == (kind == "prefer"), done.stderr
    done = run_to_end(words("prefer", scratch / "idle", lr=0, alpha_schedule="constant"))
    assert "lr is 0" in done.stderr and "alpha" not in done.stderr.split("lr is 0")[1], done.stderr
    assert weights(scratch / "idle") == weights(MODEL)


def check_sft_objective(scratch):
    done = run_to_end(words("prefer", scratch / "as-sft", objective="sft", lr=1e-3, epochs=4, save_steps=2, best_metric="loss",
                            best_is="lowest", keep_checkpoints=1))
    rows = [json.loads(line) for line in (scratch / "as-sft" / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["loss"] < rows[0]["loss"] and "rewards/chosen" not in rows[0], rows
    assert (scratch / "as-sft" / "best.json").exists(), done.stderr


def check_diverging(scratch):
    """An update that ruins the weights ends the training; the checkpoint before it stays."""
    for name, lr in (("not-finite", 1e300), ("too-large", 1e30), ("no-number", 1e10)):
        output = scratch / name
        done = subprocess.run(words("prefer", output, lr=lr, warmup_ratio=0, keep_checkpoints=1), capture_output=True, text=True)
        line = done.stderr.strip().splitlines()[-1]
        assert done.returncode == 1 and "step 1:" in line and "lr" in line, done.stderr
        assert json.loads((output / "training.json").read_text())["finished"] is False
        left = sorted(p.name for p in output.iterdir())
        assert left == ["checkpoint", "metrics.jsonl", "training.json"], left
        assert not (output / "checkpoint" / "state.safetensors").exists()


def spoiled(scratch):
    """The model with a weight that is not a number."""
    folder = scratch / "spoiled"
    shutil.copytree(MODEL, folder)
    with open(folder / "model.safetensors", "r+b") as file:
        size, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        entry = header["model.norm.weight"]
        file.seek(8 + size + entry["data_offsets"][0])
        file.write(b"\xff" * (4 if entry["dtype"] == "F32" else 2))
    return folder


def check_spoiled_reference(scratch):
    output = scratch / "out"
    for _ in range(2):  # nothing of it is kept
        done = subprocess.run(words("prefer", output, spoiled(scratch) if not output.exists() else scratch / "spoiled"),
                              capture_output=True, text=True)
        line = done.stderr.strip().splitlines()[-1]
        assert done.returncode == 1 and "example " in line and "finite" in line, done.stderr
    done = subprocess.run(words("sft", scratch / "sft-out", scratch / "spoiled"), capture_output=True, text=True)
    assert done.returncode == 1 and "finite" in done.stderr, done.stderr


def check_signal_while_saving(scratch):
    """SIGTERM and SIGINT after the last step are not lost; the same call goes on."""
    config = json.loads((MODEL / "config.json").read_text())
    config.update(hidden_size=512, intermediate_size=1024, num_hidden_layers=4, num_attention_heads=8, num_key_value_heads=8,
                  head_dim=64, torch_dtype="float32")
    (scratch / "big.json").write_text(json.dumps(config))
    big = scratch / "big"
    run_to_end([BINARY, "init", "--config", str(scratch / "big.json"), "--tokenizer", str(MODEL), "--output", str(big),
                "--dtype", "fp32"])
    output = scratch / "saved"
    call = words("sft", output, big, dtype="fp32", batch_size=1000)
    staged = scratch / "saved.amalgam.tmp"
    for how in (signal.SIGTERM, signal.SIGINT):
        process = subprocess.Popen(call, stderr=subprocess.PIPE, text=True)
        while not staged.exists():
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.001)
        process.send_signal(how)
        process.communicate()
        assert process.returncode in (1, -how), process.returncode
        assert json.loads((output / "training.json").read_text())["finished"] is False
        shutil.rmtree(staged, ignore_errors=True)
    run_to_end(call)
    assert json.loads((output / "training.json").read_text())["finished"] is True


with tempfile.TemporaryDirectory() as folder:
    for check in (check_one_step, check_sft_objective, check_diverging, check_spoiled_reference, check_signal_while_saving):
        scratch = pathlib.Path(folder, check.__name__)
        scratch.mkdir()
        check(scratch)
        print(check.__name__, "passed", flush=True)
