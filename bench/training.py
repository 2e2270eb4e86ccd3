#!/usr/bin/env python3
"""Measures amalgam's training on this machine, one program after the other, and prints tables:

  training  steps of WRPO, DPO and SFT beside the official WRPO trainer and TRL; ours also without
            sharing prompts and with activation checkpointing
  growth    steps of WRPO by length, by size of micro-batches and by vocabulary, ours alone

Seconds per optimiser step, the reference's forward inside, mean of the steps after the first two
(fresh memory is slow); tokens of the examples per second, a prompt counted once; peak memory of the
process beside what `amalgam inspect` forecasts; and the share of the machine's matrix rate that the
products which a step needs at the least would be. The machine's load is printed: figures from a busy
machine say little.
"""
import json
import random
import shutil
import statistics
import sys

from measure import (Killed, measuring, parser_of, print_table, rate, read_lines, run, run_peer,
                     write_lines)

BATCH = {"33m": 16, "300m": 4}  # examples a step
SKIPPED_STEPS = 2
SETTINGS = {"lr": 3e-7, "epochs": 1, "max_length": 2048, "max_prompt_length": 1800, "dtype": "bf16"}
OBJECTIVES = {"wrpo": {"objective": "wrpo", "alpha": 0.1, "beta": 0.01},
              "dpo": {"objective": "dpo", "beta": 0.01},
              "sft": {}}
# Part growth: the sequences' lengths (a quarter of each is the prompt's), tokens of a step's
# quadruples, and the settings and vocabularies gone through.
LENGTHS, STEP_TOKENS, STEPS = [256, 512, 1024, 2048, 4096], 20480, 4
MICRO_BATCHES, VOCABULARIES = [1024, 2048, 4096, 8192, 16384], [8192, 32768, 131072]


class Model:
    """A model folder and the products of a step on it."""

    def __init__(self, folder):
        self.folder = folder
        self.config = json.loads((folder / "config.json").read_text())

    def products(self, lengths, reference):
        """GFLOP of the matrix products for examples (prompt, responses): prompts shared, logits of
        responses only; forward, twice that backward, and the reference's forward."""
        hidden, layers = self.config["hidden_size"], self.config["num_hidden_layers"]
        kv = hidden * self.config["num_key_value_heads"] // self.config["num_attention_heads"]
        weights = layers * hidden * (2 * hidden + 2 * kv + 3 * self.config["intermediate_size"])
        total = 0
        for prompt, responses in lengths:
            answered = sum(responses)
            pairs = prompt ** 2 / 2 + sum(n * prompt + n ** 2 / 2 for n in responses)
            total += 2 * (weights * (prompt + answered) + hidden * self.config["vocab_size"] * answered
                          + 2 * layers * hidden * pairs)
        return (4 if reference else 3) * total / 1e9


class Steps:
    """What a trainer took: seconds a step (None: it was killed for its memory), peak memory,
    forecast of it."""

    def __init__(self, seconds, peak, forecast=None):
        self.seconds, self.peak, self.forecast = seconds, peak, forecast


