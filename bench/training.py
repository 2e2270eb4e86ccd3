#!/usr/bin/env python3
"""Measures amalgam's training beside its peers, one after the other in one go, and prints a table.

Seconds per optimiser step of 16 examples, the reference's forward inside, mean of the steps
after the first two (fresh memory is slow); tokens of the examples per second, a prompt counted once;
peak memory of the process; and the share of the machine's matrix rate that the products this step
needs at the least would be.

The machine's load before and after is printed: figures from a busy machine say little.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BATCH = 16
SKIPPED_STEPS = 2
TRAINING = {"objective": "wrpo", "alpha": 0.1, "beta": 0.01, "lr": 3e-7, "batch_size": BATCH,
            "epochs": 1, "max_length": 2048, "max_prompt_length": 1800, "dtype": "bf16"}


def run(command, log):
    """Output, seconds and peak memory in GB of a command; its messages go to `log`."""
    print("compare: " + " ".join(str(part) for part in command[:3]), file=sys.stderr)
    start = time.perf_counter()
    with open(log, "w") as errors:
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE,
                                   stderr=errors, text=True)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit("compare: failed, see %s: %s" % (log, " ".join(map(str, command))))
    return output, time.perf_counter() - start, usage.ru_maxrss / 1e6


def read_lines(path):
    with open(path) as lines:
        return [json.loads(line) for line in lines]


def write_lines(path, rows):
    with open(path, "w") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


class Bench:
    def __init__(self, args):
        self.program, self.peers, self.data = args.program, args.peers, args.data
        self.steps, self.scratch = args.steps, pathlib.Path(tempfile.mkdtemp(prefix="bench-"))
        self.model = self.data / "model"
        self.rates = []

    def log(self, name):
        return self.scratch / (name + ".log")

    def matrix_rate(self):
        program = self.program.parent / "bench/bench_matmul_rate"
        self.rates.append(float(run([program], self.log("rate"))[0]))

    def peer(self, environment, script, *arguments):
        python = self.peers / environment / "bin/python"
        script = pathlib.Path(__file__).parent / "peers" / script
        return run([python, script, self.data, *arguments], self.log(script.stem))

    def peer_steps(self, environment, script):
        output, _, peak = self.peer(environment, script, self.steps)
        steps = [float(line.split()[2]) for line in output.splitlines() if line.startswith("STEP")]
        return statistics.mean(steps[SKIPPED_STEPS:]), peak

    def own_steps(self):
        output = self.scratch / "trained"
        settings = [part for key, value in TRAINING.items()
                    for part in ("--set", "prefer.%s=%s" % (key, value))]
        _, _, peak = run([self.program, "prefer", "--model", self.model, "--data",
                          self.data / "quads.jsonl", "--output", output, *settings],
                         self.log("prefer"))
        rows = read_lines(output / "metrics.jsonl")
        steps = [row["seconds"] for row in rows if "step" in row]
        reference = sum(row["reference_seconds"] for row in rows if "reference_seconds" in row)
        return statistics.mean(steps[SKIPPED_STEPS:]) + reference / len(steps), peak

    def lengths(self):
        """Tokens of the prompt and of each response, per quadruple."""
        rows = read_lines(self.data / "quads.jsonl")
        messages = [[row["prompt"], *row["chosen"], *row["rejected"]] for row in rows]
        write_lines(self.scratch / "texts.jsonl",
                    [{"id": 0, "messages": [message]} for row in messages for message in row])
        run([self.program, "tokenize", "--model", self.model, "--input",
             self.scratch / "texts.jsonl", "--output", self.scratch / "ids.jsonl"],
            self.log("tokenize"))
        counts = iter([len(row["ids"]) for row in read_lines(self.scratch / "ids.jsonl")])
        for row in messages:
            prompt, *responses = [next(counts) for _ in row]
            yield prompt, [count - 1 for count in responses]  # the template repeats BOS

    def step_products(self, lengths):
        """GFLOP of the matrix products in one WRPO step, prompts shared, logits of responses only."""
        config = json.loads((self.model / "config.json").read_text())
        hidden, layers = config["hidden_size"], config["num_hidden_layers"]
        kv = hidden * config["num_key_value_heads"] // config["num_attention_heads"]
        weights = layers * hidden * (2 * hidden + 2 * kv + 3 * config["intermediate_size"])
        total = 0
        for prompt, responses in lengths:
            answered = sum(responses)
            pairs = prompt ** 2 / 2 + sum(n * prompt + n ** 2 / 2 for n in responses)
            total += 2 * (weights * (prompt + answered) + hidden * config["vocab_size"] * answered
                          + 2 * layers * hidden * pairs)
        forward = total / len(lengths) * BATCH / 1e9
        return 4 * forward  # policy forward and backward (twice the forward), reference forward

    def training(self):
        lengths = list(self.lengths())
        quadruple = statistics.mean(prompt + sum(rest) for prompt, rest in lengths) * BATCH
        pair = statistics.mean(prompt + sum(rest[1:]) for prompt, rest in lengths) * BATCH
        self.matrix_rate()
        own = self.own_steps()
        self.matrix_rate()
        official = self.peer_steps("official", "official_wrpo.py")
        trl = self.peer_steps("trl", "trl_dpo.py")
        self.matrix_rate()
        products = self.step_products(lengths)
        print("| training, 16 examples a step | s/step | amalgam is faster by | tokens/s | peak GB |")
        print("|---|---|---|---|---|")
        for name, (seconds, peak), tokens in (
                ("amalgam, WRPO, quadruples", own, quadruple),
                ("official WRPO trainer, quadruples", official, quadruple),
                ("TRL DPO, pairs", trl, pair)):
            print("| %s | %.2f | %.2f | %.0f | %.1f |"
                  % (name, seconds, seconds / own[0], tokens / seconds, peak))
        print("\nmatrix rate, bf16 2048-cubes: %s GFLOP/s; the step's products, %.0f GFLOP, are %.0f %% "
              "of it\n" % (" ".join("%.0f" % rate for rate in self.rates), products,
                           100 * products / own[0] / statistics.mean(self.rates)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--peers", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    args = parser.parse_args()
    bench = Bench(args)
    print("load before: %.1f %.1f %.1f\n" % os.getloadavg())
    bench.training()
    print("\nload after: %.1f %.1f %.1f" % os.getloadavg())
    shutil.rmtree(bench.scratch)


if __name__ == "__main__":
    main()
