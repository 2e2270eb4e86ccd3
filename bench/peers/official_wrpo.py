"""usage: official_wrpo.py FOLDER STEPS BATCH: the official WRPO trainer (its scripts in WRPO_SCRIPTS) on the
quadruples of FOLDER/quads.jsonl, called as its run_wrpo.py does."""
import dataclasses
import json
import os
import sys

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast
from trl import DPOConfig

from steps import StepTimes, settings

sys.path.insert(0, os.environ["WRPO_SCRIPTS"])
from wrpo_trainer import WRPOTrainer  # noqa: E402


@dataclasses.dataclass
class WRPOConfig(DPOConfig):
    alpha: float = 0.1
    is_dynamic: bool = True
    loss_type: str = "wrpo"


folder, steps, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
tokenizer = PreTrainedTokenizerFast(tokenizer_file=folder + "/tokenizer_old.json",
                                    bos_token="<|bos|>", eos_token="<|eot|>", pad_token="<|eot|>")
with open(folder + "/model/chat_template.jinja") as template:
    tokenizer.chat_template = template.read()


def render(message):
    return tokenizer.apply_chat_template([message], tokenize=False)


def render_response(message):
    return render(message)[len(tokenizer.bos_token):]


with open(folder + "/quads.jsonl") as lines:
    rows = [json.loads(line) for line in lines]
data = Dataset.from_list([
    {"prompt": render(r["prompt"]), "chosen": [render_response(m) for m in r["chosen"]],
     "rejected": [render_response(m) for m in r["rejected"]]} for r in rows])


def load():
    return AutoModelForCausalLM.from_pretrained(folder + "/model", torch_dtype=torch.float32)


trainer = WRPOTrainer(
    model=load(), ref_model=load(), beta=0.01, loss_type="wrpo", max_length=2048,
    max_prompt_length=1800, tokenizer=tokenizer, train_dataset=data, callbacks=[StepTimes()],
    args=WRPOConfig(beta=0.01, max_prompt_length=1800, remove_unused_columns=False,
                    **settings(steps, batch)))
trainer.train()
