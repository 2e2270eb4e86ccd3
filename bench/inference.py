#!/usr/bin/env python3
"""Measures amalgam's forward passes beside its peers, in turns, and prints a table a part:

  logprobs  log-probabilities of 3 responses to each prompt, beside Hugging Face
  reward    a sequence classifier's scores of the same conversations, beside Hugging Face
  generate  5 samples for each prompt, answers of real lengths, beside Hugging Face generate
  decode    new tokens for 1, 5 and 160 sequences, beside llama.cpp's llama-batched-bench, and what
            a step of decoding takes beside what memory and matrix rate would allow

Lengths are those of real data (bench/peers/inference_data.py), types bf16. Loading is counted for
no one. amalgam's times hold tokenizing, reading and writing JSON; its peers find tokens at hand.
Each figure is the median of the repeats, with the lowest and the highest; a peer that a single run
takes long is not repeated. The machine's load is printed: figures from a busy machine say little.
"""
import json
import os
import statistics
import sys

from measure import (measuring, parser_of, print_table, rate, read_lines, run, run_peer, spread,
                     write_lines)

PARTS = ["logprobs", "reward", "generate", "decode"]
BATCHES = ["4", "8", "16"]  # Hugging Face's batch: the fastest of these in the first round is taken
SAMPLES = 5
GENERATED = {"33m": 32, "300m": 8}  # prompts of the part generate
GENERATE_SECONDS = 400  # after which Hugging Face generate stops
# Tokens of each prompt, and new ones, of the part decode; sequences, and prompts they belong to.
FIXED_PROMPT = 170
DECODED = {"33m": {1: 128, 5: 128, 160: 128}, "300m": {1: 128, 5: 128, 160: 32}}
PROMPTS_OF = {1: 1, 5: 1, 160: 32}
LARGE_MIB = 2048  # far more than caches hold
AGREEMENT = 0.1  # largest mean distance of log-probabilities or scores between bf16 programs
SLOW = 60  # seconds of a peer that is not run again


