"""Faults of phase 6 in the project's own tests: a few small ones, run by its own pytest."""

import os
import re
import shutil
import sys
from types import ModuleType

import pytest

from faults.harness import TABLES, Fault, Workspace
from faults.problem import Apply

TESTS = "reports/tests.json"
CHILDREN = "DLPROOF_CALLED"  # of the plugin
WAY, SERVICE, UNITS = "tests/test_way.py", "tests/test_service.py", "tests/test_units.py"
TRAINED = "tests/test_trained.py"
CONFTEST = """\
import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in ("configs", "data", "models", "reports", "project.yaml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
"""
SMALL = {
    "tests/conftest.py": CONFTEST,
    WAY: """\
from PACKAGE.project import PROJECT


def test_from_the_data_to_a_model(project):
    PROJECT.run("split")
    report = PROJECT.run("train", ["trainer.max_epochs=1"])
    assert report.figures["epochs"] == 1
""",
    SERVICE: """\
from contextlib import closing
from pathlib import Path

from dlproof.deployment import Metrics, Model, Service, open_validation
from dlproof.monitoring import PredictionLog
from fastapi.testclient import TestClient

from PACKAGE.deployment.app import create_app


def test_an_item_is_answered(project):
    model = Model("models")
    store, rows = open_validation("data", model.data_version)
    request = model.data_type.write_request(model.data_type.read(store.items.iloc[rows[:1]]))
    with closing(PredictionLog(Path("served.sqlite"))) as log:
        service = Service(model, log, Metrics(model.version), 100_000)
        assert TestClient(create_app(service)).post("/predict", **request).status_code == 200
""",
    TRAINED: """\
import pytest


@pytest.mark.validation
def test_the_trained_model(trained):
    assert trained.measure_change(lambda arrays: arrays) == 0
""",
    UNITS: """\
import pandas as pd
from torch import nn

from PACKAGE.data.preprocess import choose_fitted
from PACKAGE.deployment.export import Exported
from PACKAGE.evaluation.evaluate import summarise
from PACKAGE.model.network import Network
from PACKAGE.monitoring.monitor import summarise_drift
from PACKAGE.problem.classification import Classification
from PACKAGE.training.schedule import linear


def test_problem():
    assert list(Classification("accuracy", "max").strata(pd.Series(["a"]))) == ["a"]


def test_data():
    assert len(choose_fitted(pd.DataFrame({"split": ["train", "test"]}))) == 1


def test_model():
    assert Network(nn.Identity(), nn.Identity()).backbone is not None


def test_training():
    assert linear(0, 10, warmup=0.0) == 1.0


def test_evaluation():
    figures = {"interval": [0, 1], "gain_interval": [0, 1], "metrics": {"accuracy": 1.0}}
    figures |= {"items": 1, "best_baseline": "none", "baselines": {"none": {"accuracy": 0.5}}}
    assert "on 1 items" in summarise(figures, Classification("accuracy", "max"))


def test_deployment():
    assert Exported(nn.Identity(), nn.Identity(), {}).empty == {}


def test_monitoring():
    assert summarise_drift([]) == "no drift"
""",
}


def run_tests(work: Workspace, *options: str) -> None:
    """Runs them in this process: another one would import torch for seconds.

    What pytest is to watch is imported again meanwhile.
    """
    watched = (work.package, "dlproof.deployment.service", "conftest", "test_")
    with work.working(), pytest.MonkeyPatch.context() as monkeypatch:
        for name in ("path", "meta_path"):
            monkeypatch.setattr(sys, name, [*getattr(sys, name)])
        monkeypatch.setenv("PYTEST_CURRENT_TEST", os.environ["PYTEST_CURRENT_TEST"])
        monkeypatch.setenv(CHILDREN, "")
        before = take_out(watched)
        try:
            pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:faulthandler", *options])
        finally:
            take_out(watched)
            sys.modules.update(before)


