"""amalgam inspect --model: counts are those of the stored tensors, nothing has to be loaded, and other folders say why not."""
import json
import math
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

binary = sys.argv[1]
fixtures = pathlib.Path("tests/fixtures/models").resolve()
cleanup = tempfile.TemporaryDirectory()
folder = pathlib.Path(cleanup.name)


def inspect(model, *flags, status=0):
    done = subprocess.run([binary, "inspect", "--model", str(model), *flags], capture_output=True, text=True)
    assert done.returncode == status, (model, done.returncode, done.stderr)
    return done.stdout if status == 0 else done.stderr


def stored(model):
    """name -> (shape, bytes), read with nothing but the format's definition."""
    tensors = {}
    for path in model.glob("*.safetensors"):
        if path.name == "expected.safetensors":
            continue
        raw = path.read_bytes()
        header = json.loads(raw[8:8 + struct.unpack("<Q", raw[:8])[0]])
        tensors |= {name: (entry["shape"], entry["data_offsets"][1] - entry["data_offsets"][0])
                    for name, entry in header.items() if name != "__metadata__"}
    return tensors


supported = 0
for model in sorted(path.parent for path in fixtures.glob("*/config.json")):
    report = json.loads(inspect(model, "--json"))
    tensors = stored(model)
    assert report["parameters"] == sum(math.prod(shape) for shape, _ in tensors.values()), model
    assert report["stored"]["bytes"] == sum(size for _, size in tensors.values()), model
    assert report["stored"]["tensors"] == len(tensors), model
    vocabulary = re.compile(r"(^|[.])(embed_tokens|tok_embeddings|word_embeddings|lm_head|output)[.]weight$")
    names = [n for n in tensors if vocabulary.search(n) and "layer" not in n]
    assert report["embedding_parameters"] == sum(math.prod(tensors[n][0]) for n in names), (model, names)
    assert report["tokenizer"]["tokens"] > 0
    assert report["tokenizer"]["chat_template"] == (model.name != "pairrm"), model
    if report["supported"]:
        supported += 1
        assert report["missing_tensors"] == [], model
        scaling = json.loads((model / "config.json").read_text()).get("rope_scaling") or {}
        assert (report["window"] == 0) == (scaling.get("type") == "dynamic"), model  # 0: not bounded
assert supported >= 12, supported

# Of the experts, those a token is routed to: 2 of 4 in this one.
mixtral = stored(fixtures / "mixtral")
experts = sum(math.prod(shape) for name, (shape, _) in mixtral.items() if ".experts." in name)
report = json.loads(inspect(fixtures / "mixtral", "--json"))
assert report["active_parameters"] == report["parameters"] - experts // 2, report

# What config.json asks for and the file has not; the cache; the types of the computation.
llama = fixtures / "llama31"
cut = folder / "cut"
shutil.copytree(llama, cut)
config = json.loads((llama / "config.json").read_text())
(cut / "config.json").write_text(json.dumps({**config, "num_hidden_layers": config["num_hidden_layers"] + 1}))
report = json.loads(inspect(cut, "--json"))
assert len(report["missing_tensors"]) == 9 and "model.layers.3." in report["missing_tensors"][0], report
assert "missing" in inspect(cut)
half, full = (json.loads(inspect(llama, "--json", "--dtype", dtype))["memory"] for dtype in ("bf16", "fp32"))
per_token = 2 * config["num_hidden_layers"] * config["num_key_value_heads"] * config["hidden_size"] // config["num_attention_heads"]
assert half["inference"]["cache_per_token"] == 2 * per_token and full["inference"]["cache_per_token"] == 4 * per_token
assert full["inference"]["weights"] == 2 * half["inference"]["weights"]
more = json.loads(inspect(llama, "--json", "--batch-tokens", "8192"))["memory"]
assert more["inference"]["activations"] == 2 * half["inference"]["activations"]
assert more["training"] == half["training"]


def training(*settings):
    flags = [part for setting in settings for part in ("--set", "prefer." + setting)]
    return json.loads(inspect(llama, "--json", *flags))["memory"]["training"]


usual, more = training(), training("micro_batch_tokens=12288")
assert more["activations"] == 2 * usual["activations"] and more["state"] == usual["state"], (usual, more)
assert training("activation_checkpointing=true")["activations"] < usual["activations"]
parameters = json.loads(inspect(llama, "--json"))["parameters"]
assert usual["state"] - training("gradient_dtype=bf16")["state"] == 2 * parameters
assert usual["state"] - training("lora_rank=8")["state"] == 18 * parameters  # master, two moments, gradient and its sum
assert "no_such_key" in inspect(llama, "--set", "prefer.no_such_key=1", status=2)
text = inspect(llama)
for word in ("LlamaForCausalLM", "parameters", "template    present", "<|eot_id|>", "inference", "training", "window"):
    assert word in text, (word, text)

foreign = folder / "foreign"
shutil.copytree(llama, foreign)
(foreign / "config.json").write_text(json.dumps({**config, "architectures": ["FalconForCausalLM"]}))
assert "not supported" in inspect(foreign) and "FalconForCausalLM" in inspect(foreign)
assert "config.json" in inspect(folder, status=2)
assert "nowhere" in inspect(folder / "nowhere", status=2)
(foreign / "model.safetensors").unlink()
assert "model.safetensors" in inspect(foreign, status=2)
