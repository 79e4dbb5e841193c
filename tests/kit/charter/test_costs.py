"""The charter's costs come in the order of the model's classes, or not at all."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from dlproof.charter.costs import read_costs
from dlproof.errors import UserError

SIGNED = {"by": "TODO", "since": "TODO", "until": "TODO"}  # costs hold all the same


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write_charter(costs, classes):
        content = {
            "problem": {"classes": classes, "signed": SIGNED},
            "success": {"costs": costs, "signed": SIGNED},
        }
        Path("project.yaml").write_text(yaml.safe_dump(content))

    return write_charter


def test_rows_follow_the_classes_of_the_charter(write):
    write([[0, 1], [9, 0]], ["yes", "no"])
    assert np.array_equal(read_costs(["no", "yes"]), [[0, 9], [1, 0]])
    assert np.array_equal(read_costs(["yes", "no"]), [[0, 1], [9, 0]])


def test_classes_may_be_numbers(write):
    write([[0, 1], [9, 0]], [10, 9])
    assert np.array_equal(read_costs(["9", "10"]), [[0, 9], [1, 0]])


@pytest.mark.parametrize("costs", ["TODO what it costs", []])
def test_costs_may_be_to_do(write, costs):
    write(costs, ["a", "b"])
    assert read_costs(["a", "b"]) is None


def test_without_a_charter_there_are_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_costs(["a", "b"]) is None


@pytest.mark.parametrize(
    ("costs", "classes", "told"),
    [
        ([[0, 1], [1, 0]], ["a", "c"], "problem.classes must list the 2 classes of the data"),
        ([[0, 1], [1, 0]], "TODO", "problem.classes must list the 2 classes of the data"),
        ([[0, 1]], ["a", "b"], "success.costs must have 2 rows of 2 numbers"),
        ([[0, 1], [1]], ["a", "b"], "success.costs must have 2 rows of 2 numbers"),
        ("high", ["a", "b"], "success.costs must be a list of rows"),
    ],
)
def test_what_does_not_suit_is_told(write, costs, classes, told):
    write(costs, classes)
    with pytest.raises(UserError, match=told):
        read_costs(["a", "b"])
