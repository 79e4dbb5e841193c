"""What tests of the trained model find: its metric, its groups, how it answers changes."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from dlproof.checklist.deployment_tests import model_is_validated
from dlproof.checklist.evidence import NotYetError, StaleError
from dlproof.files import hash_file, write_sealed
from dlproof.testing.record import NOTHING, PATH, hash_tested
from dlproof.testing.trained import Trained
from omegaconf import OmegaConf

from ..projects import IMAGE, REGRESSION, TABLE


@pytest.mark.parametrize("sort", [IMAGE, TABLE, REGRESSION], indirect=True)
def test_it_has_the_validation_items_in_groups(exported):
    trained = Trained(exported)
    groups = trained.groups()
    assert sorted(np.concatenate([*groups.values()])) == list(range(len(trained.targets)))
    assert trained.sha256 == hash_file("models/model.onnx")
    found = [trained.score(), *(trained.score(rows) for rows in groups.values())]
    assert np.isfinite(found).all()
    better = 1 if trained.model.task.mode == "max" else -1
    assert trained.may_reach(trained.score())
    assert not trained.may_reach(trained.score() + better * 1e6)
    assert trained.minimum is None  # the charter is to do


@pytest.mark.parametrize("sort", [IMAGE, TABLE, REGRESSION], indirect=True)
def test_a_change_is_measured_by_the_answers(exported):
    trained = Trained(exported)
    assert trained.measure_change(lambda arrays: arrays) == 0
    before = {name: array.copy() for name, array in trained.arrays.items()}

    def mix(arrays):
        for array in arrays.values():
            array[:] = array[np.random.default_rng(0).permutation(len(array))]
        return arrays

    assert trained.measure_change(mix) > 0.1
    for name, array in before.items():
        np.testing.assert_array_equal(trained.arrays[name], array)  # NaN is where it was


@pytest.fixture
def judge(exported):
    """`judge(row, …)`: the finding where the last run of the tests left these rows."""

    def check(*rows):
        tests = {f"tests/test_it.py::test_{n}": NOTHING | row for n, row in enumerate(rows)}
        PATH.parent.mkdir(exist_ok=True)
        folder = Path("src/none")
        write_sealed(PATH, {"covers": hash_tested(folder), "whole": True, "tests": tests})
        cfg = OmegaConf.create({"paths": {"models_dir": "models"}})
        project = SimpleNamespace(folder=folder)
        return model_is_validated(
            SimpleNamespace(figures=lambda stage: {}, cfg=cfg, project=project)
        )

    return check


def make_row(**changes):
    row = {"outcome": "passed", "asserts": True, "ran": ["problem.classification"]}
    tried = hash_file("models/model.onnx")
    return row | {"marks": ["validation"], "model": tried} | changes


def test_the_bullet_holds_where_such_tests_tried_this_very_model(judge):
    found = judge(make_row(), make_row(marks=[]))
    assert found.holds
    assert found.figure == "1 of 2 tests passed and tried the trained model"


@pytest.mark.parametrize(
    "change",
    [{"outcome": "failed"}, {"asserts": False}, {"marks": ["unit"]}, {"model": ""}, {"ran": []}],
    ids=json.dumps,
)
def test_it_fails_where_they_show_nothing(judge, change):
    assert not judge(make_row(**change)).holds


def test_tests_of_another_model_are_stale_and_skipped_ones_to_do(judge):
    with pytest.raises(StaleError, match="another model"):
        judge(make_row(model="0" * 64))
    with pytest.raises(NotYetError, match="had no model to try"):
        judge(make_row(outcome="skipped", model=""))
