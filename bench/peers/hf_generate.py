"""usage: hf_generate.py FOLDER SAMPLES TOKENS: Hugging Face generate on all of FOLDER/prompts.jsonl at
once (left-padded), bf16. Prints `GENERATE seconds` of the call alone."""
import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, samples, tokens = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
tokenizer = AutoTokenizer.from_pretrained(folder + "/model", padding_side="left")
model = AutoModelForCausalLM.from_pretrained(folder + "/model", dtype=torch.bfloat16).eval()
with open(folder + "/prompts.jsonl") as lines:
    prompts = [json.loads(line)["messages"] for line in lines]
batch = tokenizer.apply_chat_template(prompts, add_generation_prompt=True, padding=True,
                                      return_tensors="pt", return_dict=True)
torch.manual_seed(0)
start = time.perf_counter()
with torch.inference_mode():
    model.generate(**batch, do_sample=True, temperature=0.8, top_p=0.95,
                   num_return_sequences=samples, min_new_tokens=tokens, max_new_tokens=tokens)
print("GENERATE", round(time.perf_counter() - start, 3))
