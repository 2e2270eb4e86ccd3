"""Helpers of the parity tests."""
import re


def supported_architectures(run, model):
    """The architectures that the program names when it refuses one; run(model) calls it on the folder `model`."""
    (model / "config.json").write_text('{"architectures": ["Unknown"]}')
    done, _ = run(model)
    found = re.search(r"architecture Unknown is not .*; supported are (.*)", done.stderr)
    if done.returncode != 2 or not found:
        raise SystemExit(f"an unknown architecture: exit {done.returncode}: {done.stderr}")
    return found[1].strip().split(", ")
