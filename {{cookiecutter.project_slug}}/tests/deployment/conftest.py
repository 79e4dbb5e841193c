"""A small project whose network, untrained, is exported: enough for all that serves."""

import contextlib
import shutil
from pathlib import Path

import pytest

from {{ cookiecutter.package_name }}.commands import STAGES
from {{ cookiecutter.package_name }}.configuration import build, compose
from {{ cookiecutter.package_name }}.data.store import load_store
from {{ cookiecutter.package_name }}.deployment.app import Service, create_app
from {{ cookiecutter.package_name }}.deployment.metrics import Metrics
from {{ cookiecutter.package_name }}.deployment.runtime import Model, open_validation
from {{ cookiecutter.package_name }}.monitoring.log import PredictionLog
from {{ cookiecutter.package_name }}.report import Report
from {{ cookiecutter.package_name }}.stage import run_stage

MAX_BYTES = 200_000


def write_checkpoint(cfg):
    """A checkpoint as training writes it, of random weights."""
    import torch
    from omegaconf import OmegaConf

    from {{ cookiecutter.package_name }}.model.network import build_network

    names = ("model", "preprocess", "task")
    groups = {name: OmegaConf.to_container(cfg[name], resolve=True) for name in names}
    state = load_store("data").state
    width = build(cfg.task).num_outputs(state["task"])
    torch.manual_seed(0)
    network = build_network(groups["model"], groups["preprocess"], state["data"], width)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)  # so that classes do not tie
    weights = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    Path("models").mkdir()
    content = {"hyper_parameters": {**groups, "state": state}, "state_dict": weights}
    torch.save(content, "models/model.ckpt")


@pytest.fixture(scope="session")
def exported_once(processed_once, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "project"
    shutil.copytree(processed_once, folder, symlinks=True)
    small = ["data=csv", "data.path=raw.csv"]
    if (folder / "raw").is_dir():
        small = ["data=folder", "data.root=raw"]
    with contextlib.chdir(folder):
        write_checkpoint(compose(small))
        Report("train", figures={"run": "exp-2026-01-01-001"}).write("reports")
        run_stage(STAGES["export"], small)
    return folder


@pytest.fixture
def exported(exported_once, tmp_path, monkeypatch):
    """The working directory: a copy of a small project whose model is exported."""
    folder = tmp_path / "exported"
    shutil.copytree(exported_once, folder, symlinks=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def model(exported):
    return Model("models")


@pytest.fixture
def raw(model):
    """Raw validation items."""
    store, rows = open_validation("data", model.data_version)
    return model.data_type.read(store.items.iloc[rows])


@pytest.fixture
def service(model):
    """The service in this process; its log is data/predictions.sqlite."""
    with contextlib.closing(PredictionLog(Path("data/predictions.sqlite"))) as log:
        yield Service(model, log, Metrics(model.version), MAX_BYTES)


@pytest.fixture
def client(service):
    """A client of the service that sees what a server would answer, a 500 included."""
    from fastapi.testclient import TestClient

    return TestClient(create_app(service), raise_server_exceptions=False)
