"""usage: hf_generate.py FOLDER SAMPLES TOKENS SECONDS

Hugging Face generate on all of FOLDER/prompts.jsonl at once (left-padded), bf16. Stops after TOKENS
new tokens or after SECONDS, if that is sooner. Prints `GENERATE steps first rest`: the steps that
were made, the seconds of the first (the prompts are in it) and those of all others."""
import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, StoppingCriteria, StoppingCriteriaList

folder, samples, tokens, limit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
tokenizer = AutoTokenizer.from_pretrained(folder + "/model", padding_side="left")
model = AutoModelForCausalLM.from_pretrained(folder + "/model", dtype=torch.bfloat16).eval()
with open(folder + "/prompts.jsonl") as lines:
    prompts = [json.loads(line)["messages"] for line in lines]
batch = tokenizer.apply_chat_template(prompts, add_generation_prompt=True, padding=True,
                                      return_tensors="pt", return_dict=True)


class StepTimes(StoppingCriteria):
    """Hears of each step; ends the call past the limit."""

    def __init__(self):
        self.start, self.ends = time.perf_counter(), []

    def __call__(self, input_ids, scores, **kwargs):
        self.ends.append(time.perf_counter() - self.start)
        stop = len(self.ends) > 1 and self.ends[-1] > limit
        return torch.full((input_ids.shape[0],), stop, dtype=torch.bool)


torch.manual_seed(0)
times = StepTimes()
with torch.inference_mode():
    model.generate(**batch, do_sample=True, temperature=0.8, top_p=0.95,
                   num_return_sequences=samples, min_new_tokens=tokens, max_new_tokens=tokens,
                   stopping_criteria=StoppingCriteriaList([times]))
print("GENERATE", len(times.ends), round(times.ends[0], 3), round(times.ends[-1] - times.ends[0], 3))
