"""Phase 5: is the model better than the baselines, surely, and by enough?"""

from .evidence import Evidence, NotApplicableError
from .tables import are_classes
from .verdict import Finding, check_below

BEST_SCORE = {"max": 1.0, "min": 0.0}
LEAST_ITEMS = 12  # that the interval of a difference spans where one of them is a matter of chance
ROUNDED = 0.05  # of an item: bounds between whole items come only from interpolation


def measure_gain(project: Evidence) -> tuple[float, str]:
    """How much better than the baseline that won on validation, and the words for it."""
    figures, task = project.figures("evaluate"), project.cfg.task
    best = figures["best_baseline"]
    mine, theirs = figures["metrics"][task.metric], figures["baselines"][best][task.metric]
    gain = (mine - theirs) * (1 if task.mode == "max" else -1)
    return gain, f"test {task.metric} {mine:.4f}, {best} {theirs:.4f}"


def refuse_ceiling(project: Evidence) -> None:
    """Raises a NotApplicableError where neither of the two leaves anything to gain."""
    figures, task = project.figures("evaluate"), project.cfg.task
    best = figures["best_baseline"]
    scores = {figures["metrics"][task.metric], figures["baselines"][best][task.metric]}
    if scores == {BEST_SCORE[task.mode]}:
        raise NotApplicableError(
            f"the model and {best} both reach {task.metric} {BEST_SCORE[task.mode]:g} on "
            f"{figures['items']} test items: more or harder ones are needed to decide"
        )


def model_beats_the_best_baseline(project: Evidence) -> Finding:
    """On the same test items the model scores better than the baseline chosen on validation."""
    refuse_ceiling(project)
    gain, figure = measure_gain(project)
    return Finding(gain > 0, figure, "baselines.png")


def gain_is_beyond_chance(project: Evidence) -> Finding:
    """The paired bootstrap interval of the difference lies on the better side of zero.

    Within one item of zero it is met, and the figure says that it is near: which of two models
    gets an item right may hang on the last bits of a machine's arithmetic. That holds where an item
    is a small part of the interval, whose middle then lies five items or more on the better side: a
    model that is no better passes in 6 of 100 test splits at most, in place of 2.5.
    """
    refuse_ceiling(project)
    figures, sign = project.figures("evaluate"), 1 if project.cfg.task.mode == "max" else -1
    bounds = figures["gain_interval"]
    low, high = sorted(sign * bound for bound in bounds)
    level = project.cfg.evaluate.confidence
    figure = f"difference [{bounds[0]:+.4f}, {bounds[1]:+.4f}] at {level:.0%}"
    item = 1 / figures["items"] if are_classes(project) else 0.0
    has_band = 0 < LEAST_ITEMS * item <= high - low + item * ROUNDED
    if low <= 0 and not has_band:
        return Finding(False, figure)
    return check_below(-low, 0.0, item * (1 + ROUNDED), figure)


def gain_is_what_was_asked(project: Evidence) -> Finding:
    """The gain reaches what the charter calls worth the effort; with what the effort was."""
    asked = float(project.answer("need.expected_gain"))
    gain, figure = measure_gain(project)
    best = project.figures("evaluate")["best_baseline"]
    fitted = max(project.figures("baselines")["fit_seconds"][best], 1e-3)
    effort = f"training {project.run['seconds'] / fitted:,.0f} times as long"
    return Finding(gain >= asked, f"{figure}: gain {gain:.4g} of {asked:g} asked; {effort}")
