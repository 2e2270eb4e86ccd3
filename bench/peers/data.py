"""usage: data.py FOLDER SIZE QUADRUPLES

Random-weight Llama of SIZE (33m, 300m) and made-up preference quadruples in the official WRPO layout,
for measuring speed only. Lengths are spread as in UltraFeedback: prompts of about 170 tokens with a
long tail, responses of about 310.
"""
import json
import pathlib
import random
import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

VOCABULARY = 8192
SPECIAL = ["<|bos|>", "<|eot|>", "<|user|>", "<|assistant|>"]
COMMON = dict(max_position_embeddings=4096, rope_theta=500000.0, bos_token_id=0, eos_token_id=1,
              pad_token_id=1)
SIZES = {
    "33m": dict(vocab_size=VOCABULARY, hidden_size=512, intermediate_size=1536, num_hidden_layers=8,
                num_attention_heads=8, num_key_value_heads=4, **COMMON),
    "300m": dict(vocab_size=32000, hidden_size=1024, intermediate_size=2816, num_hidden_layers=20,
                 num_attention_heads=16, num_key_value_heads=8, **COMMON),
}
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|eot|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}")


def made_up_words(rng, count):
    letters = "abcdefghijklmnopqrstuvwxyz"
    return ["".join(rng.choices(letters, k=rng.randint(3, 6))) for _ in range(count)]


def make_tokenizer(rng, words):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    corpus = [" ".join(rng.choices(words, k=200)) for _ in range(600)]
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=SPECIAL, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(corpus, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=SPECIAL[0],
                                   eos_token=SPECIAL[1], pad_token=SPECIAL[1])
    fast.chat_template = TEMPLATE
    return fast


def main():
    folder, size, quadruples = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    rng = random.Random(0)
    torch.manual_seed(0)
    words = made_up_words(rng, 3500)
    tokenizer = make_tokenizer(rng, words)
    config = LlamaConfig(**SIZES[size])
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")

    # What the official scripts' older tokenizers can read: merges as text, not pairs.
    state = json.loads((folder / "model/tokenizer.json").read_text())
    merges = state["model"]["merges"]
    state["model"]["merges"] = [m if isinstance(m, str) else " ".join(m) for m in merges]
    (folder / "tokenizer_old.json").write_text(json.dumps(state))

    def text(median, sigma, longest):
        count = int(min(max(rng.lognormvariate(0, sigma) * median, 8), longest))
        return " ".join(rng.choices(words, k=count))

    def prompt():
        return {"role": "user", "content": text(120, 0.9, 1400)}

    def response():
        return {"role": "assistant", "content": text(280, 0.6, 1000)}

    with open(folder / "quads.jsonl", "w") as out:
        for i in range(quadruples):
            row = {"prompt_id": str(i), "prompt": prompt(), "chosen": [response(), response()],
                   "rejected": [response()]}
            out.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
