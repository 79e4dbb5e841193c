"""Faults of phase 6 in the model that goes out: its export, its speed, what it says of itself."""

import json
from typing import Any

import pytest

from faults.harness import TABLES, Fault, Workspace


def lose_the_export(work: Workspace) -> None:
    work.remove("models/model.onnx")


def cut_the_export(work: Workspace) -> None:
    content = (work.root / "models/model.onnx").read_bytes()
    work.write("models/model.onnx", content[:-100], settled=False)


def round_the_weights(work: Workspace) -> None:
    """The file has coarser weights than the checkpoint, and the tolerance lets them pass."""
    import torch

    write_onnx = work.find("deployment.export", "write_onnx")

    def write_rounded(exported: Any, *arguments: Any) -> None:
        kept = {name: value.clone() for name, value in exported.state_dict().items()}
        for parameter in exported.parameters():
            parameter.data = parameter.data.to(torch.float8_e4m3fn).to(parameter.dtype)
        write_onnx(exported, *arguments)
        exported.load_state_dict(kept)

    work.set_config("stages.yaml", export__tolerance=1.0)
    work.patch("deployment.export", "write_onnx", write_rounded)
    work.run("export")


def lose_the_difference(work: Workspace) -> None:
    """`export` refuses it, as it does another class."""
    work.edit_report("export", lambda figures: figures.update(largest_difference=float("nan")))


def change_a_class(work: Workspace) -> None:
    work.edit_report("export", lambda figures: figures.update(changed_classes=1))


def compare_a_single_item(work: Workspace) -> None:
    check = work.find("deployment.export", "check_parity")

    def check_one(exported: Any, arrays: dict[str, Any], *rest: Any) -> dict[str, Any]:
        return check(exported, {name: array[:1] for name, array in arrays.items()}, *rest)

    work.patch("deployment.export", "check_parity", check_one)
    work.run("export")


def benchmark(work: Workspace) -> None:
    """Measures again; the tests' own process holds more than a model is allowed."""
    work.charter(**{"limits.memory_mb": 100_000})
    work.run("benchmark")


def time_one_call(work: Workspace) -> None:
    work.set_config("stages.yaml", benchmark__repeats=1)
    benchmark(work)


def time_without_warm_up(work: Workspace) -> None:
    work.patch("deployment.benchmark", "count_warm_ups", lambda repeats: 0)
    benchmark(work)


def measure_one_batch_size(work: Workspace) -> None:
    work.set_config("stages.yaml", benchmark__batches=[1])
    benchmark(work)


def name_the_slowest_batch(work: Workspace) -> None:
    module = work.module("deployment.benchmark")
    work.monkeypatch.setattr(module, "max", min, raising=False)  # it names the best by it
    benchmark(work)


def predict_nothing(work: Workspace) -> None:
    """Every item is refused; the stage fails, and its report says so."""
    error = work.module("errors").UserError

    def refuse(*_: Any) -> None:
        raise error("it cannot be read")

    work.monkeypatch.setattr(work.module("deployment.runtime").Model, "predict", refuse)
    with pytest.raises(error, match="no item of"):
        work.run("predict")


def document_another_shape(work: Workspace) -> None:
    """No model would run with it: the sidecar is edited as if `export` had left it so."""
    work.edit("models/model.json", '"shape": [', '"shape": [\n        3,')


def document_another_preprocessing(work: Workspace) -> None:
    sidecar = work.module("files").read_json("models/model.json")
    sidecar["state"]["data"]["mean"] = [0.5]
    work.write("models/model.json", json.dumps(sidecar))


def name_another_data_version(work: Workspace) -> None:
    state = work.module("files").read_json("data/processed/state.json")
    work.write("data/processed/state.json", json.dumps(state | {"version": "0" * 64}))


ORIGIN = ("DL-37.4",)
FAULTS = [
    Fault("DL-34.1", "the ONNX file is gone", lose_the_export, becomes="stale"),
    Fault("DL-34.1", "the ONNX file is cut short", cut_the_export, becomes="stale"),
    Fault("DL-34.2", "rounded weights", round_the_weights, option_set=TABLES),
    Fault("DL-34.2", "a difference that is no number", lose_the_difference, edits=True),
    Fault("DL-34.2", "another class for one item", change_a_class, edits=True),
    Fault("DL-34.2", "batches are not compared", compare_a_single_item, option_set=TABLES),
    Fault("DL-34.3", "one sample", time_one_call),
    Fault("DL-34.3", "no warm-up", time_without_warm_up),
    Fault("DL-35.3", "one batch size", measure_one_batch_size),
    Fault("DL-35.3", "the slowest batch is named best", name_the_slowest_batch),
    Fault("DL-35.3", "nothing was predicted offline", predict_nothing),
    Fault(
        "DL-37.2", "another shape in the sidecar", document_another_shape, also=ORIGIN, edits=True
    ),
    Fault(
        "DL-37.2", "another preprocessing", document_another_preprocessing, also=ORIGIN, edits=True
    ),
    Fault(
        "DL-37.4",
        "another data version",
        name_another_data_version,
        also=("DL-14.1", "DL-14.2"),
        edits=True,
    ),
    Fault("DL-37.4", "another content", cut_the_export, becomes="stale"),
]
