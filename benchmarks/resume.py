"""Kills runs at random moments, goes on with each, and holds its end against that of a whole run.

Run `python benchmarks/resume.py`, with `--loader stream` for chunks that LitData streams. SIGKILL
comes from outside, at any moment of a random step, which may be within a step, a checkpoint's
writing or validation; half of the runs have worker processes.
"""

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

from lives import Nursery
from projects import PACKAGE, SMALL, prepare_stripes, run_python

WORKERS = (0, 2)


def try_kills(project: Path, loader: str, kills: int, seed: int) -> int:
    """Prints a row for each kill, and returns how many runs ended as the one not killed."""
    overrides = (*SMALL, f"loader={loader}")
    if loader == "stream":
        run_python(project, "-m", PACKAGE, "stream", *overrides, environment=dict(os.environ))
    nursery, generator, wholes = Nursery(PACKAGE, project, overrides), random.Random(seed), {}
    for workers in WORKERS:  # the order of a stream follows from the number of its readers
        nursery.live(f"loader.num_workers={workers}")
        wholes[workers] = nursery.newest()
    same = 0
    print("| workers | killed in step | on from step | same weights | same log |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    for number in range(kills):
        workers = WORKERS[number % 2]
        trial = nursery.try_kill(workers, wholes[workers], generator)
        same += trial.same_weights and trial.same_log
        words = ["yes" if it else "NO" for it in (trial.same_weights, trial.same_log)]
        numbers = [trial.workers, trial.killed_at, trial.resumed_from]
        print(f"| {' | '.join(map(str, [*numbers, *words]))} |", flush=True)
    return same


def main() -> None:
    """Generates a project and runs the trials in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loader", choices=("default", "stream"), default="default")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        same = try_kills(prepare_stripes(Path(folder)), options.loader, options.kills, options.seed)
    print(f"{same} of {options.kills} runs ended as the one that was not killed")
    sys.exit(same != options.kills)


if __name__ == "__main__":
    main()
