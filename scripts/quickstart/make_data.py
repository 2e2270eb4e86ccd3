#!/usr/bin/env python3
"""Make the quickstart's prompts, and the corpora its five models are trained on.

usage: make_data.py prompts FOLDER          writes train.jsonl, tune.jsonl, heldout.jsonl
       make_data.py corpus FILE COUNT [--easy] SKILL=WEIGHT ...   writes COUNT conversations for `amalgam sft`

Four skills with exact answers. Every task instance belongs to exactly one part (held out, tuning, fusion,
corpus) by a hash of its text, so no answer that is measured was ever trained on.
"""
import hashlib, json, pathlib, random, sys

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def add(rng):
    a, b = rng.randrange(1000), rng.randrange(10)
    return f"Add {a} and {b}.", str(a + b)


def reverse(rng):
    word = "".join(rng.choice(LETTERS) for _ in range(rng.randint(3, 6)))
    return f"Reverse {word}.", word[::-1]


def sort(rng):
    digits = "".join(rng.choice("0123456789") for _ in range(rng.randint(4, 8)))
    return f"Sort {digits}.", "".join(sorted(digits))


def shift(rng):
    word = "".join(rng.choice(LETTERS) for _ in range(rng.randint(3, 7)))
    return f"Shift {word}.", "".join(LETTERS[(LETTERS.index(c) + 1) % 26] for c in word)


SKILLS = {"add": add, "reverse": reverse, "sort": sort, "shift": shift}
# Shares of the hash range, in percent; what is left is for the corpora.
PARTS = {"heldout": (0, 8), "tune": (8, 12), "train": (12, 25), "corpus": (25, 100)}


def part_of(text):
    share = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % 100
    return next(name for name, (low, high) in PARTS.items() if low <= share < high)


def is_easy(skill, answer):
    """What the target has met before fusion: sums below 400, words and numbers of up to four characters."""
    return int(answer) < 400 if skill == "add" else len(answer) <= 4


def instances(skill, part, seed, unique=False, easy=False):
    """Endless (question, answer) of one skill that fall into `part`; unique: none twice."""
    rng, seen = random.Random(f"{seed}/{skill}/{part}"), set()
    while True:
        question, answer = SKILLS[skill](rng)
        if part_of(question) != part or (unique and question in seen) or (easy and not is_easy(skill, answer)):
            continue
        seen.add(question)
        yield question, answer


def write_rows(path, rows):
    with open(path, "w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")


def prompts(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for part, each in (("train", 1200), ("tune", 250), ("heldout", 300)):
        streams = {skill: instances(skill, part, 1, unique=True) for skill in SKILLS}
        rows = []
        for k in range(each):
            for skill, stream in streams.items():
                question, answer = next(stream)
                rows.append({"id": f"{part}-{skill}-{k:04d}", "domain": skill, "answer": answer,
                             "messages": [{"role": "user", "content": question}]})
        write_rows(folder / f"{part}.jsonl", rows)


def corpus(path, total, weights, easy):
    name = ",".join(f"{skill}={weight}" for skill, weight in weights.items())
    streams = {skill: instances(skill, "corpus", name, easy=easy) for skill in weights}
    rng = random.Random(f"corpus/{name}")
    skills = rng.choices(list(weights), list(weights.values()), k=total)

    def row(skill):
        question, answer = next(streams[skill])
        return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}
    write_rows(path, (row(skill) for skill in skills))


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "prompts":
        prompts(sys.argv[2])
    elif len(sys.argv) >= 5 and sys.argv[1] == "corpus":
        easy = sys.argv[4] == "--easy"
        weights = {name: float(value) for name, value in (item.split("=") for item in sys.argv[4 + easy:])}
        corpus(sys.argv[2], int(sys.argv[3]), weights, easy)
    else:
        sys.exit(__doc__)


main()
