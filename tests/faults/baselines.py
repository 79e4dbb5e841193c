"""Faults of phase 1 in the baselines: left out, knowing what they cannot, or fitted elsewhere."""

from collections.abc import Callable
from typing import Any

import numpy as np

from faults.harness import NUMBERS, TABLES, Fault, Workspace
from faults.problem import Apply

Estimators = dict[str, Any]
PLACE = "problem.baselines"


def fit(work: Workspace, change: Callable[[Estimators], Any] = lambda made: None) -> None:
    """Fits the task's baselines, changed and with few trees, on few items."""
    task = type(work.find("config", "build")(work.project.compose().task))
    baselines = task.baselines

    def make(self: Any, seed: int) -> Estimators:
        made = baselines(self, seed)
        made["random_forest"].set_params(n_estimators=10)
        change(made)
        return made

    work.monkeypatch.setattr(task, "baselines", make)
    work.set_config("stages.yaml", baselines__resamples=20)
    work.run("baselines")


def leave_out(*names: str) -> Apply:
    return lambda work: fit(work, lambda made: [made.pop(name) for name in names])


def replace(name: str, other: str) -> Apply:
    """One that knows nothing is another one."""
    return lambda work: fit(work, lambda made: made.update({name: made[other]}))


def say_a_thousand(made: Estimators) -> None:
    made["constant"].set_params(strategy="constant", constant=1000.0)


def score_on_other_items(work: Workspace) -> None:
    work.patch(PLACE, "VALIDATION", "train")
    fit(work)


def let_boosting_win(work: Workspace) -> None:
    """All are fitted on validation too."""
    fit_all = work.find(PLACE, "fit_all")

    def fit_more(store: Any, data_type: Any, task: Any, rows: Any, estimators: Estimators) -> Any:
        more = np.concatenate([rows, store.rows("validation")])
        return fit_all(store, data_type, task, more, estimators)

    work.patch(PLACE, "fit_all", fit_more)
    fit(work)
    work.charter(**{"need.why_deep_learning": "TODO"})


def probe_backbone(**told: Any) -> Apply:
    """The project's own code tells so of the frozen network, on few items."""

    def apply(work: Workspace) -> None:
        name = f"timm/{work.project.compose().baselines.backbone}"
        work.patch(PLACE, "probe_backbone", lambda *_: {"tried": name, **told})
        work.set_config("stages.yaml", baselines__max_items=100)
        fit(work)

    return apply


def train_on_a_hundred(work: Workspace) -> None:
    path = "data/raw/breast_cancer.csv"
    lines = (work.root / path).read_text().splitlines()
    work.write(path, "\n".join([*lines[:126], ""]))
    work.remove("data/splits.csv")
    work.run("ingest", "clean", "split", "preprocess")
    work.charter(**{"need.enough_data": "TODO"})


FAULTS = [
    Fault("DL-02.1", "no score of boosting", leave_out("gradient_boosting"), option_set=TABLES),
    Fault(
        "DL-02.1",
        "scored on other items",
        score_on_other_items,
        also=("DL-04.2",),
        option_set=TABLES,
    ),
    Fault("DL-02.2", "boosting ahead, no reason", let_boosting_win, option_set=TABLES),
    Fault("DL-02.3", "100 training items, no reason", train_on_a_hundred, option_set=TABLES),
    Fault(
        "DL-04.1",
        "random baseline missing",
        leave_out("random"),
        also=("ML-07",),
        option_set=TABLES,
    ),
    Fault(
        "DL-04.1",
        "guessing far above chance",
        replace("random", "logistic_regression"),
        also=("ML-07",),
        option_set=TABLES,
    ),
    Fault(
        "DL-04.1",
        "guesses that know",
        replace("random", "ridge"),
        option_set=NUMBERS,
        also=("ML-07",),
    ),
    Fault(
        "DL-04.2",
        "a constant far from the mean",
        lambda work: fit(work, say_a_thousand),
        option_set=NUMBERS,
    ),
    Fault(
        "DL-04.2",
        "constant missing",
        leave_out("constant"),
        also=("ML-07", "DL-04.3"),
        option_set=TABLES,
    ),
    Fault("DL-04.2", "a constant that knows", replace("constant", "random"), option_set=TABLES),
    Fault(
        "DL-04.3",
        "one classical model only",
        leave_out("gradient_boosting", "random_forest"),
        also=("DL-02.1",),
        option_set=TABLES,
    ),
    Fault(
        "DL-04.4",
        "a score with no weights loaded",
        probe_backbone(scored=True, scores={"accuracy": 0.99}),
    ),
    Fault("DL-04.4", "neither score nor reason", probe_backbone(scored=False, reason="")),
]
