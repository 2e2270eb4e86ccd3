#!/usr/bin/env bash
# usage: bench/setup_peers.sh [training] [inference]
# Sets up what bench/run.sh measures beside amalgam, outside git:
#   .deps/peers/trl        TRL's DPO trainer and Hugging Face's models, as released now
#   .deps/peers/official   the versions which the official WRPO scripts were written for (training)
#   .deps/peers/llama.cpp  llama-batched-bench, built for this processor (inference)
# Python's torch loads all of its CUDA libraries even where there is no GPU: about 7 GB each.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
peers=${PEERS:-.deps/peers}

say() { echo "peers: $*" >&2; }
die() { say "$*"; exit 2; }

# setup NAME REQUIREMENT...
setup() {
  local name=$1 dir=$peers/$1
  shift
  if [ -f "$dir/.complete" ] && [ "$(cat "$dir/.complete")" = "$*" ]; then
    say "$dir is there"
    return
  fi
  say "making $dir: $*"
  rm -rf "$dir"
  "$python" -m venv "$dir" || die "cannot make a virtual environment with $python (apt install python3-venv)"
  "$dir/bin/pip" install -q torch==2.11.0 "$@" || die "pip could not install $* (network? Python 3.10 to 3.12 needed)"
  "$dir/bin/python" -c 'import torch, transformers, trl; print("peers: torch", torch.__version__, "transformers", transformers.__version__, "trl", trl.__version__)' >&2
  echo "$*" >"$dir/.complete"
}

official() {
  setup official transformers==4.43.3 trl==0.9.6 accelerate==0.31.0 datasets==2.20.0 \
    "pyarrow<17" "numpy<2" peft==0.10.0 rich
  # The scripts are no package: a clone, or the folder WRPO_SCRIPTS.
  if [ -z "${WRPO_SCRIPTS:-}" ] && [ ! -f "$peers/wrpo/scripts/wrpo_trainer.py" ]; then
    say "cloning the official WRPO scripts"
    rm -rf "$peers/wrpo"
    git clone -q --depth 1 https://github.com/SLIT-AI/WRPO "$peers/wrpo" ||
      die "cannot clone SLIT-AI/WRPO; set WRPO_SCRIPTS to its folder scripts"
  fi
}

llama_cpp() {
  # llama.cpp, as the source distribution of llama-cpp-python holds it.
  local llama=$peers/llama.cpp
  local release=llama_cpp_python-0.3.36
  if [ ! -f "$llama/source/CMakeLists.txt" ]; then
    say "fetching llama.cpp ($release)"
    rm -rf "$llama"
    mkdir -p "$llama/source"
    "$peers/trl/bin/pip" download -q --no-deps --no-binary llama-cpp-python -d "$llama" \
      "llama-cpp-python==${release##*-}" || die "pip could not download llama-cpp-python (network?)"
    tar xzf "$llama/$release.tar.gz" -C "$llama/source" --strip-components=3 "$release/vendor/llama.cpp"
    rm "$llama/$release.tar.gz"
  fi
  if [ ! -f "$llama/build/.complete" ]; then
    say "building llama-batched-bench"
    # Its conversion imports sentencepiece for every Llama.
    "$peers/trl/bin/pip" install -q sentencepiece || die "pip could not install sentencepiece (network?)"
    cmake -G Ninja -S "$llama/source" -B "$llama/build" -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON \
      -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
      -DLLAMA_BUILD_APP=OFF -Wno-dev >"$llama/configure.log" 2>&1 ||
      die "cannot configure llama.cpp, see $llama/configure.log"
    nice -n 10 ninja -j 2 -C "$llama/build" llama-batched-bench >"$llama/build.log" 2>&1 ||
      die "cannot build llama.cpp, see $llama/build.log"
    touch "$llama/build/.complete"
  fi
}

mkdir -p "$peers"
setup trl trl==1.16.0 transformers==5.23.0 datasets
for part in "$@"; do
  case $part in
    training) official ;;
    inference) llama_cpp ;;
    *) die "no part \"$part\"; there are training and inference" ;;
  esac
done
