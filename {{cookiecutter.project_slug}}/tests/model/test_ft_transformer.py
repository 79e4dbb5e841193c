"""The FT-Transformer learns a table of any kind of columns."""

import pytest
import torch
from dlproof import UserError

from {{ cookiecutter.package_name }}.model.ft_transformer import FTTransformer

pytestmark = pytest.mark.unit
NUMBER = {"a": {"fill": 0.0, "mean": 0.0, "std": 1.0}}


@pytest.mark.parametrize(
    ("numeric", "categories"), [(NUMBER, {}), ({}, {"c": ["x"]}), (NUMBER, {"c": ["x", "y"]})]
)
def test_every_parameter_has_a_gradient_whatever_columns_there_are(numeric, categories):
    network = FTTransformer({"numeric": numeric, "categories": categories}, 2, hidden_dim=64)
    codes = torch.ones(3, len(categories), dtype=torch.long)
    network(torch.randn(3, len(numeric)), codes).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


def test_each_column_has_its_own_token():
    state = {"numeric": NUMBER | {"b": NUMBER["a"]}, "categories": {}}
    network = FTTransformer(state, 1, hidden_dim=64).eval()
    none = torch.zeros(1, 0, dtype=torch.long)
    one, other = (network(torch.tensor([row]), none) for row in ([1.0, 0.0], [0.0, 1.0]))
    assert not torch.allclose(one, other)


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(UserError, match="num_heads=7 must divide hidden_dim=64"):
        FTTransformer({"numeric": NUMBER, "categories": {}}, 1, hidden_dim=64, num_heads=7)
