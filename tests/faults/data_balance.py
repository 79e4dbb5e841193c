"""Faults of phase 2 in how rare classes are made to count."""

from dataclasses import replace
from typing import Any

import numpy as np

from faults.data_loading import shuffle_validation
from faults.harness import TABLES, Fault, Workspace
from faults.problem import Apply
from faults.sanity import look_again


def balance_by(option: str) -> Apply:
    def apply(work: Workspace) -> None:
        work.edit("configs/config.yaml", "- balance: none", f"- balance: {option}")
        look_again(work)

    return apply


def weigh_all_splits(work: Workspace) -> None:
    balance = work.module("data.balance").ClassWeights
    weigh = balance.weigh
    targets = np.load(work.root / "data/processed/targets.npy")
    work.monkeypatch.setattr(balance, "weigh", lambda self, _, count: weigh(self, targets, count))
    look_again(work)


def draw_one_class(option: str) -> Apply:
    def apply(work: Workspace) -> None:
        def draw(self: Any, targets: np.ndarray, generator: np.random.Generator) -> np.ndarray:
            chances = 1.0 + 9.0 * (targets == 0)
            return generator.choice(len(targets), len(targets), p=chances / chances.sum())

        work.monkeypatch.setattr(getattr(work.module("data.balance"), option), "draw", draw)
        look_again(work)

    return apply


def synthesise_before_the_split(work: Workspace) -> None:
    """SMOTE sees every row, and what it makes of them is trained on."""
    smote = work.module("data.smote").Smote
    extend = smote.extend

    def extend_all(self: Any, store: Any, seed: int) -> Any:
        added = extend(self, replace(store, items=store.items.assign(split="train")), seed)
        items = added.items.copy()
        items.loc[: len(store.items) - 1, "split"] = store.items["split"]
        return replace(added, items=items)

    work.monkeypatch.setattr(smote, "extend", extend_all)
    look_again(work)


def validate_on_synthetic_rows(work: Workspace) -> None:
    smote = work.module("data.smote").Smote
    extend = smote.extend

    def extend_validation(self: Any, store: Any, seed: int) -> Any:
        added = extend(self, store, seed)
        items = added.items.copy()
        items.loc[len(items) - 5 :, "split"] = "validation"
        return replace(added, items=items)

    work.monkeypatch.setattr(smote, "extend", extend_validation)
    look_again(work)


FAULTS = [
    Fault("DL-13.1", "weights of all splits", weigh_all_splits, given=balance_by("class_weights")),
    Fault(
        "DL-13.2",
        "one class drawn most",
        draw_one_class("WeightedSampler"),
        given=balance_by("weighted_sampler"),
    ),
    Fault(
        "DL-13.2",
        "one class drawn most, under-sampled",
        draw_one_class("UnderSample"),
        given=balance_by("under_sample"),
    ),
    Fault(
        "DL-13.2",
        "sampler on validation",
        shuffle_validation,
        given=balance_by("weighted_sampler"),
        also=("DL-12.2",),
    ),
    Fault(
        "DL-13.3",
        "SMOTE before the split",
        synthesise_before_the_split,
        option_set=TABLES,
        given=balance_by("smote"),
    ),
    Fault(
        "DL-13.3",
        "synthetic rows in validation",
        validate_on_synthetic_rows,
        option_set=TABLES,
        given=balance_by("smote"),
    ),
]
