#!/usr/bin/env python3
"""Every recipe is understood: nothing but the models and data it names is missing.

usage: recipes.py BINARY
"""
import pathlib
import subprocess
import sys
import tempfile

RECIPES = pathlib.Path(__file__).resolve().parents[2] / "recipes"


def check(binary, recipe, settings=()):
    with tempfile.TemporaryDirectory() as scratch:
        # A copy, so that what someone has put beside the recipes does not start a run.
        copy = pathlib.Path(scratch, recipe.name)
        copy.write_text(recipe.read_text())
        words = [binary, "run", copy, "--run", pathlib.Path(scratch, "run")]
        for setting in settings:
            words += ["--set", setting]
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
        return done.returncode, done.stderr.strip()


def main():
    binary, recipes = sys.argv[1], sorted(RECIPES.glob("*.yaml"))
    assert len(recipes) >= 8, recipes
    for recipe in recipes:
        status, errors = check(binary, recipe)
        if "score" in errors:  # a build without reward models
            status, errors = check(binary, recipe, ["score={scorer: exact-answer}"])
        assert status == 2 and "prompts.train" in errors and "does not exist" in errors, (recipe, errors)
        print(recipe.name, "is understood")
    settings = ["score={scorer: exact-answer}", "sft.learning_rate=1"]
    status, errors = check(binary, recipes[0], settings)
    assert status == 2 and "sft.learning_rate" in errors, errors


main()
