"""The exported model of the small project, and the service over it."""

import contextlib
from pathlib import Path

import pytest
from dlproof.deployment import Metrics, Model, Service, open_validation
from dlproof.monitoring import PredictionLog
from fastapi.testclient import TestClient

from {{ cookiecutter.package_name }}.deployment.app import create_app

MAX_BYTES = 200_000


@pytest.fixture
def model(finished):
    return Model("models")


@pytest.fixture
def raw(model):
    """Raw validation items."""
    store, rows = open_validation("data", model.data_version)
    return model.data_type.read(store.items.iloc[rows])


@pytest.fixture
def service(model):
    """The service in this process, with a log of its own."""
    with contextlib.closing(PredictionLog(Path("data/served.sqlite"))) as log:
        yield Service(model, log, Metrics(model.version), MAX_BYTES)


@pytest.fixture
def client(service):
    """A client of the service that sees what a server would answer, a 500 included."""
    return TestClient(create_app(service), raise_server_exceptions=False)
