"""The project: its own stages, and the six places where the kit calls it.

The kit's tools (`explore`, `sanity`, `find_lr`, `tune`, `probe`, …) join these stages. When the
table has changed, `make dvc` writes dvc.yaml anew.
"""

from dlproof import TRAINING, Project, Stage

PROCESSED, CHECKPOINT = "data/processed", "models/model.ckpt"
EXPORTED = ("models/model.onnx", "models/model.json", "models/reference.json")

PROJECT = Project(
    package=__package__,
    config="config:Config",
    checks="checks",
    open_data="data.datamodule:open_data",
    build_module="training.module:build_module",
    build_network="model.network:build_network",
    create_app="deployment.app:create_app",
    stages=(
        Stage(
            "baselines",
            1,
            "problem.baselines",
            "what chance, a constant and classical models reach",
            settings=("baselines", "seed"),
            reads=("preprocess",),
            deps=(PROCESSED,),
            outs=("models/baselines.joblib",),
        ),
        Stage(
            "ingest",
            2,
            "data.ingest",
            "list every raw item with its label and hash",
            reads_raw=True,
            outs=("data/expectations.json", "data/items.csv"),
        ),
        Stage(
            "clean",
            2,
            "data.clean",
            "quarantine what is unreadable or repeated, group near duplicates; raw stays untouched",
            settings=("clean",),
            reads=("ingest",),
            deps=("data/items.csv",),
            outs=("data/clean.csv", "data/quarantine.csv"),
        ),
        Stage(
            "split",
            2,
            "data.split",
            "assign train, validation and test, as a versioned file",
            settings=("split", "seed"),
            reads=("clean",),
            deps=("data/clean.csv",),
            outs=("data/splits.csv",),
            kept=("data/splits.csv",),
        ),
        Stage(
            "preprocess",
            2,
            "data.preprocess",
            "fit statistics on train and write arrays of one shape",
            settings=("preprocess",),
            reads=("split",),
            deps=("data/clean.csv", "data/expectations.json", "data/splits.csv"),
            outs=(PROCESSED, "data/versions"),
            kept=("data/versions",),
        ),
        Stage(
            "train",
            4,
            "training.train",
            "train the model; the best checkpoint becomes the project's model",
            settings=(*TRAINING, "callbacks"),
            reads=("preprocess", "sanity", "find_lr"),
            deps=(PROCESSED, "reports/find_lr.json", "reports/sanity.json"),
            outs=(CHECKPOINT,),
        ),
        Stage(
            "evaluate",
            5,
            "evaluation.evaluate",
            "open the test split once: metrics, intervals, comparison with the baselines",
            settings=("evaluate", "seed"),
            reads=("train", "baselines"),
            deps=(PROCESSED, CHECKPOINT, "models/baselines.joblib"),
        ),
        Stage(
            "export",
            6,
            "deployment.export",
            "write the model as ONNX with its preprocessing, and prove that it agrees",
            settings=("export",),
            reads=("train",),
            deps=(PROCESSED, CHECKPOINT),
            outs=EXPORTED,
        ),
        Stage(
            "serve",
            6,
            "deployment.app",
            "answer predictions over HTTP until stopped",
            settings=("serve",),
            in_pipeline=False,
        ),
        Stage(
            "predict",
            6,
            "deployment.predict",
            "predict a folder or a CSV offline",
            settings=("predict",),
            reads=("export",),
            deps=(PROCESSED, *EXPORTED[:2]),
            outs=("data/validation_predictions.csv",),
        ),
        Stage(
            "monitor",
            7,
            "monitoring.monitor",
            "compare logged predictions and inputs with training",
            settings=("monitor",),
            reads=("export", "probe"),
            deps=(EXPORTED[2], "reports/probe.json"),
        ),
    ),
)
