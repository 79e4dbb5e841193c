"""A regressor that knows nothing: the floor that any model must beat."""

import numpy as np


class RandomRegressor:
    """Says a random training label; scikit-learn's dummy has no such strategy."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.labels = np.zeros(0)

    def fit(self, features: np.ndarray, targets: np.ndarray) -> "RandomRegressor":
        """Remembers the labels."""
        self.labels = np.asarray(targets)
        return self

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Labels (N,), drawn with replacement."""
        return np.random.default_rng(self.seed).choice(self.labels, len(features))
