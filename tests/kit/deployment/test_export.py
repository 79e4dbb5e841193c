"""What is exported is what was trained, or nothing."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from dlproof.data.load import to_tensors
from dlproof.data.store import TRAIN, VALIDATION, load_store
from dlproof.deployment.reference import build_reference
from dlproof.deployment.runtime import open_session, open_validation
from dlproof.errors import UserError
from dlproof.files import hash_file, hash_json
from dlproof.model.checkpoint import load_network
from dlproof.monitoring.drift import describe_distribution
from dlproof.monitoring.log import split_answers
from own.deployment.export import Exported, write_onnx
from torch import nn


@pytest.mark.parametrize("size", [1, 2, 7])
def test_the_exported_model_agrees_with_pytorch_at_any_batch_size(model, declared, size):
    store, rows = open_validation("data", model.data_version, size)
    arrays = store.take(rows)
    network, _ = load_network("models/model.ckpt", declared.build_network)
    with torch.inference_mode():
        decoder = model.task.decoder(model.info["state"]["task"])
        expected = decoder(network(**to_tensors(arrays))).numpy()
    np.testing.assert_allclose(model.run(arrays), expected, rtol=1e-4, atol=1e-5)


def test_a_model_that_disagrees_leaves_the_folder_as_it_was(exported, run):
    for name in ("model.onnx", "model.json", "reference.json"):
        Path("models", name).unlink()
    with pytest.raises(UserError, match="differs from PyTorch"):
        run("export", "export.tolerance=-1.0")
    assert [path.name for path in Path("models").iterdir()] == ["model.ckpt"]


def test_data_prepared_anew_since_training_is_refused(exported, run):
    path = Path("data/processed/state.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": "other"}))
    with pytest.raises(UserError, match="run `train`"):
        run("export")


def test_the_sidecar_says_where_the_model_comes_from_and_what_it_takes(model):
    assert model.version == "exp-2026-01-01-001"
    assert model.info["model_sha256"] == hash_file("models/model.onnx")
    state = json.loads(Path("data/processed/state.json").read_text())
    assert (model.data_version, model.info["state"]["data"]) == (state["version"], state["data"])
    added = model.info["state"]["task"].keys() - state["task"].keys()
    assert added == {"temperature"}  # without costs in the charter
    names = [item.name for item in model.session.get_inputs()]
    assert [item["name"] for item in model.info["inputs"]] == names
    assert [item.name for item in model.session.get_outputs()] == ["prediction"]


def test_the_reference_holds_shares_of_train_inputs_and_validation_predictions(exported):
    reference = json.loads(Path("models/reference.json").read_text())
    assert "prediction" in reference["watched"]
    assert any(name.startswith("input/") for name in reference["watched"])
    with Path("data/processed/items.csv").open(newline="") as stream:
        ids = sorted(row["id"] for row in csv.DictReader(stream) if row["split"] == "train")
    assert reference["items"]["input"] == {"count": len(ids), "sha256": hash_json(ids)}
    for distribution in reference["watched"].values():
        shares = distribution["shares"]
        values = shares.values() if isinstance(shares, dict) else shares
        assert sum(values) == pytest.approx(1)


def test_the_reference_is_of_train_inputs_and_of_validation_predictions(model):
    store = load_store("data")
    train, validation = (store.take(store.rows(split)) for split in (TRAIN, VALIDATION))
    answers = split_answers(model.describe_predictions(model.run(validation)))
    expected = {f"input/{name}": values for name, values in model.summarise(train).items()}
    watched = json.loads(Path("models/reference.json").read_text())["watched"]
    assert watched == {
        name: json.loads(json.dumps(describe_distribution(values)))
        for name, values in (expected | answers).items()
    }


def test_the_reference_is_the_same_however_many_items_are_read_at_a_time(model, monkeypatch):
    store = load_store("data")
    whole = build_reference(model, store)
    monkeypatch.setattr("dlproof.deployment.reference.CHUNK", 3)
    assert build_reference(model, store)["watched"] == whole["watched"]


class Both(nn.Module):
    """Takes numbers and categories, of which there may be none."""

    def forward(self, numeric, categorical):
        return torch.cat([numeric, categorical.float()], dim=1).sum(dim=1)


def test_arrays_without_columns_are_left_out_of_the_exported_inputs(tmp_path):
    arrays = {"numeric": np.arange(6, dtype=np.float32).reshape(3, 2)}
    empty = {"categorical": torch.zeros((3, 0), dtype=torch.int64)}
    write_onnx(Exported(Both(), nn.Identity(), empty).eval(), arrays, tmp_path / "m.onnx", 20)
    session = open_session(tmp_path / "m.onnx")
    assert [item.name for item in session.get_inputs()] == ["numeric"]
    assert session.run(None, arrays)[0].tolist() == [1, 5, 9]
