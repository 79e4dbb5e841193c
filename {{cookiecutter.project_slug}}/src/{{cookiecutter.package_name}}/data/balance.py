"""Weights that make rare classes count, from training targets alone."""

import numpy as np


def class_weights(targets: np.ndarray, num_classes: int) -> np.ndarray:
    """A weight for each class, inverse to its frequency, with mean 1 over the items.

    Args:
        targets: Class indices (N,) of the training split.
        num_classes: Length of the result; a class without items gets 0.

    Returns:
        float32 (num_classes,).
    """
    counts = np.bincount(targets, minlength=num_classes)
    present = counts > 0
    weights = np.zeros(num_classes, np.float32)
    weights[present] = len(targets) / (present.sum() * counts[present])
    return weights


def sampling_weights(targets: np.ndarray) -> np.ndarray:
    """The chance of each item when every class is drawn equally often: float64 (N,), sum 1."""
    _, codes, counts = np.unique(targets, return_inverse=True, return_counts=True)
    chances: np.ndarray = 1.0 / (len(counts) * counts[codes])
    return chances
