"""Errors that are near each other in the network's last layer but one are told as one group."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from dlproof.config import build, compose
from dlproof.data.store import VALIDATION, load_store
from dlproof.evaluation import clusters
from dlproof.model.checkpoint import load_network

from ..projects import IMAGE, REGRESSION, TABLE
from .test_evaluate import EVALUATE, trained

__all__ = ["trained"]
EVERY_SORT = pytest.mark.parametrize("sort", [IMAGE, TABLE, REGRESSION], indirect=True)


def plant(sizes, width=32, seed=0):
    """So many points around each of some middles that are far apart."""
    draws = np.random.default_rng(seed)
    middles = 10 * draws.normal(size=(len(sizes), width))
    return np.concatenate(
        [middle + draws.normal(size=(n, width)) for middle, n in zip(middles, sizes, strict=True)]
    )


@pytest.mark.parametrize("sizes", [(6, 4), (10, 5, 3), (20, 20, 20, 20)])
def test_planted_groups_are_found_whole(sizes):
    groups = clusters.find_groups(plant(sizes), seed=0)
    ends = np.cumsum([0, *sizes])
    expected = {tuple(range(a, b)) for a, b in pairwise(ends)}
    assert {tuple(group.tolist()) for group in groups} == expected


@pytest.mark.parametrize("count", [8, 30, 200])
def test_points_without_structure_are_no_groups(count):
    assert clusters.find_groups(np.random.default_rng(0).normal(size=(count, 32)), seed=0) == []
    assert clusters.find_groups(np.ones((count, 32)), seed=0) == []
    assert clusters.find_groups(np.zeros((count, 0)), seed=0) == []


@EVERY_SORT
def test_the_embedding_is_what_the_last_linear_layer_gets(trained, declared):
    store, task = load_store("data"), build(compose().task)
    network, _ = load_network("models/model.ckpt", declared.build_network)
    rows = store.rows(VALIDATION)
    points = clusters.embed(network, store, rows, task, torch.device("cpu"))
    hidden = {}
    network.backbone.head.register_forward_pre_hook(lambda _, given: hidden.update(x=given[0]))
    arrays = {name: torch.from_numpy(array) for name, array in store.take(rows).items()}
    with torch.inference_mode():
        network(**arrays)
    expected = hidden["x"].numpy() - hidden["x"].numpy().mean(axis=0)
    expected /= np.maximum(expected.std(axis=0), 1e-6)
    np.testing.assert_allclose(points, expected, atol=1e-4)


@pytest.mark.parametrize("sort", [IMAGE, REGRESSION], indirect=True)
def test_groups_of_errors_are_told_with_what_they_have_in_common(
    trained, declared, sort, monkeypatch
):
    cfg, store = compose(EVALUATE), load_store("data")
    task, state = build(cfg.task), store.state["task"]
    rows = np.flatnonzero(store.items["split"] != "")[:60]
    targets = np.asarray(store.targets[rows])
    if sort == REGRESSION:
        answers = targets.astype(np.float64)
        wrong = np.arange(6)  # a tenth
        answers[wrong] += 50
        monkeypatch.setattr(clusters, "FEWEST", 6)
        told = "predicted 50 too high on average"
    else:
        wrong = np.flatnonzero(targets == 0)[:10]
        said = targets.copy()
        said[wrong] = 1
        answers = np.eye(len(state["classes"]))[said] * 0.9
        told = f"{state['classes'][0]} is taken for {state['classes'][1]} in "
    points = plant((len(wrong) - 3, 3))
    monkeypatch.setattr(clusters, "embed", lambda *_: points)
    given = cfg, store, task, rows, answers, declared.build_network
    found = clusters.cluster_errors(*given)
    assert [row["items"] for row in found] == [max(len(wrong) - 3, 3), 3]
    assert all(row["errors"] == len(wrong) and row["told"].startswith(told) for row in found)
    ids = set(store.items["id"].iloc[rows[wrong]])
    assert all(row["examples"] and set(row["examples"]) <= ids for row in found)


def test_few_errors_form_no_groups(trained, declared):
    cfg, store = compose(EVALUATE), load_store("data")
    task, rows = build(cfg.task), store.rows(VALIDATION)
    right = np.eye(len(store.state["task"]["classes"]))[store.targets[rows]]
    given = cfg, store, task, rows, right, declared.build_network
    assert clusters.cluster_errors(*given) == []
