"""Prints `STEP number seconds` around each optimiser step of a transformers Trainer."""
import time

from transformers import TrainerCallback


class StepTimes(TrainerCallback):
    def on_step_begin(self, args, state, control, **kwargs):
        self.start = time.perf_counter()

    def on_step_end(self, args, state, control, **kwargs):
        print("STEP", state.global_step, round(time.perf_counter() - self.start, 3), flush=True)


# What both trainers are told; amalgam gets the same numbers from compare.py.
COMMON = dict(
    output_dir="unused", beta=0.01, learning_rate=3e-7, max_length=2048,
    per_device_train_batch_size=2, gradient_accumulation_steps=8, lr_scheduler_type="cosine",
    warmup_steps=2, bf16=True, use_cpu=True, save_strategy="no", report_to=[], disable_tqdm=True,
    seed=42)
