"""amalgam inspect --data: counts are those of the training file, cuts show, and what is shown is what is trained on."""
import json
import pathlib
import subprocess
import sys
import tempfile

binary = sys.argv[1]
llama = pathlib.Path("tests/fixtures/models/llama31").resolve()
cleanup = tempfile.TemporaryDirectory()
folder = pathlib.Path(cleanup.name)
data = folder / "data.jsonl"


def inspect(*flags, status=0):
    done = subprocess.run([binary, "inspect", "--model", str(llama), "--data", str(data), *flags], capture_output=True, text=True)
    assert done.returncode == status, (done.returncode, done.stderr)
    return done.stdout if status == 0 else done.stderr


def answer(text):
    return [{"role": "assistant", "content": text}]


rows = [{"prompt": [{"role": "user", "content": f"What is {i} + 1?"}], "chosen": answer(f"{i + 1}"), "rejected": answer("I do not know")}
        for i in range(5)]
data.write_text("".join(json.dumps(row) + "\n" for row in rows))
report = json.loads(inspect("--json", "--set", "prefer.objective=dpo", "--show", "1"))
assert report["examples"] == 5 and report["dropped"] == report["prompts_cut"] == report["responses_cut"] == 0, report
assert report["bos_in_prompts"] == {"none": 0, "one": 5, "more": 0}, report
assert report["eos_in_responses"] == {"none": 0, "one": 10, "more": 0} and report["responses_that_end_with_eos"] == 10, report
(shown,) = report["shown"]
assert shown["prompt"].endswith("<|start_header_id|>assistant<|end_header_id|>\n\n"), shown
assert [(each["role"], each["text"]) for each in shown["responses"]] == [
    ("winner", "1<|eot_id|>"), ("loser", "I do not know<|eot_id|>")], shown

# The same counts as training reports; supervised tokens are those of the responses.
tokens = [shown["prompt_tokens"], *(each["tokens"] for each in shown["responses"])]
assert report["response_length"]["max"] == max(tokens[1:]) and report["prompt_length"]["min"] == tokens[0]
assert report["tokens"] - report["trained_tokens"] == 5 * tokens[0], report
sft = json.loads(inspect("--json", "--set", "prefer.objective=sft"))
assert len(sft["shown"]) == 2 and all(len(each["responses"]) == 1 for each in sft["shown"])
cut = json.loads(inspect("--json", "--set", f"prefer.max_length={tokens[0]}"))
assert cut["prompts_cut"] == 5 and cut["prompt_length"]["max"] < tokens[0], cut

# The forecast is for the micro-batch, or for an example that is larger, which stands alone.
assert report["largest_example"] == sum(tokens), (report, tokens)
small = json.loads(inspect("--json", "--set", "prefer.micro_batch_tokens=1"))
unshared = json.loads(inspect("--json", "--set", "prefer.micro_batch_tokens=1", "--set", "prefer.share_prompts=false"))
assert small["memory"]["training"]["tokens"] == sum(tokens), (small["memory"], tokens)
assert unshared["memory"]["training"]["tokens"] == sum(tokens) + tokens[0], unshared["memory"]
assert report["memory"]["training"]["tokens"] == 6144 and report["memory"]["training"]["total"] > small["memory"]["training"]["total"]

text = inspect("--show", "1")
for word in ("training    ", "examples    5 for", "not trained on]", "[winner, ", "[loser, ", "I do not know<|eot_id|>"):
    assert word in text, (word, text)
assert "\x1b" not in text

# Ids in, without BOS and EOS.
data.write_text(json.dumps({"id": "x", "prompt_ids": [5, 6], "chosen_ids": [7], "rejected_ids": [8, 9]}) + "\n")
ids = json.loads(inspect("--json"))
assert ids["bos_in_prompts"]["none"] == 1 and ids["eos_in_responses"]["none"] == 2 and ids["tokens"] == 5, ids

data.write_text(json.dumps({"question": "?"}) + "\n")
assert "data.jsonl:1" in inspect(status=2)
assert "prefer.bta" in inspect("--set", "prefer.bta=1", status=2)
