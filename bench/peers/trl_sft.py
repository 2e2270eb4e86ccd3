"""usage: trl_sft.py FOLDER STEPS BATCH: TRL's SFTTrainer on the winners y_wt of FOLDER/quads.jsonl, prompts
not supervised."""
import json
import sys

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

from steps import StepTimes, settings

folder, steps, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with open(folder + "/quads.jsonl") as lines:
    rows = [json.loads(line) for line in lines]
examples = [{"prompt": [r["prompt"]], "completion": [r["chosen"][1]]} for r in rows]
trainer = SFTTrainer(
    model=AutoModelForCausalLM.from_pretrained(folder + "/model", dtype=torch.float32),
    args=SFTConfig(gradient_checkpointing=False, **settings(steps, batch)),
    train_dataset=Dataset.from_list(examples),
    processing_class=AutoTokenizer.from_pretrained(folder + "/model"),
    callbacks=[StepTimes()])
trainer.train()
