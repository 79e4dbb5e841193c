"""Sanity lets a sound model pass and names what is wrong with a broken one."""

import pytest
import torch
from torch import nn

from {{ cookiecutter.package_name }}.errors import UserError
from {{ cookiecutter.package_name }}.model import sanity
from {{ cookiecutter.package_name }}.model.sanity import make_network

pytestmark = pytest.mark.pipeline


def break_with(monkeypatch, change):
    """Lets every network that sanity makes be changed first."""

    def make_broken(cfg, store, task):
        network = make_network(cfg, store, task)
        change(network)
        return network

    monkeypatch.setattr(sanity, "make_network", make_broken)


def last_linear(network):
    return [module for module in network.modules() if isinstance(module, nn.Linear)][-1]


def test_a_sound_model_passes(processed, run):
    figures = run("sanity").figures
    assert figures["shapes_match"]
    assert figures["overfit_loss"] < 0.1 * figures["overfit_first_loss"]
    assert figures["without_gradient"] == figures["not_moved"] == []


def test_a_biased_head_is_noticed_by_its_first_loss(processed, run, monkeypatch):
    break_with(monkeypatch, lambda net: nn.init.constant_(last_linear(net).bias[:1], 50.0))
    with pytest.raises(UserError, match="first loss"):
        run("sanity")
    assert not (processed / "reports" / "sanity.json").exists()


def test_a_frozen_layer_is_named(processed, run, monkeypatch):
    def freeze(network):
        weight = last_linear(network).weight
        weight.register_hook(torch.zeros_like)

    break_with(monkeypatch, freeze)
    with pytest.raises(UserError, match=r"no gradient: backbone\.head\.weight"):
        run("sanity")


def test_inputs_that_break_the_loss_are_noticed(processed, run, monkeypatch):
    def poison(network):
        for buffer in network.normaliser.buffers():
            buffer.fill_(0.0)

    break_with(monkeypatch, poison)
    with pytest.raises(UserError, match="NaN or infinite"):
        run("sanity")
