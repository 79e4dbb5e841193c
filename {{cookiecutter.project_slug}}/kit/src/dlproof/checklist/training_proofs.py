"""Phase 4: what training again has proved: that runs repeat, resume, and stop on NaN."""

from math import isfinite
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from ..files import hash_file, hash_json, read_sealed
from ..training import reproduce
from .evidence import Evidence, StaleError
from .verdict import Finding


def resumed_runs_end_alike(project: Evidence) -> Finding:
    """A run that went on from one of its states ended with the weights of the whole one."""
    proof = project.figures("sanity")["proof"]
    told = "the same weights, bit for bit" if proof["resumes"] else "other weights"
    figure = f"resumed at step {proof['resumed_at']} and run to {proof['steps']} on the CPU: {told}"
    if project.cfg.callbacks.get("resume") is None:
        return Finding(False, "callbacks.resume is off: no state is kept")
    return Finding(proof["resumes"], figure)


def non_finite_loss_stops_the_run(project: Evidence) -> Finding:
    """A NaN put into a step stopped the run there, and the last run's log has none."""
    proof = project.figures("sanity")["proof"]
    if project.cfg.callbacks.get("non_finite") is None:
        return Finding(False, "callbacks.non_finite is off")
    step, names = proof["stopped_at"], proof["items_named"]
    figure = f"a NaN in step {proof['poisoned_at']} "
    if step != proof["poisoned_at"] or not names:
        return Finding(False, f"{figure}did not stop the run there with its items")
    for name in ("train/loss", "train/gradient_norm"):
        values = project.log.get(name, [])
        epoch = next((e for e, value in enumerate(values) if not isfinite(value)), None)
        if epoch is not None:
            return Finding(False, f"{name} is {values[epoch]} in epoch {epoch}; training went on")
    return Finding(True, f"{figure}stopped the run and named its {names} items; the log has none")


def equal_runs_agree(project: Evidence) -> Finding:
    """Runs with the same config, data, seed and code end alike; with one, its first steps do.

    What `reproduce` found of the current run counts too.
    """
    agree = compare_equal_runs(project, project.figures("sanity")["proof"])
    path = Path(project.cfg.paths.reports_dir, reproduce.NAME)
    if not agree.holds or not path.exists():
        return agree
    found = read_sealed(path)
    if found is None:
        told = f"{path.as_posix()} is not from a run, or was edited since"
        raise StaleError(f"{told}: run `reproduce`, or restore it from git")
    if [found["run"], found["started"]] != [project.run["id"], project.run["started"]]:
        return agree
    told = f"{agree.figure}; trained again at {found['commit'][:8]}: {reproduce.say_outcome(found)}"
    return Finding(found["same"], told)


def compare_equal_runs(project: Evidence, proof: dict[str, Any]) -> Finding:
    """Compares the runs that should end alike, and the steps that `sanity` repeated."""
    told = "the same weights, bit for bit" if proof["reproduces"] else "other weights"
    repeated = Finding(proof["reproduces"], f"{proof['steps']} steps twice on the CPU: {told}")
    if not repeated.holds:
        return repeated
    figures, mine = project.figures("train"), fingerprint(project, project.run)
    runs = [
        record
        for record in project.records
        if record["status"] == "finished" and fingerprint(project, record) == mine
    ]
    if len(runs) < 2:
        return repeated
    tolerance = reproduce.GPU_TOLERANCE if figures["device"] == "cuda" else 0.0
    first = {name: v for name, v in runs[0]["metrics"].items() if name.startswith("val/")}
    apart = max(
        (
            abs(run["metrics"].get(name, float("inf")) - value) / max(abs(value), 1e-9)
            for run in runs[1:]
            for name, value in first.items()
        ),
        default=float("inf"),
    )
    return Finding(apart <= tolerance, f"{len(runs)} equal runs, val metrics apart by {apart:.3g}")


def fingerprint(project: Evidence, record: dict[str, Any]) -> str:
    """Equal for runs that should end alike: config, uncommitted change, data, code, machine."""
    folder = Path(project.cfg.paths.runs_dir, record["id"])
    config = OmegaConf.to_container(OmegaConf.load(folder / "config.yaml"))
    assert isinstance(config, dict)
    told = {name: value for name, value in config.items() if name not in ("goal", "change")}
    diff = folder / "diff.patch"
    change = hash_file(diff) if diff.exists() else ""
    keys = ("data_version", "seed", "commit", "lock", "hardware")
    return hash_json([told, change, [record.get(key) for key in keys]])
