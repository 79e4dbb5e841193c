"""Holds a run of two processes against the same run in one: items, weights, metric.

Run `python benchmarks/processes.py`. Both take the same items a step: two processes have half the
batch each. On the CPU over gloo, with one thread a process.
"""

import sys

from projects import run_on_small_data

PROGRAM = """
from conftest import SMALL
from processes import compare

CASES = {
    "uneven, of 16": SMALL,
    "accumulate 2": (*SMALL, "trainer.accumulate_grad_batches=2"),
    "balance=weighted_sampler": (*SMALL, "balance=weighted_sampler"),
}
if __name__ == "__main__":
    print("| case | steps | same items | largest weight difference | same metric |")
    print("| --- | ---: | --- | ---: | --- |", flush=True)
    for row in (row for name, case in CASES.items() for row in compare({name: case}, batch=16)):
        words = ["yes" if row[key] else "NO" for key in ("same items", "same metric")]
        cells = [row["case"], row["steps"], words[0], f"{row['largest difference']:.1e}", words[1]]
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
        assert row["same items"] and row["same metric"] and row["largest difference"] <= 1e-6
"""


def main() -> None:
    """Generates a project and compares with what its own tests use."""
    sys.exit(run_on_small_data(PROGRAM))


if __name__ == "__main__":
    main()
