#!/usr/bin/env python3
"""Does transformers read a folder that amalgam wrote, and compute what amalgam computes?

usage: check_transformers.py BINARY MODEL_DIR [--base DIR] [--tokens N] [--tolerance X]
Loads MODEL_DIR (or, with --base, DIR and the adapter MODEL_DIR/adapter with PEFT) with AutoModelForCausalLM and AutoTokenizer in fp32 and compares log-probabilities of
random token ids and the ids of a text with `amalgam logprobs` and `amalgam tokenize`. Needs Python with
torch and transformers; it is not part of `make test`.
"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

TEXT = "Sort the digits 3, 1, 2.\n\tGr\u00fc\u00dfe \u4f60\u597d"


def amalgam(binary, command, model, rows, *flags):
    with tempfile.TemporaryDirectory() as name:
        source, output = pathlib.Path(name, "in.jsonl"), pathlib.Path(name, "out.jsonl")
        source.write_text("".join(json.dumps(row) + "\n" for row in rows))
        subprocess.run([binary, command, "--model", model, "--input", source, "--output", output,
                        *flags], check=True)
        return [json.loads(line) for line in output.read_text().splitlines()]


def reference_logprobs(model, ids):
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].float()
    logprobs = torch.log_softmax(logits[:-1], -1)
    return logprobs.gather(1, torch.tensor(ids[1:]).unsqueeze(1)).squeeze(1).tolist()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("model")
    parser.add_argument("--base")
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--tolerance", type=float, default=2e-4)
    arguments = parser.parse_args()

    model, report = AutoModelForCausalLM.from_pretrained(
        arguments.base or arguments.model, dtype=torch.float32, attn_implementation="eager",
        output_loading_info=True)
    unclear = {kind: names for kind, names in report.items() if names}
    if unclear:
        print(f"transformers does not find its tensors: {unclear}")
        return 1
    if arguments.base:
        from peft import PeftModel
        model = PeftModel.from_pretrained(model, arguments.model + "/adapter")
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    text_ids = tokenizer(TEXT)["input_ids"]
    tokenized = amalgam(arguments.binary, "tokenize", arguments.model,
                        [{"id": "text", "text": TEXT, "add_special_tokens": True}])[0]["ids"]

    generator = random.Random(1)
    rows = [{"id": str(length), "input_ids": [generator.randrange(model.config.vocab_size)
                                              for _ in range(length)]}
            for length in (2, 17, arguments.tokens)]
    got = amalgam(arguments.binary, "logprobs", arguments.model, rows, "--dtype", "fp32")
    worst = max(abs(a - b) for row, values in zip(rows, got)
                for a, b in zip(reference_logprobs(model, row["input_ids"]), values["logprobs"],
                                strict=True))
    print(f"{arguments.model}: {type(model).__name__}, largest difference of log-probabilities "
          f"{worst:.2g}; ids of a text {'equal' if tokenized == text_ids else 'differ'}")
    return 0 if worst <= arguments.tolerance and tokenized == text_ids else 1


sys.exit(main())
