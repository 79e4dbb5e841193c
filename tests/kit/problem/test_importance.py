"""Permutation importance tells inputs of use from noise, and shuffles what belongs together."""

from types import SimpleNamespace

import numpy as np
from dlproof.problem.importance import measure_uses

TASK = SimpleNamespace(item_losses=lambda targets, found: np.abs(found - targets))


def test_useful_harmful_and_idle_inputs_are_told_apart():
    generator = np.random.default_rng(0)
    features = generator.normal(0, 1, (400, 3))
    targets = features[:, 0]
    uses = measure_uses(
        TASK, lambda x: x[:, 0] + x[:, 1], features, targets, ["good", "spurious", "idle"]
    )
    assert uses["good"]["loss"] > 5 * uses["good"]["error"] > 0
    assert abs(uses["spurious"]["loss"]) < 3 * uses["spurious"]["error"]
    assert uses["idle"] == {"loss": 0.0, "error": 0.0}
    # A model that adds what points the wrong way is better off without it.
    against = np.stack([targets, -targets], axis=1)
    harmful = measure_uses(TASK, lambda x: 1.0 * x[:, 1], against, targets, ["good", "wrong"])
    assert harmful["wrong"]["loss"] < -3 * harmful["wrong"]["error"]


def test_features_of_one_input_are_shuffled_together():
    generator = np.random.default_rng(0)
    hot = np.eye(2)[generator.integers(0, 2, 300)]
    seen = []

    def predict(features):
        seen.append(features)
        return features[:, 0]

    uses = measure_uses(TASK, predict, hot, hot[:, 0], ["colour=red", "colour=green"])
    assert list(uses) == ["colour"]
    assert all((features.sum(axis=1) == 1).all() for features in seen)
