"""usage: inference_data.py FOLDER SIZE

A random-weight Llama of SIZE (33m, 300m) as language model (FOLDER/model) and as reward model
(FOLDER/reward), and made-up inputs, for measuring speed only:

  prompts.jsonl        32 conversations {id, messages, max_new_tokens}, to be answered
  tuples.jsonl         16 prompts of 3 responses {id, prompt_ids, response_ids}
  conversations.jsonl  the same as 48 conversations {id, messages, ids}
  fixed.jsonl          32 prompts {id, input_ids} of 170 tokens
"""
import json
import pathlib
import random
import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification

from data import SIZES, made_up_words, make_tokenizer

# Words of the 805 prompts of AlpacaEval 2 and of 4025 answers by five models of 8 B: the middles of
# twenty parts of equal weight.
PROMPT_WORDS = [5, 6, 8, 9, 10, 11, 12, 14, 15, 17, 19, 21, 23, 25, 30, 35, 42, 51, 69, 122]
RESPONSE_WORDS = [37, 73, 114, 157, 199, 232, 259, 284, 303, 321,
                  341, 360, 379, 396, 414, 435, 460, 489, 537, 677]
TOKENS_PER_WORD = 4 / 3  # English by tokenizers of released models; a made-up word is one token
PROMPTS, TUPLES, RESPONSES, FIXED = 32, 16, 3, 170


def write_lines(path, rows):
    with open(path, "w") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


def main():
    folder, config = pathlib.Path(sys.argv[1]), SIZES[sys.argv[2]]
    rng = random.Random(0)
    torch.manual_seed(0)
    words = made_up_words(rng, 3500)
    tokenizer = make_tokenizer(rng, words)
    model = LlamaForCausalLM(LlamaConfig(**config)).to(torch.bfloat16)
    reward = LlamaForSequenceClassification(LlamaConfig(**config, num_labels=1)).to(torch.bfloat16)
    for name, each in (("model", model), ("reward", reward)):
        each.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)

    def lengths_of(table, count):
        """`count` lengths in tokens at equal distances through the table, in a random order."""
        chosen = [round(table[i * len(table) // count] * TOKENS_PER_WORD) for i in range(count)]
        rng.shuffle(chosen)
        return chosen

    def texts(role, table, count):
        return [{"role": role, "content": " ".join(rng.choices(words, k=n))}
                for n in lengths_of(table, count)]

    def encode(messages, prompt=False):
        return tokenizer.apply_chat_template(messages, add_generation_prompt=prompt,
                                             return_dict=False)

    prompts = texts("user", PROMPT_WORDS, PROMPTS)
    answers = lengths_of(RESPONSE_WORDS, PROMPTS)
    write_lines(folder / "prompts.jsonl",
                [{"id": i, "messages": [message], "max_new_tokens": tokens}
                 for i, (message, tokens) in enumerate(zip(prompts, answers, strict=True))])
    responses = iter(texts("assistant", RESPONSE_WORDS, TUPLES * RESPONSES))
    tuples, conversations = [], []
    for i, prompt in enumerate(texts("user", PROMPT_WORDS, TUPLES)):
        prompt_ids = encode([prompt], prompt=True)
        tuples.append({"id": i, "prompt_ids": prompt_ids, "response_ids": []})
        for k in range(RESPONSES):
            messages = [prompt, next(responses)]
            ids = encode(messages)
            tuples[-1]["response_ids"].append(ids[len(prompt_ids):])
            conversations.append({"id": RESPONSES * i + k, "messages": messages, "ids": ids})
    write_lines(folder / "tuples.jsonl", tuples)
    write_lines(folder / "conversations.jsonl", conversations)
    write_lines(folder / "fixed.jsonl",
                [{"id": i, "input_ids": rng.choices(range(4, 8000), k=FIXED)}
                 for i in range(PROMPTS)])


if __name__ == "__main__":
    main()
