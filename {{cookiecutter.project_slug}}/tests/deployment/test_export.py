"""What is exported is what was trained, or nothing."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from dlproof import UserError
from dlproof.data import to_tensors
from dlproof.deployment import open_validation
from dlproof.model import load_network
from onnxruntime import InferenceSession
from torch import nn

from {{ cookiecutter.package_name }}.deployment.export import Exported, write_onnx
from {{ cookiecutter.package_name }}.model.network import build_network

pytestmark = pytest.mark.pipeline


@pytest.mark.parametrize("size", [1, 2, 7])
def test_the_exported_model_agrees_with_pytorch_at_any_batch_size(model, size):
    store, rows = open_validation("data", model.data_version, size)
    arrays = store.take(rows)
    network, _ = load_network("models/model.ckpt", build_network)
    with torch.inference_mode():
        decoder = model.task.decoder(model.info["state"]["task"])
        expected = decoder(network(**to_tensors(arrays))).numpy()
    np.testing.assert_allclose(model.run(arrays), expected, rtol=1e-4, atol=1e-5)


def test_a_model_that_disagrees_leaves_the_folder_as_it_was(finished, run):
    for name in ("model.onnx", "model.json", "reference.json"):
        Path("models", name).unlink()
    before = sorted(Path("models").iterdir())
    with pytest.raises(UserError, match="differs from PyTorch"):
        run("export", "export.tolerance=-1.0")
    assert sorted(Path("models").iterdir()) == before


def test_the_sidecar_says_where_the_model_comes_from_and_what_its_inputs_are(model):
    state = json.loads(Path("data/processed/state.json").read_text())
    assert (model.data_version, model.info["state"]["data"]) == (state["version"], state["data"])
    assert Path("runs", model.version).is_dir()
    names = [item.name for item in model.session.get_inputs()]
    assert [item["name"] for item in model.info["inputs"]] == names
    assert [item.name for item in model.session.get_outputs()] == ["prediction"]


class Both(nn.Module):
    """Takes numbers and categories; there may be no categories."""

    def forward(self, numeric, categorical):
        return torch.cat([numeric, categorical.float()], dim=1).sum(dim=1)


class Undecided(nn.Module):
    """Branches on its values, which ONNX cannot express."""

    def forward(self, numeric, categorical):
        return numeric[:, 0] if numeric.sum() > 0 else numeric[:, 1]


EMPTY = {"categorical": torch.zeros((3, 0), dtype=torch.int64)}
ARRAYS = {"numeric": np.arange(6, dtype=np.float32).reshape(3, 2)}


def test_arrays_without_columns_are_made_inside_for_any_number_of_rows(tmp_path):
    exported = Exported(Both(), nn.Identity(), EMPTY).eval()
    assert exported(numeric=torch.ones(5, 2)).tolist() == [2.0] * 5
    write_onnx(exported, ARRAYS, tmp_path / "m.onnx", 20)
    session = InferenceSession(tmp_path / "m.onnx")
    assert [item.name for item in session.get_inputs()] == ["numeric"]
    assert session.run(None, ARRAYS)[0].tolist() == [1, 5, 9]


def test_what_onnx_cannot_express_is_refused_in_a_sentence(tmp_path):
    exported = Exported(Undecided(), nn.Identity(), EMPTY).eval()
    with pytest.raises(UserError, match="the model cannot be written as ONNX: ") as refusal:
        write_onnx(exported, ARRAYS, tmp_path / "m.onnx", 20)
    assert "\n" not in str(refusal.value)