def take_out(names: tuple[str, ...]) -> dict[str, ModuleType]:
    """Modules whose names begin so, which are imported no more."""
    return {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith(names)}


def run_small_tests(work: Workspace) -> None:
    """A state of the project with a few small tests, which ran."""
    shutil.rmtree(work.root / "tests")
    for path, text in SMALL.items():
        work.write(path, text.replace("PACKAGE", work.package))
    run_tests(work)


def leave_out(path: str) -> Apply:
    def apply(work: Workspace) -> None:
        work.remove(path)
        run_tests(work)

    return apply


def rewrite(path: str, old: str, new: str) -> Apply:
    def apply(work: Workspace) -> None:
        work.edit(path, old, new)
        run_tests(work)

    return apply


def split_before_every_test(work: Workspace) -> None:
    conftest = f"""{CONFTEST}

@pytest.fixture(autouse=True)
def split(project):
    from {work.package}.project import PROJECT

    PROJECT.run("split")
"""
    work.write("tests/conftest.py", conftest)
    work.remove(WAY)
    run_tests(work)


def run_some_tests(work: Workspace) -> None:
    work.edit(UNITS, "linear(0, 10", "linear(0, 20")
    run_tests(work, "-k", "test_training")


def empty_the_tests(work: Workspace) -> None:
    """Bodies that do nothing under names and marks that promise much."""
    for path in sorted((work.root / "tests").rglob("test_*.py")):
        text = re.sub(r"(?m)^(def test_\w+\(.*\):)$", r"\1\n    return", path.read_text("utf-8"))
        work.write(path.relative_to(work.root).as_posix(), text)


def add_a_test(work: Workspace) -> None:
    work.write("tests/test_more.py", "def test_more():\n    assert 1\n")


def export_another_model(work: Workspace) -> None:
    work.set_config("stages.yaml", export__opset=18)
    work.run("export")


def forget_the_tests(work: Workspace) -> None:
    work.remove(TESTS)


def after_small(
    bullet: str, text: str, apply: Apply, also: tuple[str, ...] = (), becomes: str = "failing"
) -> Fault:
    """A fault of small tests that passed."""
    return Fault(
        bullet, text, apply, also=also, becomes=becomes, option_set=TABLES, given=run_small_tests
    )


NAME = "def test_from"
FAULTS = [
    after_small("ML-28", "no test goes from data to training", leave_out(WAY)),
    after_small(
        "ML-28",
        "they are skipped",
        rewrite(WAY, NAME, f"import pytest\n\n\n@pytest.mark.skip\n{NAME}"),
    ),
    after_small("ML-28", "one of them failed", rewrite(WAY, "== 1", "== 2"), also=("ML-31",)),
    after_small("ML-28", "they assert nothing", rewrite(WAY, "    assert", "    return")),
    Fault("ML-28", "bodies that do nothing, not run again", empty_the_tests, becomes="stale"),
    Fault("ML-28", "never run", forget_the_tests, becomes="to do"),
    after_small("ML-30", "no test asks the service", leave_out(SERVICE)),
    after_small(
        "ML-30",
        "nobody awaits them",
        rewrite(SERVICE, "def test", "async def test"),
        also=("ML-31",),
    ),
    after_small("ML-29", "no test tries the model", leave_out(TRAINED)),
    after_small("ML-29", "the model fails one", rewrite(TRAINED, "== 0", "> 1"), also=("ML-31",)),
    after_small("ML-29", "another model was tried", export_another_model, becomes="stale"),
    Fault("ML-30", "a test that never ran", add_a_test, becomes="stale"),
    after_small("ML-31", "no test without a stage", split_before_every_test, also=("ML-28",)),
    after_small(
        "ML-31", "a phase without tests", rewrite(UNITS, "summarise_drift([])", "'no drift'")
    ),
    after_small("ML-31", "some tests ran", run_some_tests, becomes="to do"),
]
