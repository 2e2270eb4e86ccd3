#!/usr/bin/env python3
"""Run the quickstart with five seeds and write docs/results.md.

usage: results.py [BINARY] [RUNS]     (default build/amalgam, runs/seeds)
Runs that are finished are only read.
"""
import collections
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

SEEDS = (1, 2, 3, 4, 5)
SYSTEMS = ("adder", "reverser", "sorter", "shifter", "target", "target-sft", "dpo", "wrpo")
PAIRS = (("target-sft", "target"), ("wrpo", "target"), ("wrpo", "target-sft"), ("dpo", "target-sft"), ("wrpo", "dpo"))
ROOT = pathlib.Path(__file__).resolve().parents[2]


def export(binary, run, table):
    with tempfile.TemporaryDirectory() as scratch:
        path = pathlib.Path(scratch, table + ".jsonl")
        subprocess.run([binary, "export", run, "--table", table, "--output", path], check=True,
                       capture_output=True)
        return [json.loads(line) for line in path.read_text().splitlines()]


def outcomes(binary, run):
    """{system: {prompt id: right}} on the held-out prompts, and {prompt id: domain}."""
    domains = {row["id"]: row["domain"] for row in export(binary, run, "prompts")
               if row["split"] == "held-out"}
    right = collections.defaultdict(dict)
    for row in export(binary, run, "scores"):
        if row["prompt_id"] in domains:
            right[row["source"]][row["prompt_id"]] = row["value"] >= 1
    return right, domains


def percent(values):
    return 100 * statistics.mean(values)


def interval(differences):
    """Mean and 95 % interval of paired differences, in points."""
    mean = statistics.mean(differences)
    half = 1.96 * statistics.stdev(differences) / math.sqrt(len(differences))
    return 100 * mean, 100 * (mean - half), 100 * (mean + half)


def main():
    binary = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/amalgam").resolve()
    folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "runs/seeds")
    runs = []
    for seed in SEEDS:
        run = folder / str(seed)
        subprocess.run([binary, "run", ROOT / "recipes/quickstart.yaml", "--run", run, "--set",
                        f"seed={seed}"], check=True, stdout=subprocess.DEVNULL)
        right, domains = outcomes(binary, run)
        runs.append(right)
    columns = {name: [p for p in domains if domains[p] == name] for name in dict.fromkeys(domains.values())}
    columns["total"] = list(domains)
    head = "| | " + " | ".join(columns) + " |\n|---|" + "---:|" * len(columns) + "\n"

    text = f"""# Results

## Quickstart

`scripts/quickstart/results.py` ran `recipes/quickstart.yaml` with `--set seed=N`, N = 1 ... {len(SEEDS)}, and wrote this page. Accuracy in percent on
{len(domains)} held-out prompts, the same for all seeds; splits, samples and training order depend on the seed.
Hyper-parameters were tuned on other prompts (`recipes/quickstart/prompts/tune.jsonl`).

Mean over seeds, and standard deviation between them:

"""
    text += head
    for system in SYSTEMS:
        cells = []
        for prompts in columns.values():
            values = [percent([run[system][p] for p in prompts]) for run in runs]
            cells.append(f"{statistics.mean(values):.1f} \u00b1 {statistics.stdev(values):.1f}")
        text += f"| {system} | " + " | ".join(cells) + " |\n"

    text += """
Differences in points, with 95 % intervals over prompts (each prompt's outcome averaged over the seeds); *: the interval excludes 0:

"""
    text += head
    verdicts = []
    for a, b in PAIRS:
        cells, places = [], {"above": [], "below": [], "not significantly different from": []}
        for name, prompts in columns.items():
            mean, low, high = interval([statistics.mean(run[a][p] - run[b][p] for run in runs) for p in prompts])
            mark = "*" if low > 0 or high < 0 else ""
            places["above" if low > 0 else "below" if high < 0 else "not significantly different from"].append(name)
            cells.append(f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]{mark}")
        text += f"| {a} - {b} | " + " | ".join(cells) + " |\n"
        verdicts += [f"- {a} is {how} {b} in {', '.join(names)}.\n" for how, names in places.items() if names]
    text += "\n" + "".join(verdicts)

    text += "\nTotal by seed:\n\n| seed | " + " | ".join(SYSTEMS) + " |\n|---|" + "---:|" * len(SYSTEMS) + "\n"
    for seed, run in zip(SEEDS, runs):
        text += f"| {seed} | " + " | ".join(f"{percent(run[s].values()):.1f}" for s in SYSTEMS) + " |\n"
    (ROOT / "docs/results.md").write_text(text, encoding="utf-8")


main()
