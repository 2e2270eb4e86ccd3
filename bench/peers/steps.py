"""Prints `STEP number seconds` around each optimiser step of a transformers Trainer."""
import time

from transformers import TrainerCallback


class StepTimes(TrainerCallback):
    def on_step_begin(self, args, state, control, **kwargs):
        self.start = time.perf_counter()

    def on_step_end(self, args, state, control, **kwargs):
        print("STEP", state.global_step, round(time.perf_counter() - self.start, 3), flush=True)


def settings(steps, batch):
    """What all trainers are told; amalgam gets the same numbers from training.py."""
    return dict(
        output_dir="unused", learning_rate=3e-7, max_length=2048, max_steps=steps,
        per_device_train_batch_size=2, gradient_accumulation_steps=batch // 2,
        lr_scheduler_type="cosine", warmup_steps=2, bf16=True, use_cpu=True, save_strategy="no",
        report_to=[], disable_tqdm=True, seed=42)
