"""usage: trl_dpo.py FOLDER STEPS BATCH: TRL's DPOTrainer on the pairs (y_wt, y_l) of FOLDER/quads.jsonl."""
import json
import sys

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import DPOConfig, DPOTrainer

from steps import StepTimes, settings

folder, steps, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with open(folder + "/quads.jsonl") as lines:
    rows = [json.loads(line) for line in lines]
pairs = [{"prompt": [r["prompt"]], "chosen": [r["chosen"][1]], "rejected": [r["rejected"][0]]}
         for r in rows]
trainer = DPOTrainer(
    model=AutoModelForCausalLM.from_pretrained(folder + "/model", dtype=torch.float32),
    args=DPOConfig(beta=0.01, gradient_checkpointing=False, **settings(steps, batch)),
    train_dataset=Dataset.from_list(pairs),
    processing_class=AutoTokenizer.from_pretrained(folder + "/model"),
    callbacks=[StepTimes()])
trainer.train()
