"""`reproduce`: trains a run again from its commit, change, config and data, and compares the two.

The project's code as it was then is checked out into a temporary folder, and trains there; the
project stays as it is, but for `reports/reproduce.json`, which says what came out.
"""

import argparse
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from ..data.store import load_state
from ..errors import UserError
from ..files import hash_file, write_json, write_sealed
from ..report import MEASURED_ANEW
from ..revision import ask_git, run_git
from .experiments import Experiment, find_experiment, read_experiments
from .runs import BEST, RUN_DIR, is_from_run, read_record

if TYPE_CHECKING:
    from ..project import Project

NAME = "reproduce.json"  # in reports/
GPU_TOLERANCE = 1e-3  # share of a metric between equal runs; a CPU repeats to the last bit
MEASURED = ("train/data_wait", "train/peak_gpu_mb")  # metrics of the machine, as are rates
AGAIN = "reproduced"  # in the checkout: a folder for all that training writes
SECTIONS = f"{AGAIN}/config.json"  # what the run's result depends on
# It runs on the code that is checked out, which may be older than this file.
TRAIN = f"""\
import json, sys
from dlproof.project import load_project
from omegaconf import open_dict
project = load_project(sys.argv[1])
cfg = project.compose(["logger=[csv]"])
with open_dict(cfg):
    for name, section in json.load(open("{SECTIONS}", encoding="utf-8")).items():
        cfg[name] = section
for name in cfg.paths:
    cfg.paths[name] = sys.argv[2] if name == "data_dir" else "{AGAIN}/" + name
project.stages["train"].load().run(cfg)
"""


def run(arguments: list[str], project: "Project") -> None:
    """Trains a run again and says whether the result is the same.

    Raises:
        UserError: It is not, or the run cannot be trained again.
    """
    parser = argparse.ArgumentParser(prog="reproduce", description=__doc__)
    parser.add_argument("run", nargs="?", default="latest", help="its id; else the latest one")
    cfg = project.compose()
    found = choose_run(project, cfg, parser.parse_args(arguments).run)
    warn_of_others(found.record)
    with TemporaryDirectory(prefix="reproduce-") as folder:
        root = check_out(found, Path(folder, "project"))
        again = train_again(project, found, root, find_data(cfg, found, root))
        outcome = compare(found, again)
    path = Path(cfg.paths.reports_dir, NAME)
    write_sealed(path, outcome)
    if not outcome["same"]:
        raise UserError(f"{found.name} is not reproduced: {say_outcome(outcome)} [{path}]")
    print(f"reproduce: {found.name} is reproduced: {say_outcome(outcome)} [{path}]")


def choose_run(project: "Project", cfg: DictConfig, wanted: str) -> Experiment:
    """The run to train again.

    Raises:
        UserError: There is no such run, or one that no run of this machine can equal.
    """
    aside = Path(cfg.paths.runs_dir, wanted)
    if (aside / "record.json").exists() and read_record(aside).get("debug"):
        raise UserError(f"{wanted} is a debug run, which leaves nothing that could be reproduced.")
    found = find_experiment(read_experiments(project, cfg), wanted)
    record, told = found.record, f"{found.name} cannot be reproduced"
    if record.get("status") != "finished":
        raise UserError(f"{told}: it is {record.get('status')}; only what has finished can be.")
    if record.get("processes", 1) > 1:
        raise UserError(f"{told}: {record['processes']} processes trained it, and here is one.")
    if not list_metrics(record):
        raise UserError(f"{told}: its record has no metrics to compare.")
    if found.folder and not is_from_run(found.folder, read_record(found.folder)):
        raise UserError(f"{told}: a file in {found.folder} was edited since the run.")
    if record.get("dirty") and not (found.folder and (found.folder / "diff.patch").exists()):
        missing = f"{cfg.paths.runs_dir}/{record['id']}/diff.patch"
        raise UserError(f"{told}: its commit was changed, and the change, {missing}, is not here.")
    return found


def warn_of_others(record: dict[str, Any]) -> None:
    """Says what of the environment is not as it was: results may differ by it, and then show it."""
    from .record import describe_hardware

    lock = Path("requirements.lock")
    if record.get("lock") != (hash_file(lock) if lock.exists() else None):
        print("warning: requirements.lock is another one than the run's: packages may differ.")
    now, then = describe_hardware(), record.get("hardware", {})
    other = [key for key in then if key != "threads" and then[key] != now.get(key)]
    if told := ", ".join(f"{key} {then[key]} -> {now.get(key)}" for key in other):
        print(f"warning: the machine is another one: {told}.")


def check_out(found: Experiment, clone: Path) -> Path:
    """Clones the repository at a run's commit, with its change; returns the project's folder there.

    Raises:
        UserError: There is no commit, or the change does not go with it.
    """
    commit, told = found.record.get("commit"), f"{found.name} cannot be reproduced"
    if not commit:
        raise UserError(f"{told}: it was trained outside git, and no commit is on record.")
    if run_git("cat-file", "-e", commit + "^{commit}") is None:
        raise UserError(
            f"{told}: this repository has no commit {commit[:8]}: fetch it (`git fetch --all`)."
        )
    top, prefix = run_git("rev-parse", "--show-toplevel"), run_git("rev-parse", "--show-prefix")
    where = ("-C", str(clone))
    steps: list[tuple[str, ...]] = [
        ("clone", "--quiet", "--shared", "--no-checkout", str(top), str(clone)),
        (*where, "checkout", "--quiet", "--detach", commit),
    ]
    patch = found.folder / "diff.patch" if found.folder else None
    if patch and patch.exists() and patch.stat().st_size:
        steps.append((*where, "apply", "--whitespace=nowarn", str(patch.resolve())))
    for step in steps:
        if ask_git(*step) is None:
            raise UserError(f"{told}: `git {' '.join(step)}` fails.")
    return clone / str(prefix)