class Size:
    """The measurements of one model size."""

    def __init__(self, args, size, scratch):
        self.program, self.peers, self.repeats = args.program, args.peers, args.repeats
        self.size, self.data, self.scratch = size, args.data / size, scratch
        self.config = json.loads((self.data / "model/config.json").read_text())

    def log(self, name):
        return self.scratch / (name + ".log")

    def table(self, title, *columns):
        print_table("%s, %s" % (self.size, title), *columns)

    def rate(self, name, *arguments):
        return rate(self.program, name, self.log(name), *arguments)

    def own(self, command, model, source, *flags):
        """The rows that amalgam writes, its metrics, peak memory inside ("peak_gb")."""
        output, metrics = self.scratch / "output.jsonl", self.scratch / "metrics.json"
        _, _, peak = run([self.program, command, "--model", self.data / model, "--input", source,
                          "--output", output, "--metrics", metrics, "--dtype", "bf16", *flags],
                         self.log(command))
        return read_lines(output), {**json.loads(metrics.read_text()), "peak_gb": peak}

    def hugging_face(self, script, *arguments):
        """The lines that a script prints, first word and rest, and its peak memory in GB."""
        lines, peak = run_peer(self.peers / "trl/bin/python", script, self.scratch, self.data,
                               *arguments)
        return [line.split(maxsplit=1) for line in lines], peak

    def forward(self, what):
        """logprobs or reward. Both programs must give the same values."""
        tokens = sum(len(row["ids"]) for row in read_lines(self.data / "conversations.jsonl"))
        own, peer, batches = [], [], BATCHES
        for _ in range(self.repeats):
            if what == "logprobs":
                rows, metrics = self.own("logprobs", "model", self.data / "tuples.jsonl")
                values = [statistics.mean(each) for row in rows for each in row["logprobs"]]
            else:
                rows, metrics = self.own("score", "reward", self.data / "conversations.jsonl")
                values = [row["score"] for row in rows]
            own.append(metrics["seconds"])
            if peer and peer[0] > SLOW:
                continue
            lines, peak = self.hugging_face("hf_forward.py", what, *batches)
            timed = [line[1].split() for line in lines if line[0] == "FORWARD"]
            batch, seconds = min(timed, key=lambda pair: float(pair[1]))
            batches = [batch]
            peer.append(float(seconds))
            theirs = json.loads(lines[-1][1])
            distance = statistics.mean(abs(a - b) for a, b in zip(values, theirs, strict=True))
            if not distance < AGREEMENT:
                sys.exit("inference: %s differ from Hugging Face's by %g" % (what, distance))
        self.compare("%s, %d conversations" % (what, len(values)), tokens, (
            ("amalgam", own, metrics["peak_gb"]),
            ("Hugging Face, batches of %s" % batches[0], peer, peak)))
        print("\nmean distance of the values: %.2g" % distance)

    def compare(self, title, tokens, rows):
        """A table of (name, seconds, peak memory), the first of them ourselves."""
        self.table("%s, %d tokens" % (title, tokens), "s", "amalgam is faster by", "tokens/s",
                   "peak GB")
        own = statistics.median(rows[0][1])
        for name, seconds, peak in rows:
            median = statistics.median(seconds)
            print("| %s | %s | %.2f | %.0f | %.1f |"
                  % (name, spread(seconds), median / own, tokens / median, peak))

    def generate(self):
        own, prompts = [], read_lines(self.data / "prompts.jsonl")[:GENERATED[self.size]]
        longest = max(row["max_new_tokens"] for row in prompts)
        source = self.scratch / "prompts.jsonl"
        write_lines(source, prompts)
        for _ in range(self.repeats):
            _, metrics = self.own("generate", "model", source, *self.sampling(SAMPLES, longest))
            own.append(metrics["prefill_seconds"] + metrics["decode_seconds"])
        ((_, line),), peak = self.hugging_face("hf_generate.py", SAMPLES, len(prompts),
                                               GENERATE_SECONDS)
        steps, seconds, last = line.split()
        missing = longest - int(steps)
        self.compare("generate, %d prompts of %d samples" % (len(prompts), SAMPLES),
                     metrics["tokens"],
                     (("amalgam", own, metrics["peak_gb"]),
                      ("Hugging Face generate", [float(seconds) + missing * float(last)], peak)))
        print("\nanswers of %d to %d tokens" % (min(row["max_new_tokens"] for row in prompts), longest))
        if missing:
            print("\nHugging Face generate made %s steps in %s s; the other %d, longer ones, are "
                  "reckoned like its last." % (steps, seconds, missing))

    @staticmethod
    def sampling(samples, tokens):
        return ["-n", samples, "--max-new-tokens", tokens, "--temperature", 0.8, "--top-p", 0.95,
                "--ignore-eos"]

    def decode(self):
        """Steps of decoding alone on both sides, sampling inside on ours."""
        own = {count: [] for count in PROMPTS_OF}
        peer = {count: [] for count in PROMPTS_OF}
        fixed = read_lines(self.data / "fixed.jsonl")
        for _ in range(self.repeats):
            for count, prompts in PROMPTS_OF.items():
                tokens = DECODED[self.size][count]
                source = self.scratch / "fixed.jsonl"
                write_lines(source, fixed[:prompts])
                _, metrics = self.own("generate", "model", source,
                                      *self.sampling(count // prompts, tokens))
                own[count].append(metrics["decode_seconds"] / metrics["decode_steps"])
                if peer[count] and peer[count][0] * tokens > SLOW / 2:
                    continue
                peer[count].append(self.llama_step(count, tokens))
        self.table("decode", "ms a step, amalgam", "ms a step, llama.cpp", "amalgam is faster by",
                   "tokens/s")
        for count in PROMPTS_OF:
            step, theirs = statistics.median(own[count]), statistics.median(peer[count])
            print("| %d sequences | %s | %s | %.2f | %.0f |"
                  % (count, spread([1e3 * s for s in own[count]]),
                     spread([1e3 * s for s in peer[count]]), theirs / step, count / step))
        self.limits({count: statistics.median(steps) for count, steps in own.items()})

    def llama_step(self, sequences, tokens):
        """Seconds of a decoding step of llama.cpp, each sequence with a prompt of its own."""
        program = self.peers / "llama.cpp/build/bin/llama-batched-bench"
        cells = (FIXED_PROMPT + tokens + 255) // 256 * 256  # of a sequence
        for _ in range(3):  # now and then it ends well without a line
            output = run([program, "-m", self.data / "model.gguf", "-c", sequences * cells,
                          "-npp", FIXED_PROMPT, "-ntg", tokens, "-npl", sequences,
                          "-t", os.cpu_count(), "--output-format", "jsonl"], self.log("llama"))[0]
            for line in output.splitlines():
                if line.startswith("{"):
                    return json.loads(line)["t_tg"] / tokens
        sys.exit("inference: llama-batched-bench gave no figures, see %s" % self.log("llama"))

    def limits(self, steps):
        """What a step reads and computes, beside the machine's rates."""
        config = self.config
        hidden, layers = config["hidden_size"], config["num_hidden_layers"]
        kv = hidden * config["num_key_value_heads"] // config["num_attention_heads"]
        weights = (layers * hidden * (2 * hidden + 2 * kv + 3 * config["intermediate_size"])
                   + hidden * config["vocab_size"])
        near = self.rate("memory_rate", 2 * weights >> 20)
        far = self.rate("memory_rate", LARGE_MIB)
        matrix = self.rate("matmul_rate")
        self.table("a step of decoding", "MB read", "GB/s", "of the rate of memory",
                   "of the rate of as many bytes", "GFLOP/s", "of the matrix rate")
        for count, seconds in steps.items():
            answer = DECODED[self.size][count] / 2  # tokens of an answer so far, in the mean
            cache = 2 * 2 * kv * layers * (PROMPTS_OF[count] * FIXED_PROMPT + count * answer)
            products = 2 * weights * count + 4 * hidden * layers * count * (FIXED_PROMPT + answer)
            speed, work = (2 * weights + cache) / seconds / 1e9, products / seconds / 1e9
            print("| %d sequences | %.0f | %.1f | %.0f %% | %.0f %% | %.0f | %.0f %% |"
                  % (count, (2 * weights + cache) / 1e6, speed, 100 * speed / far,
                     100 * speed / near, work, 100 * work / matrix))
        print("\nread by all cores: %.1f GB/s of %d MiB, %.1f of the weights' %d MiB; bf16 products of "
              "2048-cubes: %.0f GFLOP/s" % (far, LARGE_MIB, near, 2 * weights >> 20, matrix))

    def measure(self, part):
        if part in ("logprobs", "reward"):
            self.forward(part)
        else:
            getattr(self, part)()
        sys.stdout.flush()


def main():
    parser = parser_of(__doc__, PARTS)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    with measuring() as scratch:
        for size in args.sizes:
            for part in args.parts:
                Size(args, size, scratch).measure(part)


if __name__ == "__main__":
    main()
