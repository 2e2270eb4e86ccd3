"""usage: to_gguf.py LLAMA_CPP MODEL --outfile FILE --outtype bf16: llama.cpp's convert_hf_to_gguf.py for a
tokenizer that it does not know. LLAMA_CPP is its source folder."""
import sys

sys.path.insert(0, sys.argv.pop(1))
import convert_hf_to_gguf  # noqa: E402
from conversion.base import TextModel  # noqa: E402

TextModel.get_vocab_base_pre = lambda self, tokenizer: "llama-bpe"
convert_hf_to_gguf.main()
