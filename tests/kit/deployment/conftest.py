"""A small project whose network, untrained, is exported: enough for all that serves."""

import contextlib
import shutil
from pathlib import Path

import pytest
from dlproof.config import build, compose
from dlproof.data.store import load_store
from dlproof.deployment.metrics import Metrics
from dlproof.deployment.runtime import Model, open_validation
from dlproof.deployment.service import Service
from dlproof.monitoring.log import PredictionLog
from dlproof.report import Report

from ..projects import choose_small, find_project, run_small

MAX_BYTES = 200_000


def write_checkpoint(cfg, build_network):
    """A checkpoint as training writes it, of random weights."""
    import torch
    from omegaconf import OmegaConf

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
def export_once(make_once, tmp_path_factory):
    """`export_once("toy", sort)`: a small project with an exported model; to be copied."""
    made = {}

    def make(package, sort):
        if (package, sort) not in made:
            folder = tmp_path_factory.mktemp("exported") / "project"
            shutil.copytree(make_once(package, sort), folder, symlinks=True)
            with contextlib.chdir(folder):
                cfg = compose(choose_small(sort))
                write_checkpoint(cfg, find_project(package).build_network)
                Report("train", figures={"run": "exp-2026-01-01-001"}).write("reports")
                run_small(package, sort, "export")
            made[package, sort] = folder
        return made[package, sort]

    return make


@pytest.fixture
def exported(export_once, package, sort, tmp_path, monkeypatch):
    """The working directory: a copy of a small project whose model is exported."""
    folder = tmp_path / "exported"
    shutil.copytree(export_once(package, sort), folder, symlinks=True)
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
def client(service, declared):
    """A client of the service that sees what a server would answer, a 500 included."""
    from fastapi.testclient import TestClient

    return TestClient(declared.create_app(service), raise_server_exceptions=False)
