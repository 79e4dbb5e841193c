"""The MLP reads numbers and embedded categories, whichever of them there are."""

import pytest
import torch

from {{ cookiecutter.package_name }}.model.mlp import MLP, embedding_width

pytestmark = pytest.mark.unit
NUMBER = {"fill": 0.0, "mean": 0.0, "std": 1.0}


@pytest.mark.parametrize(
    ("numeric", "categories"), [(2, {}), (0, {"c": ["x", "y"]}), (1, {"c": ["x"], "d": ["u", "v"]})]
)
def test_every_parameter_has_a_gradient_whatever_columns_there_are(numeric, categories):
    state = {"numeric": dict.fromkeys(map(str, range(numeric)), NUMBER), "categories": categories}
    network = MLP(state, 3, hidden_dim=16, num_layers=2, dropout=0.0)
    codes = torch.ones(8, len(categories), dtype=torch.long)
    outputs = network(torch.randn(8, numeric), codes)
    assert outputs.shape == (8, 3)
    outputs.square().sum().backward()
    assert all(p.grad is not None for p in network.parameters())


def test_an_unknown_category_has_an_embedding_of_its_own():
    network = MLP({"numeric": {}, "categories": {"c": ["x", "y"]}}, 1).eval()
    none = torch.zeros(3, 0)
    assert len(network(none, torch.tensor([[0], [1], [2]])).unique()) == 3


def test_an_embedding_is_as_wide_as_fastais_rule_says():
    assert [embedding_width(n) for n in (2, 10, 100, 10_000)] == [2, 6, 21, 64]
