"""A checkpoint of other code than there is now is a sentence."""

from pathlib import Path

import pytest
import torch
from dlproof.errors import UserError
from dlproof.model.checkpoint import load_network
from toy.network import Dense, build_network

BUILD = Dense.__init__


def with_a_layer(self, *args, **kwargs):
    BUILD(self, *args, **kwargs)
    self.extra = torch.nn.Linear(2, 2)


def without_a_layer(self, *args, **kwargs):
    BUILD(self, *args, **kwargs)
    del self.body


def wider(self, state, num_outputs, hidden_dim, dropout):
    BUILD(self, state, num_outputs, 2 * hidden_dim, dropout)


def with_another_name(self, state, num_outputs, width, dropout):
    BUILD(self, state, num_outputs, width, dropout)


def with_a_bug(self, *args, **kwargs):
    raise KeyError("median")


def with_a_sentence(self, *args, **kwargs):
    raise UserError("model=large cannot be built: no.")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (with_a_layer, "Missing key.*extra.weight"),
        (without_a_layer, "Unexpected key.*body.weight"),
        (wider, "size mismatch for backbone.body.weight"),
        (with_another_name, "unexpected keyword argument 'hidden_dim'"),
        (with_a_bug, "median"),
        (with_a_sentence, "model=large cannot be built: no. Run `train` again"),
    ],
)
def test_a_network_of_other_code_is_refused_in_a_sentence(exported, monkeypatch, code, words):
    monkeypatch.setattr(Dense, "__init__", code)
    with pytest.raises(UserError, match=rf"model\.ckpt does not fit the code .*{words}") as found:
        load_network(Path("models/model.ckpt"), build_network)
    assert "\n" not in str(found.value)