def find_data(cfg: DictConfig, found: Experiment, root: Path) -> Path:
    """The folder of the data that a run was trained on: the project's, or as DVC knows it there.

    Args:
        cfg: The composed config.
        found: The run.
        root: The project at the run's commit, where DVC puts the data if its cache has it.

    Raises:
        UserError: Neither has this version.
    """
    here, wanted = Path(cfg.paths.data_dir).resolve(), found.record.get("data_version", "")
    version = load_state(here)["version"]
    if version == wanted:
        return here
    there = root / cfg.paths.data_dir
    dvc = (sys.executable, "-m", "dvc")
    cache = subprocess.run([*dvc, "cache", "dir"], capture_output=True, text=True, check=False)
    for arguments in (
        ("cache", "dir", "--local", cache.stdout.strip()),
        ("checkout", "--quiet", str(Path(cfg.paths.data_dir, "processed"))),
    ):
        subprocess.run([*dvc, *arguments], cwd=root, capture_output=True, check=False)
    if (there / "processed" / "state.json").exists() and load_state(there)["version"] == wanted:
        return there.resolve()
    raise UserError(
        f"{found.name} cannot be reproduced: it was trained on version {wanted[:8]} of the data; "
        f"{cfg.paths.data_dir}/ has {version[:8]}, and DVC has it not for that commit: check out a "
        "dvc.lock that names it, and `dvc pull`."
    )


def train_again(project: "Project", found: Experiment, root: Path, data: Path) -> Experiment:
    """Trains a run in a checkout, in a process of its own, on as many threads as it had.

    Raises:
        UserError: It fails, which its own output explains.
    """
    words = {"goal": f"Reproduce {found.name}", "change": "None"}
    write_json(root / SECTIONS, found.config | words)
    names = [path.parent.name for path in root.glob("src/*/project.py")]
    package = names[0] if names else project.package
    sources = [str(path) for path in (root / "src", root / "kit" / "src") if path.exists()]
    before = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    environment = {name: value for name, value in os.environ.items() if name != RUN_DIR}
    environment["PYTHONPATH"] = os.pathsep.join([*sources, *filter(None, before)])
    environment["OMP_NUM_THREADS"] = str(found.record.get("hardware", {}).get("threads", 1))
    print(f"reproduce: training {found.name} again at {found.record['commit'][:8]}", flush=True)
    command = [sys.executable, "-c", TRAIN, package, str(data)]
    done = subprocess.run(command, cwd=root, env=environment, check=False)
    folders = [path.parent for path in root.glob(f"{AGAIN}/runs_dir/*/record.json")]
    if done.returncode or len(folders) != 1:
        raise UserError(f"{found.name} cannot be reproduced: training it again fails, see above.")
    record = read_record(folders[0])
    return Experiment(record["id"], found.path, record, found.config, folders[0])


def compare(found: Experiment, again: Experiment) -> dict[str, Any]:
    """How far two runs are apart: the metrics of the last epoch, the best one, and the weights."""
    one, other = (list_metrics(each.record) for each in (found, again))
    apart = {
        name: abs(other.get(name, sys.float_info.max) - value) / max(abs(value), 1e-9)
        for name, value in one.items()
    }
    device = again.record["device"]
    tolerance = 0.0 if device == found.record.get("device") == "cpu" else GPU_TOLERANCE
    weights = compare_weights(found, again)
    worst = max(apart, key=lambda name: apart[name])
    return {
        "run": found.record["id"],
        **{key: found.record[key] for key in ("started", "commit", "data_version")},
        "device": device,
        "metrics": len(apart),
        "apart": apart[worst],
        "worst": worst,
        "tolerance": tolerance,
        "weights": weights,
        "same": apart[worst] <= tolerance and not (tolerance == 0.0 and weights is False),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def list_metrics(record: dict[str, Any]) -> dict[str, float]:
    """The metrics of a run that an equal one has too."""
    best = {name: value for name, value in record.items() if name.startswith("best_val_")}
    found = {**record.get("metrics", {}), **best}
    measured = {name for name in found if name in MEASURED or MEASURED_ANEW.search(name)}
    known = {name: value for name, value in found.items() if value is not None}
    return {name: value for name, value in known.items() if name not in measured}


def compare_weights(found: Experiment, again: Experiment) -> bool | None:
    """Whether two runs kept the same best weights; None where one of them is not here."""
    from ..model.checkpoint import read_checkpoint

    paths = [each.folder / BEST for each in (found, again) if each.folder]
    if len(paths) < 2 or not all(path.exists() for path in paths):
        return None
    one, other = (read_checkpoint(path)["state_dict"] for path in paths)
    return one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)


def say_outcome(outcome: dict[str, Any]) -> str:
    """`16 metrics and the weights, bit for bit`, or by how much they are apart."""
    weights = {True: " and the weights", False: "", None: " (the weights are not here)"}
    compared = f"{outcome['metrics']} metrics{weights[outcome['weights']]}"
    if outcome["same"] and outcome["apart"] == 0 and outcome["weights"] is not False:
        return f"{compared}, bit for bit"
    apart = f"{outcome['worst']} is {outcome['apart']:.3g} of its value off"
    allowed = f"{outcome['tolerance']:g} allowed on {outcome['device']}"
    other = ", other weights" if outcome["weights"] is False else ""
    return f"{compared}{other}; {apart}, {allowed}"
