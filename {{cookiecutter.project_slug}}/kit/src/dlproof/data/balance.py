"""How rare classes are made to count in training; one class an option of `configs/balance/`."""

import numpy as np

from .store import Store


class Balance:
    """Classes count as often as they occur; an option changes one of the three ways.

    Attributes:
        gamma: Focusing of the loss on items that the model gets wrong; 0 is cross entropy.
    """

    gamma = 0.0

    def extend(self, store: Store, seed: int) -> Store:
        """The data that training reads; rows that are added belong to its training split."""
        return store

    def weigh(self, targets: np.ndarray, num_classes: int) -> np.ndarray | None:
        """Weight of each class in the training loss, from training targets (N,); None: equal."""
        return None

    def draw(self, targets: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """An epoch's order: positions in the training targets (N,). Its length never changes."""
        return generator.permutation(len(targets))


class ClassWeights(Balance):
    """The loss weighs each class inversely to its frequency in the training split."""

    def weigh(self, targets: np.ndarray, num_classes: int) -> np.ndarray:
        """float32 (num_classes,) with mean 1 over the items; 0 for a class without items."""
        counts = np.bincount(targets, minlength=num_classes)
        present = counts > 0
        weights = np.zeros(num_classes, np.float32)
        weights[present] = len(targets) / (present.sum() * counts[present])
        return weights


class Focal(ClassWeights):
    """Focal loss with class weights (Lin et al. 2017, its alpha-balanced form).

    Args:
        gamma: The loss of an item shrinks by (1 - probability of its class) ** gamma.
    """

    def __init__(self, gamma: float) -> None:
        self.gamma = gamma


class WeightedSampler(Balance):
    """Every class is drawn equally often, with replacement."""

    def draw(self, targets: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """As many positions as there are targets."""
        _, codes, counts = np.unique(targets, return_inverse=True, return_counts=True)
        chances = 1.0 / (len(counts) * counts[codes])
        return generator.choice(len(targets), len(targets), p=chances)


class UnderSample(Balance):
    """Every class is drawn as often as the rarest occurs, other items of it in each epoch."""

    def draw(self, targets: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """As many positions as there are classes times the count of the rarest."""
        order = generator.permutation(len(targets))
        least = np.unique(targets, return_counts=True)[1].min()
        kept = [order[targets[order] == code][:least] for code in np.unique(targets)]
        return generator.permutation(np.concatenate(kept))
