"""What the benches share: programs run one after the other with their time and peak memory, JSON
lines, tables in Markdown."""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

SIZES = ["33m", "300m"]  # of the models (peers/data.py)
PEERS = pathlib.Path(__file__).parent / "peers"


class Killed(SystemExit):
    """A program was killed, for its memory as a rule; `peak` of that in GB."""

    def __init__(self, message, peak):
        super().__init__(message)
        self.peak = peak


def run(command, log):
    """Output, seconds and peak memory in GB of a command; its messages go to `log`."""
    print("bench: " + " ".join(str(part) for part in command[:3]), file=sys.stderr)
    start = time.perf_counter()
    with open(log, "w") as errors:
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE,
                                   stderr=errors, text=True)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
    peak = usage.ru_maxrss / 1e6
    failure = "bench: failed, see %s: %s" % (log, " ".join(map(str, command)))
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        raise Killed(failure, peak)
    if status != 0:
        sys.exit(failure)
    return output, time.perf_counter() - start, peak


def run_peer(python, script, log_folder, *arguments):
    """The lines that a script of peers/ prints, and its peak memory in GB."""
    script = PEERS / script
    output, _, peak = run([python, script, *arguments], log_folder / (script.stem + ".log"))
    return output.splitlines(), peak


def rate(program, name, log, *arguments):
    """What build/bench/bench_NAME prints."""
    return float(run([program.parent / "bench" / ("bench_" + name), *arguments], log)[0])


def read_lines(path):
    with open(path) as lines:
        return [json.loads(line) for line in lines]


def write_lines(path, rows):
    with open(path, "w") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


def spread(values):
    """The median, with the extremes where there are several."""
    text = "%.3g" % statistics.median(values)
    return text if len(values) == 1 else "%s (%.3g to %.3g)" % (text, min(values), max(values))


def print_table(title, *columns):
    """The head of a table; title is that of its first column."""
    print("\n| %s |" % " | ".join([title, *columns]))
    print("|---" * (1 + len(columns)) + "|")


def parser_of(text, parts):
    """What both benches are told."""
    parser = argparse.ArgumentParser(description=text.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--peers", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True,
                        help="a folder a size, as bench/run.sh makes it")
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=SIZES)
    return parser


@contextlib.contextmanager
def measuring():
    """A scratch folder, left behind with its logs when something fails; the machine's load."""
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="bench-"))
    print("load before: %.1f %.1f %.1f" % os.getloadavg())
    yield scratch
    print("\nload after: %.1f %.1f %.1f" % os.getloadavg())
    shutil.rmtree(scratch)
