"""What the steps of a real run take, draw and change."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from dlproof.data.store import TRAIN, load_store
from dlproof.training.runs import read_log
from lightning.pytorch import Callback
from torch.nn.utils import get_total_norm

SHORT = (
    "trainer.max_epochs=3",
    "trainer.accelerator=cpu",
    "logger=[csv]",
    "loader.batch_size=16",
    "augmentation=none",
    f"+callbacks.watch._target_={__name__}.Watch",
)
pytestmark = pytest.mark.parametrize("package", ["toy", "own"], indirect=True)


class Watch(Callback):
    """Notes of each step its items, the generator's state, and the gradient's norms.

    Attributes:
        rows: (epoch, positions in the store) of each step.
        states: The state of torch's generator at each.
        norms: The norm before clipping, and what the optimizer got, of each.
    """

    def __init__(self):
        self.rows, self.states, self.norms = [], [], []

    def on_train_start(self, trainer, module):
        Watch.newest = self

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        self.rows.append((trainer.current_epoch, batch["rows"].tolist()))
        self.states.append(torch.get_rng_state().numpy().tobytes())

    def on_before_optimizer_step(self, trainer, module, optimizer):
        self.norms.append([self.measure(module)])

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.norms[-1].append(self.measure(module))

    def measure(self, module):
        grads = [p.grad for p in module.network.parameters() if p.grad is not None]
        return float(get_total_norm(grads))


@pytest.fixture
def watch(checked, run):
    """`watch(*overrides)`: what was seen of a short run."""

    def train(*overrides):
        run("train", *SHORT, *overrides)
        return Watch.newest

    return train


def by_epoch(seen):
    epochs = {}
    for epoch, rows in seen.rows:
        epochs.setdefault(epoch, []).extend(rows)
    return list(epochs.values())


def test_each_epoch_takes_the_training_items_in_an_order_of_its_own(watch):
    orders = by_epoch(watch())
    train = set(load_store("data").rows(TRAIN))
    for order in orders:
        assert set(order) <= train
        assert len(order) == len(set(order)) > len(train) - 16
        assert order != sorted(order)
        assert np.abs(np.diff(order)).mean() > len(train) / 8  # neighbours are far apart
    assert all(one != other for one, other in pairwise(orders))
    assert by_epoch(watch()) == orders
    assert by_epoch(watch("seed=8"))[0] != orders[0]


def test_each_step_draws_anew_and_a_run_with_the_same_seed_draws_the_same(watch):
    states = watch().states
    assert len(set(states)) == len(states) > 3
    assert watch().states == states
    assert not set(watch("seed=8").states) & set(states)


@pytest.mark.parametrize("limit", [1e-3, 0.1])
def test_gradients_are_clipped_to_the_norm_that_the_config_says(watch, limit):
    norms = watch(f"trainer.gradient_clip_val={limit}").norms
    clipped = [after for before, after in norms if before > limit]
    assert len(clipped) > 3
    assert clipped == pytest.approx([limit] * len(clipped), rel=1e-3)
    assert all(after == pytest.approx(before) for before, after in norms if before < limit)


def test_the_log_has_each_epochs_norms_as_they_were_and_as_clipping_left_the_last(watch):
    seen = watch("trainer.gradient_clip_val=0.1")
    (path,) = Path("runs").glob("*/metrics.csv")
    log = read_log(path)
    epochs = [epoch for epoch, _ in seen.rows]
    before, after = pd.DataFrame(seen.norms).groupby(epochs).agg(list).to_dict("list").values()
    assert log["train/gradient_norm"] == pytest.approx(list(map(np.mean, before)))
    assert log["train/gradient_norm_max"] == pytest.approx(list(map(max, before)))
    assert log["train/gradient_norm_clipped"] == pytest.approx([norms[-1] for norms in after])


def test_gradients_are_left_alone_where_the_config_says_so(watch):
    norms = watch("trainer.gradient_clip_val=null").norms
    assert all(after == pytest.approx(before) for before, after in norms)
