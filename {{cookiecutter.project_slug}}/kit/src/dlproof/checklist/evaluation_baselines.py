"""Phase 5: is the model better than the baselines, surely, and by enough?"""

from .evidence import Evidence
from .verdict import Finding


def measure_gain(project: Evidence) -> tuple[float, str]:
    """How much better than the baseline that won on validation, and the words for it."""
    figures, task = project.figures("evaluate"), project.cfg.task
    best = figures["best_baseline"]
    mine, theirs = figures["metrics"][task.metric], figures["baselines"][best][task.metric]
    gain = (mine - theirs) * (1 if task.mode == "max" else -1)
    return gain, f"test {task.metric} {mine:.4f}, {best} {theirs:.4f}"


def model_beats_the_best_baseline(project: Evidence) -> Finding:
    """On the same test items the model scores better than the baseline chosen on validation."""
    gain, figure = measure_gain(project)
    return Finding(gain > 0, figure, "baselines.png")


def gain_is_beyond_chance(project: Evidence) -> Finding:
    """The paired bootstrap interval of the difference lies on the better side of zero."""
    low, high = project.figures("evaluate")["gain_interval"]
    better = low > 0 if project.cfg.task.mode == "max" else high < 0
    level = project.cfg.evaluate.confidence
    return Finding(better, f"difference [{low:+.4f}, {high:+.4f}] at {level:.0%}")


def gain_is_what_was_asked(project: Evidence) -> Finding:
    """The gain reaches what the charter calls worth the effort; with what the effort was."""
    asked = float(project.answer("need.expected_gain"))
    gain, figure = measure_gain(project)
    best = project.figures("evaluate")["best_baseline"]
    fitted = max(project.figures("baselines")["fit_seconds"][best], 1e-3)
    effort = f"training {project.run['seconds'] / fitted:,.0f} times as long"
    return Finding(gain >= asked, f"{figure}: gain {gain:.4g} of {asked:g} asked; {effort}")
