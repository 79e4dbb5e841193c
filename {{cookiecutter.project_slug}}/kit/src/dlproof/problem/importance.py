"""Of what use each input is to a classical model: how much worse it gets when that is shuffled."""

from collections.abc import Callable

import numpy as np

from ..task import Task

Predict = Callable[[np.ndarray], np.ndarray]
MAX_ITEMS = 2000  # validation items that are predicted
MAX_PREDICTIONS = 500  # of all items, over all inputs
REPEATS = 5  # shuffles of an input, fewer where there are many inputs


def measure_uses(
    task: Task, predict: Predict, features: np.ndarray, targets: np.ndarray, names: list[str]
) -> dict[str, dict[str, float]]:
    """Permutation importance (Breiman 2001), in the loss of each item.

    The features of one input (the categories of a column, a region of an image) are shuffled
    together, so that none can stand in for another.

    Args:
        task: Gives the loss of each item.
        predict: Features (N, D) -> predictions.
        features: Of validation items (N, D).
        targets: Theirs (N,).
        names: D names; what stands before `=` is the input.

    Returns:
        Input -> `loss`, by which the mean loss rises, and its standard error over the items.
    """
    features, targets = features[:MAX_ITEMS], targets[:MAX_ITEMS]
    generator = np.random.default_rng(0)
    inputs = [name.partition("=")[0] for name in names]
    repeats = max(1, min(REPEATS, MAX_PREDICTIONS // len(set(inputs))))
    plain = task.item_losses(targets, predict(features))
    found = {}
    for name in dict.fromkeys(inputs):
        columns = [index for index, owner in enumerate(inputs) if owner == name]
        order = np.concatenate([generator.permutation(len(features)) for _ in range(repeats)])
        shuffled = np.tile(features, (repeats, 1))
        shuffled[:, columns] = features[order][:, columns]
        losses = task.item_losses(np.tile(targets, repeats), predict(shuffled))
        rises = losses.reshape(repeats, -1).mean(axis=0) - plain
        error = rises.std(ddof=1) / len(rises) ** 0.5 if len(rises) > 1 else 0.0
        found[name] = {"loss": round(float(rises.mean()), 9), "error": round(float(error), 9)}
    return found
