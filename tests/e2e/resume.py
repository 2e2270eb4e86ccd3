#!/usr/bin/env python3
"""Training that is killed at random moments ends with the bits of a run left alone.

usage: resume.py BINARY
"""
import hashlib
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
STEPS = 24


def command(binary, output, objective, dtype):
    settings = {"objective": objective, "lr": 1e-3, "beta": 0.1, "epochs": STEPS // 2,
                "batch_size": 4, "save_steps": 3, "dtype": dtype}
    words = [binary, "prefer", "--model", FIXTURES / "models" / "llama31",
             "--data", FIXTURES / "training" / "trl_losses" / "pairs.jsonl", "--output", output]
    for key, value in settings.items():
        words += ["--set", f"prefer.{key}={value}"]
    return [str(word) for word in words]


def result(output):
    """Digest of the weights, and the rows of metrics without their times."""
    rows = [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in rows if "step" in row]
    weights = sorted(output.glob("*.safetensors"))
    return hashlib.sha256(b"".join(w.read_bytes() for w in weights)).hexdigest(), rows


def finish(words, rng, span, how):
    """Runs and kills until a run ends by itself; returns the number of kills."""
    kills = 0
    while True:
        process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        try:
            # Kills come later and later, so that the run gets on.
            process.communicate(timeout=rng.uniform(0.1, 1.0) * span * (1 + kills / 4))
            if process.returncode == 0:
                return kills
            raise SystemExit(f"exit status {process.returncode} in a run that was left alone")
        except subprocess.TimeoutExpired:
            process.send_signal(how)
            _, errors = process.communicate()
            kills += 1
            if how == signal.SIGTERM and process.returncode == 1:
                assert "stopped by a signal" in errors, errors


def main():
    binary, rng = sys.argv[1], random.Random(5)
    with tempfile.TemporaryDirectory() as scratch:
        for objective, dtype, how in (("wrpo", "bf16", signal.SIGKILL), ("dpo", "fp32", signal.SIGTERM)):
            alone = pathlib.Path(scratch, f"{objective}-alone")
            start = time.monotonic()
            subprocess.run(command(binary, alone, objective, dtype), check=True, capture_output=True)
            span = time.monotonic() - start
            expected = result(alone)
            assert len(expected[1]) == STEPS, len(expected[1])
            kills = 0
            for attempt in range(3):
                output = pathlib.Path(scratch, f"{objective}-{attempt}")
                kills += finish(command(binary, output, objective, dtype), rng, span, how)
                assert result(output) == expected, f"{objective} {dtype}: other result"
                assert not (output / "checkpoint").exists()
            assert kills > 0, "no run was killed"
            print(f"{objective} {dtype}: {kills} kills, the same bits each time")
            # A finished run is left as it is; other settings are refused.
            again = subprocess.run(command(binary, alone, objective, dtype), capture_output=True, text=True)
            assert again.returncode == 0 and "already trained" in again.stderr, again.stderr
            other = subprocess.run([*command(binary, alone, objective, dtype), "--set", "prefer.lr=2e-3"],
                                   capture_output=True, text=True)
            assert other.returncode == 2 and "lr" in other.stderr, other.stderr
            assert result(alone) == expected


main()
