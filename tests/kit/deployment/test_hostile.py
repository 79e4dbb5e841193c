"""Whatever a file of a model asks for, nothing of it runs: each format, each way in."""

import json
import os
import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from dlproof.config import compose
from dlproof.data.store import load_store
from dlproof.deployment.runtime import Model
from dlproof.errors import UserError
from dlproof.evaluation.predictions import load_predictions
from dlproof.files import hash_file
from dlproof.model.checkpoint import load_network
from dlproof.model.linear_probe import load_backbone
from dlproof.problem.baselines import KEPT, load_kept
from dlproof.report import Report
from dlproof.training.resume import find_checkpoint
from dlproof.training.runs import read_config
from toy.module import Module
from toy.network import build_network

COMMAND = "touch ran"
SHELL = {"_target_": "torch.utils.collect_env.run", "command": COMMAND}
CHECKPOINT, SIDECAR = Path("models/model.ckpt"), Path("models/model.json")


class Evil:
    """A pickle that runs a command."""

    def __reduce__(self):
        return os.system, (COMMAND,)


@pytest.fixture(autouse=True)
def nothing_ran(exported):
    """Holds of every file here."""
    yield
    assert not Path("ran").exists()


def change_checkpoint(change):
    content = torch.load(CHECKPOINT, weights_only=True)
    change(content["hyper_parameters"])
    torch.save(content, CHECKPOINT)


def set_group(name, group):
    return lambda hyperparameters: hyperparameters.update({name: group})


def nest(name, node):
    return lambda hyperparameters: hyperparameters[name].update(extra=node)


CHECKPOINTS = {
    "a command": (set_group("task", SHELL), "collect_env"),
    "a command within": (nest("model", [{"x": SHELL}]), "collect_env"),
    "a partial": (set_group("task", SHELL | {"_partial_": True}), "collect_env"),
    "positional": (
        set_group("task", {"_target_": "os.system", "_args_": [COMMAND]}),
        r"os\.system",
    ),
    "not recursive": (nest("model", SHELL | {"_recursive_": False}), "collect_env"),
    "by way of an own module": (
        set_group("preprocess", SHELL | {"_target_": "toy.network.torch.utils.collect_env.run"}),
        "toy",
    ),
    "by way of a listed one": (
        nest("task", SHELL | {"_target_": "torch.nn.modules.module.torch.utils.collect_env.run"}),
        "torch",
    ),
    "what the kit could write": (
        set_group("task", {"_target_": "dlproof.files.write_json", "path": "ran", "content": 1}),
        "write_json",
    ),
    "a method by its name": (
        set_group("task", {"_target_": "hydra.utils.get_method", "path": "os.system"}),
        "get_method",
    ),
    "as text": (set_group("task", json.dumps(SHELL)), "text"),
    "the environment": (nest("model", "${oc.env:HOME}"), "HOME"),
    "no group": (set_group("task", SHELL["_target_"]), "text"),
    "nothing at all": (lambda hyperparameters: hyperparameters.clear(), "lacks"),
}


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_checkpoint_runs_nothing(name):
    change, words = CHECKPOINTS[name]
    change_checkpoint(change)
    with pytest.raises(UserError, match=words):
        load_network(CHECKPOINT, build_network)
    if words != "lacks":
        with pytest.raises(UserError, match=words):
            Module.load_from_checkpoint(CHECKPOINT)


def test_names_in_the_data_are_names():
    def rename(hyperparameters):
        state = hyperparameters["state"]["data"]
        state["column"], state["class"] = SHELL, ["${oc.env:NONESUCH}", "${", "_target_"]

    before = load_network(CHECKPOINT, build_network)[0].state_dict()
    change_checkpoint(rename)
    after = load_network(CHECKPOINT, build_network)[0].state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("content", [Evil(), {"state_dict": Evil()}, {"hyper_parameters": Evil()}])
def test_a_checkpoint_is_unpickled_without_code(content):
    torch.save(content, CHECKPOINT)
    for load in (lambda path: load_network(path, build_network), Module.load_from_checkpoint):
        with pytest.raises(UserError, match="not a whole checkpoint"):
            load(CHECKPOINT)


