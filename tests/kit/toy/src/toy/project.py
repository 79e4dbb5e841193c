"""The toy's table: eleven stages, and the six places where the kit calls it."""

from dlproof import TRAINING, Project, Stage

PROCESSED = "data/processed"

PROJECT = Project(
    package=__package__,
    config="config:Config",
    checks="checks",
    open_data="data.loaders:open_data",
    build_module="module:build_module",
    build_network="network:build_network",
    create_app="app:create_app",
    stages=(
        Stage(
            *("baselines", 1, "baselines", "a constant and a linear model"),
            settings=("baselines", "seed"),
            reads=("preprocess",),
            deps=(PROCESSED,),
            outs=("models/baselines.joblib",),
        ),
        Stage(
            *("ingest", 2, "data.ingest", "list the raw items"),
            reads_raw=True,
            outs=("data/expectations.json", "data/items.csv"),
        ),
        Stage(
            *("clean", 2, "data.clean", "leave out what cannot be used"),
            settings=("clean",),
            reads=("ingest",),
            deps=("data/items.csv",),
            outs=("data/clean.csv", "data/quarantine.csv"),
        ),
        Stage(
            *("split", 2, "data.split", "assign train, validation and test"),
            settings=("split", "seed"),
            reads=("clean",),
            deps=("data/clean.csv",),
            outs=("data/splits.csv",),
            kept=("data/splits.csv",),
        ),
        Stage(
            *("preprocess", 2, "data.preprocess", "fit on train, write arrays"),
            settings=("preprocess",),
            reads=("split",),
            deps=("data/clean.csv", "data/expectations.json", "data/splits.csv"),
            outs=(PROCESSED, "data/versions"),
            kept=("data/versions",),
        ),
        Stage(
            *("train", 4, "train", "train the network"),
            settings=(*TRAINING, "callbacks"),
            reads=("preprocess", "sanity", "find_lr"),
            deps=(PROCESSED, "reports/find_lr.json", "reports/sanity.json"),
            outs=("models/model.ckpt", "reports/dvc/curves.csv"),
            uncached=("reports/dvc/curves.csv",),
        ),
        Stage(
            *("evaluate", 5, "evaluate", "open the test split once"),
            settings=("evaluate", "calibrate", "seed"),
            answers=("problem.classes", "success.costs"),
            reads=("train", "baselines"),
            deps=(
                *(PROCESSED, "models/model.ckpt", "models/baselines.joblib"),
                *("reports/train.json", "reports/baselines.json"),
            ),
            without=("evaluate.reason",),
            outs=("reports/test_predictions.npz",),
            kept=("reports/test_predictions.npz",),
            uncached=("reports/test_predictions.npz",),
        ),
        Stage(
            *("export", 6, "export", "write the network as ONNX"),
            settings=("export", "calibrate"),
            answers=("problem.classes", "success.costs"),
            reads=("train",),
            deps=(PROCESSED, "models/model.ckpt", "reports/train.json"),
            outs=("models/model.onnx", "models/model.json", "models/reference.json"),
        ),
        Stage(
            *("serve", 6, "app", "answer over HTTP until stopped"),
            settings=("serve",),
            in_pipeline=False,
        ),
        Stage(
            *("predict", 6, "predict", "predict items offline"),
            settings=("predict",),
            reads=("export",),
            deps=(PROCESSED, "models/model.onnx", "models/model.json"),
            outs=("data/validation_predictions.csv",),
        ),
        Stage(
            *("monitor", 7, "monitor", "compare what was served with training"),
            settings=("monitor",),
            reads=("export", "probe"),
            deps=("models/reference.json", "reports/probe.json", "data/predictions_newest.json"),
        ),
    ),
)
