#!/usr/bin/env python3
"""Training that is killed at random moments ends with the bits of a run left alone.

usage: resume.py BINARY [--kills N]    (default 6 kills at random steps of one run)
"""
import argparse
import hashlib
import json
import pathlib
import random
import signal
import subprocess
import tempfile
import time

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"


def command(binary, output, objective, dtype, steps):
    settings = {"objective": objective, "lr": 1e-3, "beta": 0.1, "epochs": steps // 2,
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


def steps_done(output):
    """Steps in metrics.jsonl so far."""
    path = output / "metrics.jsonl"
    return path.read_bytes().count(b'"step"') if path.exists() else 0


def kill_at_steps(words, output, rng, kills, steps):
    """SIGKILL a moment after random steps, each later than the one before; then the run may end. Returns the kills."""
    done = 0
    for step in sorted(rng.sample(range(1, steps), k=kills)):
        reached = max(step, steps_done(output) + 1)  # the rows behind the checkpoint are written again
        process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and steps_done(output) < reached:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.02))
        process.kill()
        _, errors = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), errors
        done += process.returncode != 0
    subprocess.run(words, check=True, capture_output=True)
    return done


def finish(words, rng, span, how):
    """Runs and kills until a run ends by itself; returns the number of kills."""
    kills = 0
    while True:
        process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        try:
            # Kills come later and later, so that the run gets on.
            process.communicate(timeout=rng.uniform(0.1, 0.8) * span * (1 + kills / 4))
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
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--kills", type=int, default=6)
    args = parser.parse_args()
    binary, rng, steps = args.binary, random.Random(5), 4 * args.kills
    with tempfile.TemporaryDirectory() as scratch:
        for objective, dtype, how in (("wrpo", "bf16", signal.SIGKILL), ("dpo", "fp32", signal.SIGTERM)):
            alone = pathlib.Path(scratch, f"{objective}-alone")
            start = time.monotonic()
            subprocess.run(command(binary, alone, objective, dtype, steps), check=True, capture_output=True)
            span = time.monotonic() - start
            expected = result(alone)
            assert len(expected[1]) == steps, len(expected[1])
            output = pathlib.Path(scratch, f"{objective}-killed")
            words = command(binary, output, objective, dtype, steps)
            if how == signal.SIGKILL:
                kills = kill_at_steps(words, output, rng, args.kills, steps)
            else:
                kills = finish(words, rng, span, how)
            assert result(output) == expected, f"{objective} {dtype}: other result"
            assert not (output / "checkpoint").exists()
            assert kills > 0, "no run was killed"
            print(f"{objective} {dtype}: {kills} kills, the same bits")
            # A finished run is left as it is; other settings are refused.
            again = subprocess.run(command(binary, alone, objective, dtype, steps), capture_output=True, text=True)
            assert again.returncode == 0 and "already trained" in again.stderr, again.stderr
            other = subprocess.run([*command(binary, alone, objective, dtype, steps), "--set", "prefer.lr=2e-3"],
                                   capture_output=True, text=True)
            assert other.returncode == 2 and "lr" in other.stderr, other.stderr
            assert result(alone) == expected


main()
