"""The questions that `diagnose` asks of a run, and what to try when the answer is yes.

What makes other signs meaningless is asked first. Losses are shares of what knowing nothing costs
(see `Run`), so that the limits hold for any task.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .runs import Run

MAX_WAIT = 0.1  # of an epoch's time
# Of the loss of knowing nothing:
LEARNED = 0.7  # a training loss that came below it has learned something
HIGH = 0.4  # a loss that ends above it has learned too little


@dataclass(frozen=True)
class Branch:
    """One question of the tree.

    Attributes:
        disease: Name of what is wrong.
        look: Gives the figures that show it, or nothing.
        remedy: What to try.
    """

    disease: str
    look: Callable[[Run], str]
    remedy: str


def find_diseases(run: Run) -> list[tuple[Branch, str]]:
    """The first disease of the tree that the run has, and those that stand beside any other."""
    found = [(branch, told) for branch in BESIDE if (told := branch.look(run))]
    for branch in TREE:
        if told := branch.look(run):
            return [*found, (branch, told)]
    return found


def is_data_bound(run: Run) -> str:
    """Steps wait for their batches."""
    waits = run.curve("train/data_wait")
    share = float(np.median(waits)) if len(waits) else 0.0
    return f"steps wait {share:.0%} of the time for data" if share > MAX_WAIT else ""


def is_not_finite(run: Run) -> str:
    """A loss or gradient became NaN or infinite."""
    for name in ("train/loss", "train/gradient_norm_max", "val/loss"):
        bad = np.flatnonzero(~np.isfinite(run.curve(name)))
        if len(bad):
            return f"{name} is {run.curve(name)[bad[0]]} in epoch {bad[0]}"
    return "the run stopped at it" if "non-finite" in run.record.get("status", "") else ""


def has_no_rate(run: Run) -> str:
    """No parameter can move: the rate is zero."""
    rates = [run.curve(name).max() for name in run.log if name.startswith("lr-")]
    return "the learning rate is 0 in every epoch" if rates and max(rates) == 0 else ""


def has_learned(run: Run) -> bool:
    """Whether the training loss came clearly below chance."""
    return bool(run.train.min() <= LEARNED)


def has_frozen_layers(run: Run) -> str:
    """Most parameters are frozen, and the rest learns nothing."""
    share = run.record.get("trainable_share", 1.0)
    if has_learned(run) or share > 0.5:
        return ""
    return f"{share:.1%} of the parameters train, {stays(run)}"


def starts_badly(run: Run) -> str:
    """The very first loss is far above chance."""
    first = run.losses("train/loss_first")
    if not len(first) or first[0] <= 2:
        return ""
    return f"the first loss is {first[0]:.0%} of the loss at chance"


def explodes(run: Run) -> str:
    """Gradients grow out of all proportion, and the loss with them."""
    norms = run.curve("train/gradient_norm_max")
    if not len(norms) or norms.max() < 1e3 or run.train.max() < 2:
        return ""
    return (
        f"the gradient's norm reaches {norms.max():.3g}, the loss {run.train.max():.0%} of chance"
    )


def rate_is_too_high(run: Run) -> str:
    """Steps overshoot: the loss rises above where it began, or leaves what it had reached."""
    first = run.losses("train/loss_first")
    began = first[0] if len(first) else 1.0
    lost = run.train[-1] > run.train.min() + 0.3
    # One batch may have a far lower loss than the epoch, for instance if a few targets are far off.
    if not lost and (has_learned(run) or run.train.max() <= 1.1 * max(1.0, began)):
        return ""
    return f"the loss begins at {began:.0%} of chance and rises to {run.train.max():.0%}"


def vanishes(run: Run) -> str:
    """Gradients are too small to move anything."""
    norms = run.curve("train/gradient_norm")
    if has_learned(run) or not len(norms) or np.median(norms) > 1e-3:
        return ""
    return f"the gradient's norm is {np.median(norms):.1g}, {stays(run)}"


def rate_is_too_low(run: Run) -> str:
    """Train and validation fall in step and steadily, but hardly."""
    if has_learned(run) or len(run.train) < 4:
        return ""
    middle = len(run.train) // 2
    falls = (np.diff(run.train[: middle + 1]) < 0).mean() > 0.7
    if not falls or run.train[-1] >= run.train[middle] or run.val[-1] >= run.val[0]:
        return ""
    return f"the loss falls steadily, but only {run.train[0] - run.train[-1]:.0%} of chance"


def does_not_learn(run: Run) -> str:
    """Neither loss gets better than chance, or than the classes' shares."""
    if run.train.min() > 0.9 * run.prior and run.val.min() >= 0.98 * run.prior:
        return f"{stays(run)}; predicting only the classes' shares gives {run.prior:.0%}"
    return "" if has_learned(run) or run.val.min() < LEARNED else stays(run)


