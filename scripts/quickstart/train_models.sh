#!/usr/bin/env bash
# Train the quickstart's five models from scratch into recipes/quickstart/models/.
# usage: scripts/quickstart/train_models.sh [BINARY] [MODEL ...]     (default build/amalgam, all models)
# Sources see mostly their own skill and a little of the others; the target sees easy cases of everything.
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=${1:-build/amalgam}
shift || true
models=${*:-adder reverser sorter shifter target}
work=runs/quickstart-models
out=recipes/quickstart/models
mkdir -p "$work" "$out"
python3 scripts/quickstart/make_models.py "$work/configs"

train() {  # NAME EXAMPLES [--easy] SKILL=WEIGHT...
  local name=$1 examples=$2
  shift 2
  case " $models " in *" $name "*) ;; *) return 0 ;; esac
  python3 scripts/quickstart/make_data.py corpus "$work/$name.jsonl" "$examples" "$@"
  rm -rf "${work:?}/$name.init" "${work:?}/$name.trained" "${out:?}/$name"
  "$binary" init --config "$work/configs/$name/config.json" --tokenizer "$work/configs/$name" --output "$work/$name.init" --seed 7
  "$binary" sft --model "$work/$name.init" --data "$work/$name.jsonl" --output "$work/$name.trained" \
    --set sft.lr=2e-3 --set sft.batch_size=256 --set sft.max_length=128 --set sft.warmup_ratio=0.05 --set sft.seed=7
  mkdir -p "$out/$name"
  cp "$work/$name.trained"/{config,generation_config,tokenizer,tokenizer_config}.json "$work/$name.trained"/model.safetensors "$out/$name/"
}

train adder    100000 add=94 reverse=2 sort=2 shift=2
train reverser  90000 add=2 reverse=94 sort=2 shift=2
train sorter    60000 add=2 reverse=2 sort=94 shift=2
train shifter   60000 add=2 reverse=2 sort=2 shift=94
train target    80000 --easy add=1 reverse=1 sort=1 shift=1
