#!/usr/bin/env python3
"""Writes a checkpoint of Llama-3-8B's shape with random bf16 weights, in four shards of 4 GB.

usage: make_checkpoint.py OUT TOKENIZER_FOLDER [LAYERS]

For measurements of loading and memory: values repeat after a million numbers, and the tokenizer may
have fewer tokens than the model. Memory holds little more than those numbers.
"""
import array
import json
import math
import pathlib
import random
import shutil
import struct
import sys

HIDDEN, MLP, HEADS, KV_HEADS, VOCABULARY, SHARDS = 4096, 14336, 32, 8, 128256, 4
BLOCK = 1 << 20


def tensors(layers):
    """Names and shapes in the order of the layers."""
    key = HIDDEN * KV_HEADS // HEADS
    yield "model.embed_tokens.weight", (VOCABULARY, HIDDEN)
    for i in range(layers):
        name = "model.layers.%d." % i
        yield name + "input_layernorm.weight", (HIDDEN,)
        for part, rows in (("q", HIDDEN), ("k", key), ("v", key), ("o", HIDDEN)):
            yield name + "self_attn.%s_proj.weight" % part, (rows, HIDDEN)
        yield name + "post_attention_layernorm.weight", (HIDDEN,)
        for part, shape in (("gate", (MLP, HIDDEN)), ("up", (MLP, HIDDEN)), ("down", (HIDDEN, MLP))):
            yield name + "mlp.%s_proj.weight" % part, shape
    yield "model.norm.weight", (HIDDEN,)
    yield "lm_head.weight", (VOCABULARY, HIDDEN)


def split(all_tensors):
    """Consecutive groups of about equal size."""
    total = sum(math.prod(shape) for _, shape in all_tensors)
    shards, done = [[] for _ in range(SHARDS)], 0
    for name, shape in all_tensors:
        shards[min(SHARDS - 1, done * SHARDS // total)].append((name, shape))
        done += math.prod(shape)
    return shards, total


def bf16(values):
    """The upper halves of little-endian fp32."""
    full = array.array("f", values).tobytes()
    halves = bytearray(len(full) // 2)
    halves[0::2], halves[1::2] = full[2::4], full[3::4]
    return bytes(halves)


def write_shard(path, shard, block):
    header, position = {}, 0
    for name, shape in shard:
        end = position + 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [position, end]}
        position = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, shape in shard:
            if len(shape) == 1:  # norms
                file.write(bf16([1.0] * shape[0]))
                continue
            for first in range(0, math.prod(shape), BLOCK):
                file.write(block[:2 * min(BLOCK, math.prod(shape) - first)])


def main():
    out, tokenizer = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    layers = int(sys.argv[3]) if len(sys.argv) > 3 else 32
    out.mkdir(parents=True)
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16",
              "hidden_size": HIDDEN, "intermediate_size": MLP, "num_hidden_layers": layers,
              "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "vocab_size": VOCABULARY,
              "max_position_embeddings": 8192, "rms_norm_eps": 1e-5, "rope_theta": 500000.0,
              "hidden_act": "silu", "tie_word_embeddings": False, "eos_token_id": VOCABULARY - 1}
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    for file in tokenizer.glob("*token*.json"):
        shutil.copy(file, out)
    numbers = random.Random(1)
    block = bf16(numbers.gauss(0, 0.02) for _ in range(BLOCK))
    shards, total = split(list(tensors(layers)))
    weight_map = {}
    for i, shard in enumerate(shards):
        name = "model-%05d-of-%05d.safetensors" % (i + 1, SHARDS)
        write_shard(out / name, shard, block)
        weight_map.update({tensor: name for tensor, _ in shard})
    index = {"metadata": {"total_size": 2 * total}, "weight_map": weight_map}
    (out / "model.safetensors.index.json").write_text(json.dumps(index))
    print("%d parameters in %s" % (total, out))


if __name__ == "__main__":
    main()
