"""The exported model, for tests of how it behaves: `def test_…(trained)`, marked `validation`.

It is tried on the validation split, which the model was not fitted to; the test split stays closed.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..charter.charter import CHARTER, Answers, read_charter
from ..deployment.runtime import Model, open_validation
from ..intervals import bootstrap
from ..types import Arrays

MAX_ITEMS = 2000  # of the validation split, spread evenly
RESAMPLES, CONFIDENCE = 300, 0.95
PARTS = 3  # of equally many items, from the smallest targets to the largest


class Trained:
    """A project's exported model and validation items with their targets.

    Attributes:
        model: As the service loads it.
        arrays: Of the items, by name: as the data type encodes them (N, …).
        targets: (N,).
        predictions: For the items as they are: probabilities (N, classes), or values (N,).
        minimum: The charter's; None where it is to do.

    Args:
        root: Of the project.

    Raises:
        UserError: There is no export, or the data was prepared anew since.
    """

    def __init__(self, root: Path) -> None:
        self.model = Model(root / "models")
        store, rows = open_validation(root / "data", self.model.data_version, MAX_ITEMS)
        self.arrays, self.targets = store.take(rows), np.asarray(store.targets[rows])
        self.predictions = self.model.run(self.arrays)
        charter = root / CHARTER
        answer = (
            Answers(*read_charter(charter)).get("success.minimum") if charter.exists() else None
        )
        self.minimum: float | None = answer.value if answer and answer.state == "done" else None

    @property
    def sha256(self) -> str:
        """Of the exported model."""
        return str(self.model.info["model_sha256"])

    def score(self, rows: Any = slice(None)) -> float:
        """The metric that ranks models, on some of the items."""
        return float(self.model.task.score(self.targets[rows], self.predictions[rows]))

    def may_reach(self, bound: float, rows: Any = slice(None)) -> bool:
        """Whether the metric's interval on some items has its good end at a bound or beyond it.

        Few items decide little; a metric that is not defined on them decides nothing.
        """
        low, high = bootstrap(
            self.model.task.score,
            self.targets[rows],
            self.predictions[rows],
            resamples=RESAMPLES,
            confidence=CONFIDENCE,
            seed=0,
        )
        return not (high < bound if self.model.task.mode == "max" else low > bound)

    def groups(self) -> dict[str, np.ndarray]:
        """Rows of each class, or of the low, middle and high targets."""
        classes = self.model.info["state"]["task"].get("classes")
        if classes is None:
            parts = np.array_split(np.argsort(self.targets, kind="stable"), PARTS)
            return dict(zip(("low", "middle", "high"), parts, strict=True))
        rows = {name: np.flatnonzero(self.targets == code) for code, name in enumerate(classes)}
        return {name: found for name, found in rows.items() if len(found)}

    def measure_change(self, change: Callable[[Arrays], Arrays]) -> float:
        """How much the answers change with the inputs.

        Args:
            change: Arrays of all items -> arrays of the same shapes.

        Returns:
            The share of items with another class; of numbers the mean change, as a share of the
            targets' deviation.
        """
        changed = self.model.run(change({name: a.copy() for name, a in self.arrays.items()}))
        before, after = (self.model.describe_predictions(p) for p in (self.predictions, changed))
        if "value" not in before[0]:
            pairs = zip(before, after, strict=True)
            return float(np.mean([one["label"] != other["label"] for one, other in pairs]))
        moved = np.array([item["value"] for item in after]) - [item["value"] for item in before]
        return float(np.abs(moved).mean() / max(self.targets.std(), np.finfo(np.float32).tiny))
