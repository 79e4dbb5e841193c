"""Sanity lets a sound model pass and names what is wrong with a broken one."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from dlproof.checklist.model import one_batch_loss_goes_to_zero, training_fits_in_memory
from dlproof.config import compose
from dlproof.data.store import VALIDATION, load_store
from dlproof.errors import UserError
from dlproof.model.families import find_family
from dlproof.model.sizing import read_card
from dlproof.report import Report, load_report
from dlproof.training import batches, proof, sanity
from dlproof.training.batches import inspect_batches
from dlproof.training.sanity import describe_room, make_network, measure_first_loss
from torch import nn
from toy.module import Module


def break_with(monkeypatch, change):
    """Lets every network that sanity makes be changed first."""

    def make_broken(*given):
        network = make_network(*given)
        change(network)
        return network

    monkeypatch.setattr(sanity, "make_network", make_broken)


def last_linear(network):
    return [module for module in network.modules() if isinstance(module, nn.Linear)][-1]


@pytest.fixture
def quick(processed, monkeypatch):
    """As `processed`, without the ladder: its networks take half of a small project's sanity."""
    monkeypatch.setattr(sanity, "climb_ladder", lambda *_: {})


def test_a_sound_model_passes(processed, run):
    report = run("sanity", "sanity.card=T4")
    assert report.summary.endswith("of 16,000 MB of a T4")
    figures = report.figures
    assert figures["shapes_match"]
    assert figures["overfit_loss"] < 0.1 * figures["overfit_first_loss"]
    assert figures["without_gradient"] == figures["not_moved"] == []
    assert set(figures["ladder"]) == {path.stem for path in Path("configs/model").glob("*.yaml")}
    assert all(isinstance(size, int) for size in figures["ladder"].values())
    proved = figures["proof"]
    assert proved["reproduces"]
    assert proved["resumes"]
    assert proved["stopped_at"] == proved["poisoned_at"]


def test_a_biased_head_is_noticed_by_its_first_loss_and_stops_training(quick, run, monkeypatch):
    break_with(monkeypatch, lambda net: nn.init.constant_(last_linear(net).bias[:1], 50.0))
    with pytest.raises(UserError, match="first loss"):
        run("sanity")
    assert load_report("sanity", "reports").failures
    Report("find_lr").write("reports")
    with pytest.raises(UserError, match="`sanity` did not pass"):
        run("train")


def test_a_frozen_layer_is_named(quick, run, monkeypatch):
    def freeze(network):
        weight = last_linear(network).weight
        weight.register_hook(torch.zeros_like)

    break_with(monkeypatch, freeze)
    with pytest.raises(UserError, match=r"no gradient: backbone\.head\.weight"):
        run("sanity")


def test_a_parameter_that_no_step_moves_is_named(quick, run, monkeypatch):
    def stick(network):
        network.scale = nn.Parameter(torch.tensor(1e8))  # a step is lost in its rounding
        network.register_forward_hook(lambda net, _, outputs: outputs * (net.scale / 1e8))

    break_with(monkeypatch, stick)
    with pytest.raises(UserError, match="parameters do not move: scale"):
        run("sanity")
    figures = load_report("sanity", "reports").figures
    assert (figures["not_moved"], figures["without_gradient"]) == (["scale"], [])


def test_inputs_that_break_the_loss_are_noticed(quick, run, monkeypatch):
    def poison(network):
        for buffer in network.normaliser.buffers():
            buffer.fill_(0.0)

    break_with(monkeypatch, poison)
    with pytest.raises(UserError, match="NaN or infinite"):
        run("sanity")


def test_a_model_that_is_all_frozen_is_noticed(quick, run, monkeypatch):
    break_with(monkeypatch, lambda network: network.requires_grad_(False))
    with pytest.raises(UserError, match="no parameter is trainable"):
        run("sanity")


def test_draws_that_no_seed_governs_are_noticed(quick, run, monkeypatch):
    monkeypatch.setattr(proof, "start_afresh", lambda seed: None)
    with pytest.raises(UserError, match="gave other weights the second time"):
        run("sanity")


