"""The exported model runs without torch, and refuses what it cannot vouch for."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from dlproof.deployment.runtime import Model
from dlproof.errors import UserError

WITHOUT_TORCH = """
import sys
from toy import app, monitor, predict
from dlproof.deployment import benchmark, probe
from dlproof.deployment.runtime import Model, open_validation
model = Model("models")
store, rows = open_validation("data", model.data_version, 2)
assert len(model.predict(model.data_type.read(store.items.iloc[rows]))) == 2
assert not set(sys.modules) & {"torch", "lightning", "torchmetrics"}
"""


def test_service_prediction_and_monitor_run_without_torch(exported):
    command = [sys.executable, "-c", WITHOUT_TORCH]
    subprocess.run(command, check=True, timeout=60)


def test_a_model_that_is_not_the_sidecars_is_refused(exported):
    with Path("models/model.onnx").open("ab") as stream:
        stream.write(b"more")
    with pytest.raises(UserError, match="not the file that"):
        Model("models")


@pytest.mark.parametrize("content", [None, "", "[]", "{}"])
def test_a_missing_or_damaged_sidecar_names_the_command_to_run(exported, content):
    sidecar = Path("models/model.json")
    sidecar.unlink() if content is None else sidecar.write_text(content)
    with pytest.raises(UserError, match="run `export`"):
        Model("models")


def test_a_sidecar_of_other_code_is_refused(exported, declared, monkeypatch):
    def other(self, *, colour):
        pass

    monkeypatch.setattr(type(Model("models").data_type), "__init__", other)
    with pytest.raises(
        UserError, match=r"model\.json does not fit the code .*: run `export` again"
    ):
        Model("models")


def test_a_prediction_that_is_not_finite_is_refused(model, raw):
    predictions = model.run(model.encode(raw)).copy()
    predictions[1] = np.nan
    with pytest.raises(UserError, match="item 2"):
        model.describe_predictions(predictions)
