"""chat and generate sample as the model's generation_config.json says, flags win, recipes stand as they are.

usage: sampling_defaults.py BINARY
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

BINARY = pathlib.Path(sys.argv[1]).resolve()
MODELS = pathlib.Path("tests/fixtures/models").resolve()
ROWS = [{"id": i, "input_ids": [5 + i, 9, 200]} for i in range(3)]


class Model:
    def __init__(self, folder, **settings):
        self.folder, self.input = folder / "model", folder / "in.jsonl"
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(MODELS / "qwen2", self.folder)
        config = {"eos_token_id": 553, **settings}
        (self.folder / "generation_config.json").write_text(json.dumps(config))
        self.input.write_text("".join(json.dumps(row) + "\n" for row in ROWS))

    def run(self, *words, **options):
        return subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True, timeout=60, **options)

    def generate(self, *flags):
        output = self.input.parent / "out.jsonl"
        done = self.run("generate", "--model", self.folder, "--input", self.input, "--output", output, "--dtype", "fp32",
                        "--max-new-tokens", 12, *flags)
        assert done.returncode == 0, done.stderr
        return [json.loads(line)["responses"][0]["ids"] for line in output.read_text().splitlines()], done.stderr

    def chat(self, *flags):
        done = self.run("chat", "--model", self.folder, "--dtype", "fp32", "--max-new-tokens", 12, *flags, input="say red\n")
        assert done.returncode == 0, done.stderr
        return done.stdout


with tempfile.TemporaryDirectory() as scratch:
    folder = pathlib.Path(scratch)
    plain = Model(folder)
    greedy, _ = plain.generate("--temperature", 0)
    sampled, told = plain.generate()
    assert sampled != greedy and "generation_config" not in told, "temperature 1 where the file says nothing"
    spoken = plain.chat("--temperature", 0)
    for tiny in ("1e-6", "1e-30", "1e-39", "1e-300"):
        assert plain.generate("--temperature", tiny)[0] == greedy, tiny
    like = {flags: plain.generate(*flags)[0] for flags in (("--top-k", 3), ("--temperature", 0.5, "--top-p", 0.6),
                                                          ("--temperature", 0.5, "--top-p", 0.9),
                                                          ("--repetition-penalty", 1.5, "--temperature", 0))}

    model = Model(folder, do_sample=False, temperature=0.5)
    ids, told = model.generate()
    assert ids == greedy and "temperature 0" in told, told
    assert model.chat() == spoken
    assert model.generate("--temperature", 1)[0] == sampled, "a flag wins"
    assert Model(folder, do_sample=False).generate("--top-k", 3)[0] == like["--top-k", 3], "a flag that asks for sampling"

    model = Model(folder, do_sample=True, temperature=0.5, top_p=0.6, top_k=-1)
    ids, told = model.generate()
    assert ids == like["--temperature", 0.5, "--top-p", 0.6] and "temperature 0.5, top_p 0.6" in told, told
    assert model.generate("--top-p", 0.9)[0] == like["--temperature", 0.5, "--top-p", 0.9]
    assert Model(folder, top_k=3).generate()[0] == like["--top-k", 3]
    assert Model(folder, do_sample=False, repetition_penalty=1.5).generate()[0] == like["--repetition-penalty", 1.5, "--temperature", 0]

    assert "min_p 0.1" in Model(folder, min_p=0.1, num_beams=1).generate()[1], "what is not supported is named"
    broken = Model(folder, temperature="hot")
    done = broken.run("generate", "--model", broken.folder, "--input", broken.input, "--output", folder / "o.jsonl")
    assert done.returncode == 2 and "generation_config.json" in done.stderr and "temperature" in done.stderr, done.stderr

    # UltraFeedback's rows: the prompt is answered, not the reference answer beside it.
    question = {"role": "user", "content": "What is red?"}
    answer = {"role": "assistant", "content": "A colour."}
    model = Model(folder)
    for rows, status in (([{"id": 1, "messages": [question]}, {"id": 1, "prompt": "What is red?", "messages": [question, answer]},
                           {"id": 1, "prompt": [question]}], 0), ([{"id": 1, "messages": [question, answer]}], 2)):
        model.input.write_text("".join(json.dumps(row) + "\n" for row in rows))
        done = model.run("generate", "--model", model.folder, "--input", model.input, "--output", folder / "o.jsonl",
                         "--dtype", "fp32", "--max-new-tokens", 8)
        assert done.returncode == status, done.stderr
        if status:
            assert "in.jsonl:1" in done.stderr and "messages" in done.stderr, done.stderr
        else:
            answers = [json.loads(line)["responses"] for line in (folder / "o.jsonl").read_text().splitlines()]
            assert answers[0] == answers[1] == answers[2], answers
