"""Kills runs at random moments, goes on with each, and holds its end against that of a whole run.

Run `python benchmarks/resume.py`. SIGKILL comes from outside, at any moment of a random step, which
may be within a step, a checkpoint's writing or validation; half of the runs have worker processes.
"""

import argparse
import random
import sys

from projects import run_on_small_data

PROGRAM = """
import random, sys
from pathlib import Path
from conftest import SMALL
from lives import Nursery

if __name__ == "__main__":
    folder, kills = Path.cwd(), int(sys.argv[1])
    nursery, generator = Nursery(folder, SMALL), random.Random(int(sys.argv[2]))
    nursery.live()
    whole = nursery.newest()
    same = 0
    print("| workers | killed in step | on from step | same weights | same log |", flush=True)
    print("| --- | --- | --- | --- | --- |", flush=True)
    for number in range(kills):
        trial = nursery.try_kill(number % 2 * 2, whole, generator)
        same += trial.same_weights and trial.same_log
        words = ["yes" if it else "NO" for it in (trial.same_weights, trial.same_log)]
        numbers = [trial.workers, trial.killed_at, trial.resumed_from]
        print(f"| {' | '.join(map(str, [*numbers, *words]))} |", flush=True)
    print(f"{same} of {kills} runs ended as the one that was not killed")
    sys.exit(same != kills)
"""


def main() -> None:
    """Generates a project and runs the trials with what its own tests use."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    options = parser.parse_args()
    sys.exit(run_on_small_data(PROGRAM, options.kills, options.seed))


if __name__ == "__main__":
    main()