def test_labels_shuffled_in_each_step_are_noticed(quick, run, monkeypatch):
    step = Module.training_step

    def step_shuffled(self, batch, index):
        targets = batch["targets"]
        return step(self, batch | {"targets": targets[torch.randperm(len(targets))]}, index)

    monkeypatch.setattr(Module, "training_step", step_shuffled)
    with pytest.raises(UserError, match="targets that reach the loss are not their item's"):
        run("sanity", "sanity.steps=2")


@pytest.mark.parametrize("rest", [0, 1])
def test_the_last_validation_batch_may_hold_one_item(processed, declared, small, rest):
    store = load_store("data")
    size = len(store.rows(VALIDATION)) - rest
    found = inspect_batches(declared, compose([*small, f"loader.batch_size={size}"]))
    assert found["mislabelled"] == found["changed"]["validation"] == 0


def test_mixed_targets_hold_something_of_the_item():
    own = torch.tensor([0, 1])
    mixed = torch.tensor([[0.9, 0.1], [1.0, 0.0]])
    assert batches.share_mislabelled([own, own], [own, own.flip(0)]) == 0.5
    assert batches.share_mislabelled([own], [mixed]) == 0.5


@pytest.mark.parametrize(("share", "holds"), [(0.0, True), (0.9, False)])
def test_one_batch_goes_to_zero_with_the_items_own_targets(share, holds):
    sanity = {"overfit_loss": 0.0, "expected_loss": 1.0, "batches": {"mislabelled": share}}
    settings = SimpleNamespace(sanity=SimpleNamespace(max_loss_share=0.1, steps=100))
    project = SimpleNamespace(figures={"sanity": sanity}.get, cfg=settings)
    assert one_batch_loss_goes_to_zero(project).holds == holds


def test_knowing_nothing_costs_what_it_does_on_the_items_at_hand():
    targets = torch.ones(300)
    targets[-1] = 1000.0
    store = SimpleNamespace(
        rows=lambda split: torch.arange(300).numpy(),
        take=lambda rows: {"numeric": torch.zeros(len(rows), 1).numpy()},
        targets=targets.numpy(),
    )
    found = measure_first_loss(SayZero(), lambda said, y: (said[:, 0] - y).abs().mean(), store)
    assert found["first_loss"] == found["expected_loss"] > 0


class SayZero(nn.Module):
    def forward(self, numeric):
        return numeric


def test_sanity_is_skipped_for_a_reason_alone(processed, run):
    assert run("sanity", "sanity.skip=measured yesterday").figures == {
        "skipped": "measured yesterday"
    }
    with pytest.raises(UserError, match=r"sanity\.skip"):
        run("sanity", "sanity.skip=true")


@pytest.mark.parametrize(
    ("layers", "family"),
    [
        (["Conv2d", "Linear"], "cnn"),
        (["Conv2d", "MultiheadAttention", "Linear"], "transformer"),
        (["LSTM", "Linear"], "recurrent"),
        (["Linear", "ReLU"], "mlp"),
        (["Identity"], "unknown"),
    ],
)
def test_a_family_is_found_by_its_layers(layers, family):
    assert find_family(layers) == family


@pytest.mark.parametrize(("estimate", "fits"), [(15_000.0, True), (20_000.0, False)])
def test_a_named_card_is_held_against_what_training_takes(estimate, fits):
    sanity = {"megabytes": {"estimate": estimate}, "card": read_card("T4")}
    train = {"megabytes": {"device": 8_000, "peak": None}}
    project = SimpleNamespace(figures={"sanity": sanity, "train": train}.get)
    found = training_fits_in_memory(project)
    assert found.holds == fits
    assert f"estimate {estimate:,.0f} MB of 16,000 MB of a T4" in found.figure


def test_a_card_is_known_or_has_its_gigabytes():
    assert read_card(48) == {"name": "a card of 48 GB", "megabytes": 48_000}
    assert "does not fit into 48,000 MB" in describe_room(50_000.0, read_card(48))
    assert describe_room(50_000.0, read_card(None)) == "50,000 MB"
    with pytest.raises(UserError, match=r"sanity\.card=K80 is none of T4"):
        read_card("K80")
