"""usage: hf_forward.py FOLDER logprobs|reward BATCH...

What Hugging Face takes for the 48 conversations of FOLDER, in bf16, sorted by length and padded on
the right, BATCH of them at a time: log-probabilities of the responses, or scores of a sequence
classifier. Tokens are at hand; loading is not counted. Prints `FORWARD batch seconds` for each
BATCH, then `VALUES` and a list: the mean log-probability of each response, or each score."""
import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

PAD = 1
folder, what, batches = sys.argv[1], sys.argv[2], [int(batch) for batch in sys.argv[3:]]
logprobs = what == "logprobs"
if logprobs:
    model = AutoModelForCausalLM.from_pretrained(folder + "/model", dtype=torch.bfloat16)
else:
    model = AutoModelForSequenceClassification.from_pretrained(folder + "/reward",
                                                               dtype=torch.bfloat16)
model.eval()
with open(folder + "/tuples.jsonl") as lines:
    rows = [(row["prompt_ids"], response) for row in map(json.loads, lines)
            for response in row["response_ids"]]
order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]) + len(rows[i][1]))


def values_of(indices):
    longest = max(len(rows[i][0]) + len(rows[i][1]) for i in indices)
    ids = torch.full((len(indices), longest), PAD)
    mask = torch.zeros_like(ids)
    for b, i in enumerate(indices):
        row = rows[i][0] + rows[i][1]
        ids[b, :len(row)] = torch.tensor(row)
        mask[b, :len(row)] = 1
    output = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
    if not logprobs:
        return output[:, 0].float().tolist()
    chosen = output[:, :-1].float().log_softmax(-1).gather(-1, ids[:, 1:, None])[..., 0]
    return [chosen[b, len(rows[i][0]) - 1:len(rows[i][0]) + len(rows[i][1]) - 1].mean().item()
            for b, i in enumerate(indices)]


@torch.inference_mode()
def measure(batch):
    values = [0.0] * len(rows)
    start = time.perf_counter()
    for first in range(0, len(order), batch):
        indices = order[first:first + batch]
        for i, value in zip(indices, values_of(indices)):
            values[i] = value
    print("FORWARD", batch, round(time.perf_counter() - start, 3), flush=True)
    return values


with torch.inference_mode():
    values_of(order[:1])  # what a first call sets up
for batch in batches:
    values = measure(batch)
print("VALUES", json.dumps(values))
