"""Networks take raw arrays of one item or many, and start out knowing nothing."""

from pathlib import Path

import pytest
import torch
from dlproof import UserError, build, to_plain
from dlproof.data import load_store, to_tensors

from {{ cookiecutter.package_name }}.model.network import build_network

pytestmark = pytest.mark.unit
RUNGS = sorted(path.stem for path in Path(__file__).parents[2].glob("configs/model/*.yaml"))


def make(cfg, num_outputs=4):
    """The configured network for the processed data, from scratch."""
    model = to_plain(cfg.model)
    model |= {"pretrained": False} if "pretrained" in model else {}
    state = load_store("data").state["data"]
    return build_network(model, to_plain(cfg.preprocess), state, num_outputs)


def take(count):
    store = load_store("data")
    return to_tensors(store.take(store.rows("train")[:count]))


@pytest.mark.parametrize("rung", RUNGS)
def test_every_rung_of_the_ladder_takes_one_item_and_many(processed, compose, rung):
    network = make(compose(f"model={rung}")).eval()
    for count in (1, 3):
        outputs = network(**take(count))
        assert outputs.shape == (count, 4)
        assert torch.isfinite(outputs).all()


def test_the_normaliser_gives_inputs_of_zero_mean_and_unit_deviation(processed, compose):
    store = load_store("data")
    arrays = to_tensors(store.take(store.rows("train")))
    first = make(compose()).normaliser(**arrays)[0]
    assert torch.isfinite(first).all()
    channels = first.transpose(0, 1).flatten(1)
    torch.testing.assert_close(channels.mean(dim=1), torch.zeros(len(channels)), atol=0.1, rtol=0)
    torch.testing.assert_close(channels.std(dim=1), torch.ones(len(channels)), atol=0.1, rtol=0)


def test_the_first_loss_is_that_of_a_network_that_knows_nothing(processed, compose):
    store, task = load_store("data"), build(compose().task)
    state = store.state["task"]
    torch.manual_seed(0)
    network = make(compose(), task.num_outputs(state))
    rows = store.rows("train")
    outputs = network(**to_tensors(store.take(rows)))
    loss = task.loss(state)(outputs, torch.from_numpy(store.targets[rows])).item()
    assert loss == pytest.approx(task.expected_first_loss(state), rel=0.2)


def test_a_key_that_the_architecture_does_not_take_is_named(processed, compose):
    with pytest.raises(UserError, match=r"cannot be built: .*colour"):
        make(compose("+model.colour=1"))
