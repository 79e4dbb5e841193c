"""Phase 4: what `sanity` has proved by training a few steps: that runs resume, and stop on NaN."""

from math import isfinite

from .evidence import Evidence
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
