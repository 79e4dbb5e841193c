"""Each training row gets its own noise; categories, missing values and targets stay."""

import pytest
import torch

from {{ cookiecutter.package_name }}.data.table_augment import TableAugmentation

pytestmark = pytest.mark.unit
STATE = {"data": {"numeric": {"narrow": {"std": 1.0}, "wide": {"std": 100.0}}}}


def test_noise_is_a_share_of_each_columns_deviation():
    torch.manual_seed(0)
    numeric, codes = torch.zeros(4000, 2), torch.ones(4000, 1, dtype=torch.long)
    numeric[0, 0] = float("nan")
    targets = torch.arange(4000)
    inputs = {"numeric": numeric, "categorical": codes}
    changed, goals = TableAugmentation(STATE, deviation=0.05)(inputs, targets)
    assert torch.isnan(changed["numeric"][0, 0])
    deviations = changed["numeric"][1:].std(dim=0)
    torch.testing.assert_close(deviations, torch.tensor([0.05, 5.0]), rtol=0.1, atol=0)
    assert torch.equal(changed["categorical"], codes)
    assert torch.equal(goals, targets)
    assert torch.equal(numeric[1:], torch.zeros(3999, 2))  # the batch itself is left alone


def test_no_deviation_is_no_change():
    inputs = {"numeric": torch.randn(8, 2), "categorical": torch.zeros(8, 0)}
    changed, _ = TableAugmentation(STATE, deviation=0.0)(inputs, torch.zeros(8))
    assert torch.equal(changed["numeric"], inputs["numeric"])