def test_a_bare_pickle_is_no_checkpoint():
    CHECKPOINT.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(UserError, match="not a whole checkpoint"):
        load_network(CHECKPOINT, build_network)


def test_a_state_to_go_on_from_is_passed_over(capsys):
    path = Path("runs/exp/checkpoints/resume-000000000005.ckpt")
    path.parent.mkdir(parents=True)
    torch.save({"callbacks": Evil()}, path)
    assert find_checkpoint(Path("runs/exp")) is None
    assert "is damaged" in capsys.readouterr().out


def test_the_config_of_a_run_is_read_without_tags():
    Path("runs/exp").mkdir(parents=True)
    hostile = f"optimizer: !!python/object/apply:os.system [{COMMAND}]"
    Path("runs/exp/config.yaml").write_text(hostile)
    with pytest.raises(UserError, match=r"config\.yaml"):
        read_config(Path("runs/exp"))


@pytest.mark.parametrize("group", ["data", "task"])
@pytest.mark.parametrize("name", [name for name in CHECKPOINTS if name != "nothing at all"])
def test_a_sidecar_runs_nothing(name, group):
    info = json.loads(SIDECAR.read_text())
    changed = {"task": {}, "model": {}, "preprocess": {}}
    change, words = CHECKPOINTS[name]
    change(changed)
    (info[group],) = [value for value in changed.values() if value]
    SIDECAR.write_text(json.dumps(info))
    with pytest.raises(UserError, match=words):
        Model("models")


@pytest.mark.parametrize("place", ["../secret", "secret", "within"])
def test_an_onnx_model_reads_no_file_outside_its_folder(place):
    onnx = pytest.importorskip("onnx")
    Path("secret").write_bytes(bytes(4))
    place = str(Path(place).resolve()) if place == "secret" else place
    if place == "within":
        Path("models/within").symlink_to(Path("secret").resolve())
    tensor = onnx.TensorProto(name="w", data_type=1, dims=[1], data_location=1)
    for key, value in {"location": place, "length": "4"}.items():
        tensor.external_data.add(key=key, value=value)
    numbers = onnx.helper.make_tensor_value_info("prediction", 1, [1])
    copy = onnx.helper.make_node("Identity", ["w"], ["prediction"])
    graph = onnx.helper.make_graph([copy], "evil", [], [numbers], [tensor])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])
    model.ir_version = 9
    Path("models/model.onnx").write_bytes(model.SerializeToString())
    info = json.loads(SIDECAR.read_text())
    info["model_sha256"] = hash_file("models/model.onnx")
    SIDECAR.write_text(json.dumps(info))
    with pytest.raises(UserError, match=r"model\.onnx does not load"):
        Model("models")


def test_other_baselines_than_those_that_were_fitted_are_not_unpickled():
    cfg, path = compose(), Path("models", KEPT)
    joblib.dump({"constant": 1}, path, compress=3)
    report = Report("baselines")
    report.add_file(path)
    report.write("reports")
    assert load_kept(cfg) == {"constant": 1}
    joblib.dump({"constant": Evil()}, path, compress=3)
    with pytest.raises(UserError, match="not the file that `baselines` wrote"):
        load_kept(cfg)
    path.unlink()
    with pytest.raises(UserError, match="not the file that `baselines` wrote"):
        load_kept(cfg)


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".bin", ".safetensors"])
def test_pretrained_weights_are_unpickled_without_code(suffix):
    path = Path(f"weights{suffix}")
    torch.save({"weight": Evil()}, path)
    with pytest.raises(UserError, match="does not fit"):
        load_backbone("resnet10t", path)


def test_arrays_hold_no_objects():
    evil = np.array(Evil(), dtype=object)
    np.savez("reports/test_predictions.npz", predictions=evil, mode=evil)
    np.save("data/processed/targets.npy", np.array([Evil()], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        load_predictions(Path("reports/test_predictions.npz"))
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        load_store("data")
