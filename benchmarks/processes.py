"""Holds a run of two processes against the same run in one: items, weights, metric.

Run `python benchmarks/processes.py`. Both take the same items a step: two processes have half the
batch each. On the CPU over gloo, with one thread a process.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parents[1]
PROGRAM = """
from pathlib import Path
from conftest import DATA_PHASE, SMALL, make_project, run_small
from processes import compare

CASES = {
    "uneven, of 16": SMALL,
    "accumulate 2": (*SMALL, "trainer.accumulate_grad_batches=2"),
    "balance=weighted_sampler": (*SMALL, "balance=weighted_sampler"),
}
if __name__ == "__main__":
    make_project(Path.cwd())
    for command in (*DATA_PHASE, "sanity"):
        run_small(command)
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
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        project = Path(cookiecutter(str(TEMPLATE), no_input=True, output_dir=folder))
        tempfile.tempdir = None
        program = Path(folder, "program.py")
        program.write_text(PROGRAM)
        (small := Path(folder, "small")).mkdir()
        paths = [project / "src", project / "tests", project / "tests" / "training"]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "OMP_NUM_THREADS": "1",
        }
        done = subprocess.run([sys.executable, program], cwd=small, env=environment, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
