#!/usr/bin/env python3
"""Write config.json and tokenizer files of the quickstart's five models (no weights).

usage: make_models.py FOLDER      makes FOLDER/{adder,reverser,sorter,shifter,target}/

Four families with four kinds of tokenizer, and a target that shares none of them. The vocabularies are small
on purpose: bytes or characters, and the words of the instructions as single tokens.
"""
import json, pathlib, sys

WORDS = ["Add", "Reverse", "Sort", "Shift"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
PLAIN = ("{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}{{ eos_token }}{% endfor %}"
         "{% if add_generation_prompt %}<|assistant|>{% endif %}")
CHATML = ("{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
          "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")
INST = ("{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}[INST]{{ message['content'] }}[/INST]"
        "{% else %}{{ message['content'] }}{{ eos_token }}{% endif %}{% endfor %}")
TURNS = ("{{ bos_token }}{% for message in messages %}<start_of_turn>{{ 'model' if message['role'] == 'assistant' else message['role'] }}\n"
         "{{ message['content'] }}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}")


def byte_alphabet():
    """The printable stand-ins of the 256 bytes that byte-level BPE uses."""
    plain = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    moved = [b for b in range(256) if b not in plain]
    table = {b: chr(b) for b in plain} | {b: chr(256 + k) for k, b in enumerate(moved)}
    return [table[b] for b in range(256)]


def merges_of(words):
    """Merges that build each word from left to right, shared prefixes once."""
    pairs = {}
    for word in words:
        for end in range(1, len(word)):
            pairs[word[:end], word[end]] = None
    return [list(pair) for pair in pairs]


def special(first, names):
    return [{"id": first + k, "content": name, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
             "special": True} for k, name in enumerate(names)]


def bos_processor(token, number):
    return {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": token, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {token: {"id": token, "ids": [number], "tokens": [token]}}}


def bpe(vocab, merges, **options):
    return {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
            "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "vocab": {t: k for k, t in enumerate(vocab)},
            "merges": merges} | options


def byte_level(words, ignore_merges, specials, digits, bos):
    """Llama-3 and Qwen2 style: byte-level BPE behind a splitting pattern."""
    vocab = byte_alphabet()
    merges = [] if ignore_merges else merges_of(words)
    vocab += words if ignore_merges else ["".join(pair) for pair in merges]
    pattern = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + digits + r"| ?[^\s\p{L}\p{N}]+|\s+"
    added = special(len(vocab), specials)
    ids = {token["content"]: token["id"] for token in added}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
            "normalizer": {"type": "NFC"} if bos is None else None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}]},
            "post_processor": bos_processor(bos, ids[bos]) if bos else None,
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": bpe(vocab, merges, ignore_merges=ignore_merges)}, len(vocab) + len(specials)


def pieces(specials, bos, metaspace):
    """Mistral and Gemma style: pieces with a visible space and byte fallback."""
    merges = merges_of(WORDS)
    vocab = specials + [f"<0x{b:02X}>" for b in range(256)] + ["\u2581"] + list(LETTERS + "ARS0123456789.")
    vocab += ["".join(pair) for pair in merges]
    decoders = [{"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]
    if metaspace:
        normalizer, splitter = None, {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "never", "split": False}
    else:
        normalizer = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}
        splitter = {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": special(0, specials), "normalizer": normalizer,
            "pre_tokenizer": splitter, "post_processor": bos_processor(bos, specials.index(bos)),
            "decoder": {"type": "Sequence", "decoders": decoders},
            "model": bpe(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)}, len(vocab)


COMMON = {"hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2,
          "max_position_embeddings": 512, "rope_theta": 10000.0, "initializer_range": 0.02, "hidden_act": "silu", "torch_dtype": "bfloat16",
          "tie_word_embeddings": True, "attention_dropout": 0.0, "use_cache": True}


def models():
    adder = ["<|begin_of_text|>", "<|end_of_text|>", "<|user|>", "<|assistant|>"]
    yield ("adder", byte_level([*WORDS, "\u0120and"], True, adder, "{1,3}", adder[0]), PLAIN, adder[0], adder[1], adder[1],
           {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "rms_norm_eps": 1e-5, "attention_bias": False, "mlp_bias": False})
    inst = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]"]
    yield ("reverser", pieces(inst, "<s>", True), INST, "<s>", "</s>", "</s>",
           {"architectures": ["MistralForCausalLM"], "model_type": "mistral", "rms_norm_eps": 1e-5, "sliding_window": 256})
    chatml = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    yield ("sorter", byte_level(WORDS, False, chatml, "", None), CHATML, None, "<|im_end|>", "<|endoftext|>",
           {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "rms_norm_eps": 1e-6, "use_sliding_window": False,
            "sliding_window": None, "max_window_layers": 4})
    turns = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
    yield ("shifter", pieces(turns, "<bos>", False), TURNS, "<bos>", "<end_of_turn>", "<pad>",
           {"architectures": ["Gemma2ForCausalLM"], "model_type": "gemma2", "rms_norm_eps": 1e-6, "head_dim": 32, "query_pre_attn_scalar": 32,
            "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0, "sliding_window": 256, "hidden_act": "gelu_pytorch_tanh",
            "hidden_activation": "gelu_pytorch_tanh", "attention_bias": False})
    target = ["<|begin|>", "<|end|>", "<|user|>", "<|assistant|>"]
    yield ("target", byte_level([*WORDS, "\u0120and"], True, target, "", target[0]), PLAIN, target[0], target[1], target[1],
           {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "rms_norm_eps": 1e-5, "attention_bias": False, "mlp_bias": False})


def write(path, value):
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for name, (tokenizer, vocab), template, bos, eos, pad, config in models():
        folder = pathlib.Path(sys.argv[1], name)
        folder.mkdir(parents=True, exist_ok=True)
        ids = {t: k for t, k in tokenizer["model"]["vocab"].items()} | {t["content"]: t["id"] for t in tokenizer["added_tokens"]}
        numbers = {"bos_token_id": ids[bos] if bos else None, "eos_token_id": ids[eos], "pad_token_id": ids[pad]}
        write(folder / "tokenizer.json", tokenizer)
        write(folder / "tokenizer_config.json", {
            "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512, "bos_token": bos, "eos_token": eos, "pad_token": pad,
            "unk_token": "<unk>" if "<unk>" in ids else None, "clean_up_tokenization_spaces": False, "chat_template": template})
        write(folder / "config.json", config | COMMON | numbers | {"vocab_size": vocab} | {k: config[k] for k in config if k in COMMON})
        write(folder / "generation_config.json", {k: v for k, v in numbers.items() if v is not None} | {"do_sample": True})


main()
