"""Slices of the test split, each held against the rest, with regard to how many were looked at."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from ..config import build
from ..data.explore_page import read_declared_groups
from ..data.split_methods import parse_times
from ..data.store import Store
from ..intervals import DRAWN_AT_ONCE, EQUAL, bootstrap, count_hits
from ..significance import correct
from ..task import Task
from ..types import KEYS, DataType
from ..weighing import Measure, Score, prepare

Slices = dict[str, np.ndarray]  # name -> which items are in it, (N,)


def slice_values(items: pd.DataFrame, column: str) -> Slices:
    """`origin=a` for each value of a column of the items; none without that column."""
    if column not in items:
        return {}
    values = items[column]
    return {f"{column}={v}": (values == v).to_numpy() for v in sorted(set(values) - {""})}


def slice_times(items: pd.DataFrame, parts: int) -> Slices:
    """So many spans of time with about as many items each; none where items have no time."""
    if "time" not in items:
        return {}
    known = items[items["time"] != ""]
    spans = pd.qcut(parse_times(known), parts, labels=False, duplicates="drop")
    found = {}
    for _, part in known.groupby(spans):
        order = parse_times(part).argsort(kind="stable")
        first, last = part["time"].iloc[order.iloc[[0, -1]]]
        found[f"time={first} to {last}"] = items.index.isin(part.index)
    return found


def slice_declared(cfg: DictConfig, store: Store, rows: np.ndarray) -> Slices:
    """The groups that the charter declares by an input, `column=value`, as `explore` names them."""
    data_type: DataType = build(cfg.data)
    declared, items = read_declared_groups(), store.items.iloc[rows]
    if not declared:
        return {}
    features, names = data_type.features(store.take(rows), store.state["data"])
    found = {}
    for name in declared:
        column, _, value = name.rpartition("=")
        if column in KEYS and column in items:
            found[name] = (items[column] == value).to_numpy()
        elif name in names:
            found[name] = features[:, names.index(name)] == 1
        elif column in names and (number := pd.to_numeric(value, errors="coerce")) == number:
            found[name] = np.isclose(features[:, names.index(column)], number)
    return found


def score_slices(
    cfg: DictConfig, task: Task, targets: np.ndarray, predictions: np.ndarray, slices: Slices
) -> dict[str, dict[str, Any]]:
    """Each slice that has items: see `score_slice`, and how it differs from the `rest`.

    `p_value` is that of the difference, corrected for how many slices are looked at: none where
    the metric is not defined. `gap` is `worse` or `better` where it is too small for chance.
    """
    slices = {name: within for name, within in slices.items() if within.any()}
    found = {
        name: score_slice(cfg, task, targets[within], predictions[within])
        for name, within in slices.items()
    }
    p_values = correct(dict(find_p_values(cfg, task.score, targets, predictions, slices)))
    for name, within in slices.items():
        rest = task.score(targets[~within], predictions[~within]) if not within.all() else np.nan
        is_better = (found[name]["score"] > rest) == (task.mode == "max")
        is_gap = p_values.get(name, 1.0) < 1 - cfg.evaluate.confidence
        gap = ("better" if is_better else "worse") if is_gap else ""
        found[name] |= {"rest": rest, "p_value": p_values.get(name), "gap": gap}
    return found


def score_slice(
    cfg: DictConfig, task: Task, targets: np.ndarray, predictions: np.ndarray
) -> dict[str, Any]:
    """Items, the ranking metric and its interval of one part of the test split."""
    interval = bootstrap(
        task.score,
        targets,
        predictions,
        resamples=max(1, cfg.evaluate.resamples // 5),  # one slice after another adds up
        confidence=cfg.evaluate.confidence,
        seed=cfg.seed,
    )
    score = task.score(targets, predictions)
    return {"items": len(targets), "score": score, "interval": interval}


def find_p_values(
    cfg: DictConfig, score: Score, targets: np.ndarray, predictions: np.ndarray, slices: Slices
) -> Iterator[tuple[str, float]]:
    """Two-sided p-values of each slice against the rest, where the metric is defined on both.

    Of shares of items, such as accuracy, by Fisher's exact test (1922). Of other metrics, how often
    as many items drawn from all differ as much from the others: a permutation test, with draws
    enough for the smallest of so many p-values to count.
    """
    from scipy.stats import fisher_exact

    left = {}
    for name, within in slices.items():
        if within.all():
            continue
        sides = within, ~within
        own, rest = (count_hits(score, targets[side], predictions[side]) for side in sides)
        if own is None or rest is None:
            left[name] = within
            continue
        table = [[own, int(within.sum()) - own], [rest, int((~within).sum()) - rest]]
        yield name, float(fisher_exact(table).pvalue)
    draws = max(cfg.evaluate.resamples, int(2 * len(left) / (1 - cfg.evaluate.confidence)))
    yield from permute(score, targets, predictions, left, draws, cfg.seed)


def permute(
    score: Score,
    targets: np.ndarray,
    predictions: np.ndarray,
    slices: Slices,
    draws: int,
    seed: int,
) -> Iterator[tuple[str, float]]:
    """P-values of slices against the rest by a permutation test, of the same draws for all."""
    measure, generator = prepare(score, targets, predictions), np.random.default_rng(seed)
    observed = {name: subtract(measure, within[None])[0] for name, within in slices.items()}
    slices = {name: within for name, within in slices.items() if np.isfinite(observed[name])}
    beyond, defined = dict.fromkeys(slices, 0), dict.fromkeys(slices, 0)
    at_once = max(1, DRAWN_AT_ONCE // len(targets))
    for start in range(0, draws if slices else 0, at_once):
        places = np.tile(np.arange(len(targets)), (min(at_once, draws - start), 1))
        places = generator.permuted(places, axis=1)
        for name, within in slices.items():
            differences = np.abs(subtract(measure, within[places]))
            beyond[name] += int((differences >= abs(observed[name]) - EQUAL).sum())
            defined[name] += int(np.isfinite(differences).sum())
    for name in slices:
        yield name, (1 + beyond[name]) / (1 + defined[name])


def subtract(measure: Measure, within: np.ndarray) -> np.ndarray:
    """The metric of the items within minus that of the rest (B,), of B slices (B, N)."""
    weights = within.astype(np.float64)
    difference: np.ndarray = measure(weights) - measure(1 - weights)
    return difference
