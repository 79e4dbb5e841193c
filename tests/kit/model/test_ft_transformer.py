"""The FT-Transformer learns a table of any kind of columns and leaves for ONNX."""

import pytest
import torch
from dlproof.errors import UserError
from own.model.ft_transformer import FTTransformer

from ..projects import TABLE

CHOSEN = ("model=ft_transformer", "model.hidden_dim=64", "model.num_layers=2")
NUMBER = {"a": {"fill": 0.0, "mean": 0.0, "std": 1.0}}


@pytest.fixture
def package():
    return "own"


@pytest.fixture
def sort():
    return TABLE


@pytest.mark.parametrize(
    ("numeric", "categories"), [(NUMBER, {}), ({}, {"c": ["x"]}), (NUMBER, {"c": ["x", "y"]})]
)
def test_every_parameter_has_a_gradient_whatever_columns_there_are(numeric, categories):
    network = FTTransformer({"numeric": numeric, "categories": categories}, 2, hidden_dim=64)
    codes = torch.ones(3, len(categories), dtype=torch.long)
    network(torch.randn(3, len(numeric)), codes).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


def test_a_column_is_told_from_another_by_its_own_token():
    state = {"numeric": NUMBER | {"b": NUMBER["a"]}, "categories": {}}
    network = FTTransformer(state, 1, hidden_dim=64).eval()
    none = torch.zeros(1, 0, dtype=torch.long)
    one, other = (network(torch.tensor([row]), none) for row in ([1.0, 0.0], [0.0, 1.0]))
    assert not torch.allclose(one, other)


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(UserError, match=r"num_heads=7 must divide hidden_dim=64"):
        FTTransformer({"numeric": NUMBER, "categories": {}}, 1, hidden_dim=64, num_heads=7)


@pytest.mark.slow
def test_it_passes_sanity_and_leaves_for_onnx(processed, run):
    figures = run("sanity", *CHOSEN).figures
    assert figures["family"] == "transformer"
    assert all(0.5 <= ratio <= 2 for ratio in figures["spread"]["he"].values())
    run("find_lr", *CHOSEN, "trainer.accelerator=cpu")
    run("train", *CHOSEN, "trainer.max_epochs=1", "trainer.accelerator=cpu")
    assert run("export").figures["largest_difference"] < 1e-4
