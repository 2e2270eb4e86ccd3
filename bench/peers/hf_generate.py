"""usage: hf_generate.py FOLDER SAMPLES PROMPTS SECONDS

Hugging Face generate on the first PROMPTS rows of FOLDER/prompts.jsonl at once (left-padded), bf16.
An answer ends after its row's max_new_tokens; the call ends with the longest, or after SECONDS if
that is sooner. Prints `GENERATE steps seconds last`: the steps that were made, their seconds with
the prompts', and those of a step at the end (the mean of the last ten)."""
import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, StoppingCriteria, StoppingCriteriaList

folder, samples, prompts, limit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
tokenizer = AutoTokenizer.from_pretrained(folder + "/model", padding_side="left")
model = AutoModelForCausalLM.from_pretrained(folder + "/model", dtype=torch.bfloat16).eval()
with open(folder + "/prompts.jsonl") as lines:
    rows = [json.loads(line) for line in lines][:prompts]
batch = tokenizer.apply_chat_template([row["messages"] for row in rows], add_generation_prompt=True,
                                      padding=True, return_tensors="pt", return_dict=True)
lengths = torch.tensor([row["max_new_tokens"] for row in rows]).repeat_interleave(samples)
longest = int(lengths.max())


class Lengths(StoppingCriteria):
    """Ends each answer at its length, and the call past the limit of time; notes when steps end."""

    def __init__(self):
        self.start, self.ends = time.perf_counter(), []

    def __call__(self, input_ids, scores, **kwargs):
        self.ends.append(time.perf_counter() - self.start)
        return (lengths <= len(self.ends)) | (self.ends[-1] > limit)


torch.manual_seed(0)
steps = Lengths()
with torch.inference_mode():
    model.generate(**batch, do_sample=True, temperature=0.8, top_p=0.95,
                   num_return_sequences=samples, min_new_tokens=longest, max_new_tokens=longest,
                   stopping_criteria=StoppingCriteriaList([steps]))
ends = steps.ends
last = min(10, len(ends) - 1)
print("GENERATE", len(ends), round(ends[-1], 3), round((ends[-1] - ends[-1 - last]) / last, 4))
