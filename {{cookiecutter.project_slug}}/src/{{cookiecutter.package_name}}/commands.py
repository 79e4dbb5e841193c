"""The command table: what each command does, where its code is, what its result depends on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One command.

    Attributes:
        name: The command's name, and its report's.
        phase: Phase of the checklist, 1 to 7.
        module: Module below this package that holds `run(cfg) -> Report`.
        summary: One line for the help page.
        config: Top-level config keys that change its result, besides `paths`, `data` and `task`.
        reads: Stages whose outputs it reads.
        reads_raw: Whether it reads the raw data.
        in_pipeline: Whether `dvc.yaml` runs it.
        options: Options of config groups that it always takes.
        without: Keys below `config` that do not change its result after all.
    """

    name: str
    phase: int
    module: str
    summary: str
    config: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    reads_raw: bool = False
    in_pipeline: bool = True
    options: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


PHASES = {
    1: "Problem",
    2: "Data",
    3: "Model",
    4: "Training",
    5: "Evaluation",
    6: "Deployment",
    7: "Monitoring",
}

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

STAGES = {
    stage.name: stage
    for stage in (
        Stage(
            "baselines",
            1,
            "problem.baselines",
            "what chance, a constant and classical models reach",
            ("baselines", "seed"),
            ("preprocess",),
        ),
        Stage(
            "ingest",
            2,
            "data.ingest",
            "list every raw item with its label and hash",
            reads_raw=True,
        ),
        Stage(
            "explore",
            2,
            "data.explore",
            "measure balance, quality and distributions; draw samples of every class",
            ("explore", "clean"),
            ("ingest",),
        ),
        Stage(
            "clean",
            2,
            "data.clean",
            "quarantine what is unreadable or repeated, group near duplicates; raw stays untouched",
            ("clean",),
            ("ingest",),
        ),
        Stage(
            "labels",
            2,
            "data.labels",
            "list labels that are probably wrong, and random ones for a person to check",
            ("labels", "preprocess"),
            ("clean",),
        ),
        Stage(
            "split",
            2,
            "data.split",
            "assign train, validation and test, as a versioned file",
            ("split", "seed"),
            ("clean",),
        ),
        Stage(
            "preprocess",
            2,
            "data.preprocess",
            "fit statistics on train and write arrays of one shape",
            ("preprocess",),
            ("split",),
        ),
        Stage(
            "data_card",
            2,
            "data.card",
            "write docs/data_card.md from what ran and what people answered",
            ("preprocess",),
            ("explore", "labels", "preprocess"),
        ),
        Stage(
            "stream",
            2,
            "data.stream",
            "write the processed data as chunks to stream from (loader=stream)",
            ("loader",),
            ("preprocess",),
            in_pipeline=False,
        ),
        Stage(
            "sanity",
            3,
            "model.sanity",
            "initial loss, one batch learned by heart, every parameter moves",
            (*TRAINING, "sanity"),
            ("preprocess",),
            without=("optimizer.lr",),
        ),
        Stage(
            "find_lr",
            4,
            "training.find_lr",
            "train a few steps at growing rates and suggest one (optimizer.lr=auto takes it)",
            (*FINDING, "find_lr"),
            ("preprocess",),
            without=FOUND,
        ),
        Stage(
            "find_batch_size",
            4,
            "training.find_batch_size",
            "double the batch until training gets no faster or memory is out",
            (*FINDING, "find_batch_size"),
            ("preprocess",),
            in_pipeline=False,
            without=FOUND,
        ),
        Stage(
            "train",
            4,
            "training.train",
            "train the model; the best checkpoint becomes the project's model",
            (*TRAINING, "callbacks"),
            ("preprocess", "sanity", "find_lr"),
        ),
        Stage(
            "crossvalidate",
            4,
            "training.crossvalidate",
            "train on every fold of split=kfold; metrics with intervals over the folds",
            (*TRAINING, "callbacks", "evaluate", "split"),
            ("clean",),
            in_pipeline=False,
            options=("split=kfold",),
        ),
        Stage(
            "tune",
            4,
            "training.tune",
            "search hyperparameters over the cheat sheet's ranges, scored on validation",
            (*TRAINING, "callbacks", "tune"),
            ("preprocess",),
            in_pipeline=False,
        ),
        Stage(
            "diagnose",
            4,
            "training.diagnose",
            "say from a run's log what went wrong and what to try",
            ("diagnose",),
            ("preprocess",),
            in_pipeline=False,
        ),
        Stage(
            "evaluate",
            5,
            "evaluation.evaluate",
            "open the test split once: metrics, intervals, comparison with the baselines",
            ("evaluate", "seed"),
            ("train", "baselines"),
        ),
        Stage(
            "ablate",
            5,
            "evaluation.ablate",
            "train without one component at a time, on the same seeds: which of them help?",
            (*TRAINING, "callbacks", "evaluate", "ablate"),
            ("preprocess", "find_lr"),
            in_pipeline=False,
        ),
        Stage(
            "export",
            6,
            "deployment.export",
            "write the model as ONNX with its preprocessing, and prove that it agrees",
            ("export",),
            ("train",),
        ),
        Stage(
            "benchmark",
            6,
            "deployment.benchmark",
            "latency and throughput of the exported model",
            ("benchmark",),
            ("export",),
        ),
        Stage(
            "serve",
            6,
            "deployment.serve",
            "answer predictions over HTTP until stopped",
            ("serve",),
            in_pipeline=False,
        ),
        Stage(
            "probe",
            6,
            "deployment.probe",
            "start the real service, hold its answers against offline ones, stop it",
            ("probe", "serve"),
            ("export",),
        ),
        Stage(
            "predict",
            6,
            "deployment.predict",
            "predict a folder or a CSV offline",
            ("predict",),
            ("export",),
        ),
        Stage(
            "monitor",
            7,
            "monitoring.monitor",
            "compare logged predictions and inputs with training",
            ("monitor",),
            ("export", "probe"),
        ),
    )
}