def stays(run: Run) -> str:
    """Where the training loss stays."""
    return f"the loss stays at {run.train.min():.0%} of the loss at chance"


def validation_differs(run: Run) -> str:
    """Training learns while validation is hardly better than knowing nothing."""
    if run.val.min() <= 0.9 or run.train.min() > 0.6:
        return ""
    return f"training falls to {run.train.min():.0%} of chance, validation to {run.val.min():.0%}"


def may_leak(run: Run) -> str:
    """Validation is solved after the first epoch, which real problems are not."""
    first = run.curve(f"val/{run.metric}")[0]
    # Of rare errors, half must be gone: accuracy is high where nearly all items are of one class.
    enough = max(0.995, (1 + run.majority) / 2) if run.metric == "accuracy" else 0.995
    solved = first >= enough if run.mode == "max" else run.val[0] <= 0.02
    return f"val/{run.metric} is {first:.4g} after one epoch" if solved else ""


def overfits(run: Run) -> str:
    """Validation loss rises while training loss keeps falling."""
    best = int(run.val.argmin())
    rises = run.val[-1] > run.val[best] + 0.05 and run.train[-1] < run.train[best]
    if not rises or run.val[-1] <= run.train[-1] + 0.1:
        return ""
    return (
        f"validation is best in epoch {best} ({run.val[best]:.0%} of chance) and ends at "
        f"{run.val[-1]:.0%}, training at {run.train[-1]:.0%}"
    )


def validation_jumps(run: Run) -> str:
    """Validation jumps from epoch to epoch while training is smooth."""
    half = len(run.val) // 2
    jumps, steps = (np.abs(np.diff(curve[half:])) for curve in (run.val, run.train))
    if len(jumps) < 3 or jumps.mean() <= 0.1 or jumps.mean() <= 3 * steps.mean():
        return ""
    return f"validation jumps by {jumps.mean():.0%} of chance an epoch, training {steps.mean():.0%}"


def is_stuck(run: Run) -> str:
    """After learning something, nothing moves for half of the run."""
    half = len(run.train) // 2
    if half < 4 or run.val[-1] < HIGH or run.train[0] - run.train[half] < 0.02:
        return ""
    if run.val[half] - run.val[half:].min() > 0.02:
        return ""
    return f"validation is {run.val[half]:.0%} of chance in epoch {half}, and no better at the end"


def underfits(run: Run) -> str:
    """Training itself ends high, and validation beside it."""
    if run.train[-1] < HIGH or run.val[-1] < HIGH:
        return ""
    return f"training ends at {run.train[-1]:.0%} of chance, validation at {run.val[-1]:.0%}"


REMEDY = (
    "a larger loader.batch_size where arrays are in memory and steps are short; loader.num_workers "
    "or a faster disk where items are read and decoded, and less augmentation on the CPU"
)
BESIDE = (Branch("data-bound", is_data_bound, REMEDY),)
TREE = (
    Branch(
        "not a number",
        is_not_finite,
        "a tenth of the rate, gradient_clip_val=1.0, debug=default to find the layer; "
        "look at the items that nonfinite.json names",
    ),
    Branch("no learning rate", has_no_rate, "optimizer.lr and schedule: `find_lr` suggests one"),
    Branch(
        "bad start",
        starts_badly,
        "the last layer's initial weights and bias, and the scale of the inputs: see `sanity`",
    ),
    Branch(
        "exploding gradients",
        explodes,
        "trainer.gradient_clip_val=1.0, a tenth of the rate, warm-up, a norm layer",
    ),
    Branch("rate too high", rate_is_too_high, "a tenth of optimizer.lr, or more schedule.warmup"),
    Branch(
        "vanishing gradients",
        vanishes,
        "ReLU or GELU for sigmoid, residual connections, norm layers, Kaiming initialisation",
    ),
    Branch("frozen layers", has_frozen_layers, "set requires_grad, or a larger head"),
    Branch("rate too low", rate_is_too_low, "ten times optimizer.lr, or more epochs"),
    Branch(
        "not learning",
        does_not_learn,
        "compare labels with items (are they shuffled?), see `sanity`, then the initialisation",
    ),
    Branch(
        "validation differs",
        validation_differs,
        "put a training and a validation batch side by side: preprocessing, normalising, labels",
    ),
    Branch(
        "leak suspected",
        may_leak,
        "look for the answer in the inputs, and for items in two splits: `checklist DL-09.3`",
    ),
    Branch(
        "overfit",
        overfits,
        "more augmentation, dropout or weight decay, a smaller model, more data",
    ),
    Branch(
        "unstable validation",
        validation_jumps,
        "more validation items, a larger batch, a lower rate, weight averaging",
    ),
    Branch(
        "plateau", is_stuck, "a schedule that falls later, a restart with a higher rate, more width"
    ),
    Branch(
        "underfit", underfits, "a larger rung of configs/model/, less regularisation, more epochs"
    ),
)
