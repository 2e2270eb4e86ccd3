#!/usr/bin/env bash
# usage: bench/run.sh BUILD/amalgam
# amalgam beside TRL, the official WRPO trainer and Hugging Face generate, in one go on this machine.
# STEPS: optimiser steps of each trainer (the first two are left out), 6 unless set.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$1
peers=${PEERS:-.deps/peers}
steps=${STEPS:-6}
data=$peers/data-$steps

bench/setup_peers.sh
ninja -C "$(dirname "$program")" bench_matmul_rate >&2
export HF_HUB_OFFLINE=1 CUDA_VISIBLE_DEVICES= TOKENIZERS_PARALLELISM=false
export WRPO_SCRIPTS=${WRPO_SCRIPTS:-$PWD/$peers/wrpo/scripts}
if [ ! -f "$data/prompts.jsonl" ]; then
  mkdir -p "$data"
  "$peers/trl/bin/python" bench/peers/data.py "$data" $((16 * steps)) 32 >&2
fi
python3 bench/compare.py --program "$program" --peers "$peers" --data "$data" --steps "$steps"