class Bench:
    def __init__(self, program, peers, scratch):
        self.program, self.peers, self.scratch = program, peers, scratch
        self.rates = []

    def log(self, name):
        return self.scratch / (name + ".log")

    def matrix_rate(self):
        self.rates.append(rate(self.program, "matmul_rate", self.log("rate")))

    def own(self, objective, model, data, batch, **settings):
        command = "sft" if objective == "sft" else "prefer"
        values = {**SETTINGS, "batch_size": batch, **OBJECTIVES[objective], **settings}
        flags = [part for key, value in values.items()
                 for part in ("--set", "%s.%s=%s" % (command, key, str(value).lower()))]
        output = self.scratch / "trained"
        shutil.rmtree(output, ignore_errors=True)
        _, _, peak = run([self.program, command, "--model", model.folder, "--data", data, "--output",
                          output, *flags], self.log(command))
        rows = read_lines(output / "metrics.jsonl")
        steps = [row["seconds"] for row in rows if "step" in row]
        reference = sum(row["reference_seconds"] for row in rows if "reference_seconds" in row)
        flags = [flag.replace("sft.", "prefer.") for flag in flags]
        inspected = json.loads(run([self.program, "inspect", "--model", model.folder, "--data", data,
                                    "--show", 0, "--json", *flags], self.log("inspect"))[0])
        return Steps(statistics.mean(steps[SKIPPED_STEPS:]) + reference / len(steps), peak,
                     inspected["memory"]["training"]["total"] / 1e9)

    def peer(self, environment, script, folder, steps, batch):
        try:
            lines, peak = run_peer(self.peers / environment / "bin/python", script, self.scratch,
                                   folder, steps, batch)
        except Killed as killed:
            return Steps(None, killed.peak)
        seconds = [float(line.split()[2]) for line in lines if line.startswith("STEP")]
        return Steps(statistics.mean(seconds[SKIPPED_STEPS:]), peak)

    def lengths(self, model, rows):
        """Tokens of the prompt and of each response, per quadruple."""
        messages = [[row["prompt"], *row["chosen"], *row["rejected"]] for row in rows]
        write_lines(self.scratch / "texts.jsonl",
                    [{"id": 0, "messages": [message]} for row in messages for message in row])
        run([self.program, "tokenize", "--model", model.folder, "--input",
             self.scratch / "texts.jsonl", "--output", self.scratch / "ids.jsonl"],
            self.log("tokenize"))
        counts = iter([len(row["ids"]) for row in read_lines(self.scratch / "ids.jsonl")])
        for row in messages:
            prompt, *responses = [next(counts) for _ in row]
            yield prompt, [count - 1 for count in responses]  # the template repeats BOS

    def training(self, size, folder, steps):
        """Rows of one size, each objective ours before its peers."""
        batch, model = BATCH[size], Model(folder / "model")
        quads = read_lines(folder / "quads.jsonl")[:batch * steps]
        lengths = list(self.lengths(model, quads))
        pairs = folder / "pairs.jsonl"
        write_lines(pairs, [{"prompt": [row["prompt"]], "chosen": row["chosen"][1:],
                             "rejected": row["rejected"]} for row in quads])
        source = self.scratch / "quads.jsonl"
        write_lines(source, quads)
        seen = {"wrpo": lengths, "dpo": [(p, r[1:]) for p, r in lengths],
                "sft": [(p, r[1:2]) for p, r in lengths]}
        rows = []

        def add(name, objective, measured):
            tokens = sum(p + sum(r) for p, r in seen[objective]) / steps
            products = model.products(seen[objective], objective != "sft") / steps
            rows.append((name, objective, measured, tokens, products))
            print("bench: %s: %s s/step" % (name, measured.seconds), file=sys.stderr)
            self.matrix_rate()

        self.matrix_rate()
        for objective, data in (("wrpo", source), ("dpo", pairs), ("sft", pairs)):
            add("amalgam, " + objective, objective, self.own(objective, model, data, batch))
        for name, settings in (("prompts not shared", {"share_prompts": False}),
                               ("activations computed twice", {"activation_checkpointing": True})):
            add("amalgam, wrpo, " + name, "wrpo", self.own("wrpo", model, source, batch, **settings))
        add("amalgam, dpo, prompts not shared", "dpo",
            self.own("dpo", model, pairs, batch, share_prompts=False))
        for name, objective, environment, script in (
                ("official WRPO trainer", "wrpo", "official", "official_wrpo.py"),
                ("TRL, dpo", "dpo", "trl", "trl_dpo.py"), ("TRL, sft", "sft", "trl", "trl_sft.py")):
            add(name, objective, self.peer(environment, script, folder, steps, batch))
        print_table("%s, %d examples a step" % (size, batch), "s/step", "amalgam is faster by",
                    "tokens/s", "of the matrix rate", "peak GB", "forecast GB")
        seconds = {name: measured.seconds for name, _, measured, *_ in rows}
        speed = statistics.mean(self.rates)
        for name, objective, measured, tokens, products in rows:
            if measured.seconds is None:
                print("| %s | killed | | | | %.2f | |" % (name, measured.peak))
                continue
            print("| %s | %.2f | %.2f | %.0f | %.1f %% | %.2f | %s |"
                  % (name, measured.seconds, measured.seconds / seconds["amalgam, " + objective],
                     tokens / measured.seconds, 100 * products / measured.seconds / speed,
                     measured.peak, "%.2f" % measured.forecast if measured.forecast else ""))
        apart = ", prompts not shared"
        print("\nwrpo takes %.2f times the time of dpo, %.2f times without sharing prompts"
              % (seconds["amalgam, wrpo"] / seconds["amalgam, dpo"],
                 seconds["amalgam, wrpo" + apart] / seconds["amalgam, dpo" + apart]))

    def growth(self, folder):
        """WRPO on made-up quadruples of one length."""
        model = Model(folder / "model")

        def grow(title, cases):
            print_table(title, "s/step", "tokens/s", "of the matrix rate", "peak GB", "forecast GB")
            for name, case, length, settings in cases:
                prompt, response = length // 4, length - length // 4
                batch = max(1, STEP_TOKENS // (prompt + 3 * response))
                data = self.scratch / "grown.jsonl"
                rng = random.Random(length)
                ids = lambda count: rng.choices(range(4, 7000), k=count)
                write_lines(data, [{"prompt_ids": ids(prompt), "rejected_ids": [ids(response)],
                                    "chosen_ids": [ids(response), ids(response)]}
                                   for _ in range(STEPS * batch)])
                measured = self.own("wrpo", case, data, batch, max_length=max(LENGTHS), **settings)
                self.matrix_rate()
                products = case.products([(prompt, [response] * 3)] * batch, True)
                print("| %s | %.2f | %.0f | %.1f %% | %.2f | %.2f |"
                      % (name, measured.seconds, batch * (prompt + 3 * response) / measured.seconds,
                         100 * products / measured.seconds / statistics.mean(self.rates[-2:]),
                         measured.peak, measured.forecast))
                sys.stdout.flush()

        self.matrix_rate()
        grow("length", [("%d tokens" % n, model, n, {}) for n in LENGTHS])
        grow("micro_batch_tokens", [(str(n), model, 1024, {"micro_batch_tokens": n})
                                    for n in MICRO_BATCHES])
        grow("vocabulary", [(str(n), self.with_vocabulary(model, n), 1024, {})
                            for n in VOCABULARIES])

    def with_vocabulary(self, model, count):
        folder, config = self.scratch / ("vocabulary%d" % count), self.scratch / "config.json"
        config.write_text(json.dumps({**model.config, "vocab_size": count}))
        run([self.program, "init", "--config", config, "--tokenizer", model.folder, "--output", folder],
            self.log("init"))
        return Model(folder)


def main():
    parser = parser_of(__doc__, ["training", "growth"])
    parser.add_argument("--steps", type=int, required=True)
    args = parser.parse_args()
    with measuring() as scratch:
        for part in args.parts:
            bench = Bench(args.program, args.peers, scratch)
            if part == "training":
                for size in args.sizes:
                    bench.training(size, args.data / size, args.steps)
            else:
                bench.growth(args.data / args.sizes[0])
            print("\nmatrix rate, bf16 2048-cubes: %s GFLOP/s"
                  % " ".join("%.0f" % rate for rate in bench.rates))


if __name__ == "__main__":
    main()
