#!/usr/bin/env bash
# usage: bench/run.sh BUILD/amalgam [PART...]
# amalgam beside its peers on this machine, in one go. Parts, all of them unless some are named:
#   training                             beside TRL and the official WRPO trainer
#   growth                               of a training step, by length, micro-batch and vocabulary
#   logprobs, reward, generate, decode   beside Hugging Face and llama.cpp, models of 33 M and 300 M
# STEPS: optimiser steps of each trainer (the first two are left out), 5 unless set.
# SIZES: of the models, "33m 300m" unless set. REPEATS: of the figures of inference, 3 unless set.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$1
shift
parts=${*:-training growth logprobs reward generate decode}
peers=${PEERS:-.deps/peers}
steps=${STEPS:-5}
sizes=${SIZES:-33m 300m}

export HF_HUB_OFFLINE=1 CUDA_VISIBLE_DEVICES= TOKENIZERS_PARALLELISM=false

training=
inference=
for part in $parts; do
  case $part in
    training | growth) training="$training $part" ;;
    logprobs | reward | generate | decode) inference="$inference $part" ;;
    *)
      echo "bench: no part \"$part\"; there are training, growth, logprobs, reward, generate and decode" >&2
      exit 2
      ;;
  esac
done

bench/setup_peers.sh ${training:+training} ${inference:+inference}

# stale FOLDER SCRIPT: whether SCRIPT is newer than what it made in FOLDER, which is then emptied
stale() {
  [ ! "$1/.complete" -nt "$2" ] && rm -rf "$1" && mkdir -p "$1"
}

if [ -n "$training" ]; then
  export WRPO_SCRIPTS=${WRPO_SCRIPTS:-$PWD/$peers/wrpo/scripts}
  for size in $sizes; do
    data=$peers/training-$steps/$size
    if stale "$data" bench/peers/data.py; then
      "$peers/trl/bin/python" bench/peers/data.py "$data" "$size" $((16 * steps)) >&2
      touch "$data/.complete"
    fi
  done
  python3 bench/training.py --program "$program" --peers "$peers" --data "$peers/training-$steps" \
    --sizes $sizes --parts $training --steps "$steps"
fi

if [ -n "$inference" ]; then
  for size in $sizes; do
    data=$peers/inference/$size
    if stale "$data" bench/peers/inference_data.py; then
      "$peers/trl/bin/python" bench/peers/inference_data.py "$data" "$size" >&2
      "$peers/trl/bin/python" bench/peers/to_gguf.py "$peers/llama.cpp/source" "$data/model" \
        --outfile "$data/model.gguf" --outtype bf16 >"$data/to_gguf.log" 2>&1 ||
        { echo "bench: cannot convert the model, see $data/to_gguf.log" >&2; exit 1; }
      touch "$data/.complete"
    fi
  done
  python3 bench/inference.py --program "$program" --peers "$peers" --data "$peers/inference" \
    --sizes $sizes --parts $inference --repeats "${REPEATS:-3}"
fi
