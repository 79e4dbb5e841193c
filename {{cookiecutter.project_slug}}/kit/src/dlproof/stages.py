"""The table of commands: what each does, where its code is, what its result depends on."""

import importlib
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

KIT = __package__
PHASES = {
    1: "Problem",
    2: "Data",
    3: "Model",
    4: "Training",
    5: "Evaluation",
    6: "Deployment",
    7: "Monitoring",
}
RUNNING: ContextVar[str] = ContextVar("running", default="")  # the stage that runs in this process
ALWAYS = ("paths", "data", "task")  # sections of the config that every result depends on


@dataclass(frozen=True)
class Stage:
    """One command.

    Attributes:
        name: The command's name, and its report's.
        phase: Phase of the checklist, 1 to 7.
        module: Module below the package that holds `run(cfg) -> Report`.
        summary: One line for the help page.
        settings: Top-level config keys that change its result, besides `ALWAYS`.
        reads: Stages whose reports it reads.
        reads_raw: Whether it reads the raw data.
        deps: Outputs of stages before it, reports whose figures it uses, files that no stage makes.
        answers: Keys of the charter that it reads.
        outs: Files that it writes and DVC keeps.
        kept: Of these, the ones that stay where they are until the stage replaces them.
        uncached: Of these, the ones that git keeps in place of DVC.
        in_pipeline: Whether `dvc.yaml` runs it.
        options: Options of config groups that it always takes.
        without: Keys below `settings` that do not change its result after all.
        package: That `module` is in: a project's, or the kit, whose tools take `(cfg, project)`.
    """

    name: str
    phase: int
    module: str
    summary: str
    settings: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    reads_raw: bool = False
    deps: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    uncached: tuple[str, ...] = ()
    in_pipeline: bool = True
    options: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    package: str = KIT

    @property
    def is_tool(self) -> bool:
        """Whether the kit brings it."""
        return self.package == KIT

    def load(self) -> Any:
        """Its module, imported."""
        return importlib.import_module(f"{self.package}.{self.module}")


TRAINING = (
    "augmentation",
    "balance",
    "loader",
    "model",
    "optimizer",
    "preprocess",
    "schedule",
    "seed",
    "trainer",
)
# What tries rates and batches puts its own in place of these.
FINDING = tuple(key for key in TRAINING if key != "schedule")
FOUND = ("optimizer.lr", "trainer.max_epochs")
MARK = "predictions_newest.json"  # beside the log of predictions: which row is the newest
TRAINED = ("models/model.ckpt", "reports/train.json")
PROCESSED, MODEL = "data/processed", ("models/model.onnx", "models/model.json")

TOOLS = (
    Stage(
        "explore",
        2,
        "data.explore",
        "measure balance, quality and distributions; draw samples of every class",
        settings=("explore", "clean"),
        reads=("ingest",),
        deps=("data/items.csv",),
        answers=("data.groups",),
    ),
    Stage(
        "labels",
        2,
        "data.labels",
        "list labels that are probably wrong, and random ones for a person to check",
        settings=("labels", "preprocess"),
        reads=("clean",),
        deps=("data/clean.csv",),
        outs=("data/label_suspects.csv",),
    ),
    Stage(
        "data_card",
        2,
        "data.card",
        "write docs/data_card.md from the reports and from people's answers",
        settings=("preprocess",),
        reads=("clean", "explore", "labels", "preprocess", "split"),
        deps=(
            PROCESSED,
            "reports/clean.json",
            "reports/explore.json",
            "reports/labels.json",
            "reports/split.json",
        ),
        answers=(
            "data.population",
            "data.groups",
            "data.sampling",
            "data.dev_and_test",
            "data.sources",
            "data.personal",
            "data.forbidden",
            "risks",
            "serving.limitations",
        ),
        outs=("docs/data_card.md",),
        kept=("docs/data_card.md",),
        uncached=("docs/data_card.md",),
    ),
    Stage(
        "stream",
        2,
        "data.stream",
        "write the processed data as chunks to stream from (loader=stream)",
        settings=("loader",),
        reads=("preprocess",),
        deps=(PROCESSED,),
        in_pipeline=False,
    ),
    Stage(
        "sanity",
        3,
        "training.sanity",
        "check the initial loss, overfit one batch, see that every parameter is updated",
        settings=(*TRAINING, "sanity"),
        reads=("preprocess",),
        deps=(PROCESSED,),
        without=("optimizer.lr",),
    ),
    Stage(
        "find_lr",
        4,
        "training.find_lr",
        "train a few steps at rising rates and suggest one (optimizer.lr=auto uses it)",
        settings=(*FINDING, "find_lr"),
        reads=("preprocess",),
        deps=(PROCESSED,),
        without=FOUND,
    ),
    Stage(
        "find_batch_size",
        4,
        "training.find_batch_size",
        "double the batch until training gets no faster or memory runs out",
        settings=(*FINDING, "find_batch_size"),
        reads=("preprocess",),
        deps=(PROCESSED,),
        in_pipeline=False,
        without=FOUND,
    ),
    Stage(
        "crossvalidate",
        4,
        "evaluation.crossvalidate",
        "train on every fold of split=kfold; report metrics with intervals over the folds",
        settings=(*TRAINING, "callbacks", "evaluate", "split"),
        reads=("clean",),
        deps=("data/clean.csv",),
        in_pipeline=False,
        options=("split=kfold",),
    ),
    Stage(
        "tune",
        4,
        "training.tune",
        "search hyperparameters over the cheat sheet's ranges, scored on validation",
        settings=(*TRAINING, "callbacks", "tune"),
        reads=("preprocess",),
        deps=(PROCESSED,),
        in_pipeline=False,
    ),
    Stage(
        "diagnose",
        4,
        "training.diagnose",
        "diagnose from a run's log what went wrong and what to try",
        settings=("diagnose",),
        reads=("preprocess",),
        deps=(PROCESSED,),
        in_pipeline=False,
    ),
    Stage(
        "ablate",
        5,
        "evaluation.ablate",
        "train without one component at a time, on the same seeds, to see which help",
        settings=(*TRAINING, "callbacks", "evaluate", "ablate"),
        reads=("preprocess", "find_lr"),
        deps=(PROCESSED, "reports/find_lr.json"),
        in_pipeline=False,
    ),
    Stage(
        "staleness",
        5,
        "evaluation.staleness",
        "train on older or smaller shares of the data, to see what an old model costs",
        settings=(*TRAINING, "callbacks", "evaluate", "staleness"),
        reads=("preprocess", "find_lr"),
        deps=(PROCESSED, "reports/find_lr.json"),
        in_pipeline=False,
    ),
    Stage(
        "compare",
        5,
        "evaluation.compare",
        "is the model better than another run's, and than each baseline, by more than chance?",
        settings=("compare", "evaluate", "seed"),
        reads=("train", "baselines"),
        deps=(PROCESSED, *TRAINED, "models/baselines.joblib", "reports/baselines.json"),
        in_pipeline=False,
    ),
    Stage(
        "benchmark",
        6,
        "deployment.benchmark",
        "measure latency and throughput of the exported model",
        settings=("benchmark",),
        reads=("export",),
        deps=(PROCESSED, *MODEL),
    ),
    Stage(
        "probe",
        6,
        "deployment.probe",
        "start the real service, compare its answers with offline ones, stop it",
        settings=("probe", "serve"),
        reads=("export",),
        deps=(PROCESSED, *MODEL, "models/reference.json"),
    ),
)
