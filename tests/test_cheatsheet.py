"""The cheat sheet of a project holds the checklist's figures, row for row."""

import pytest
import yaml
from conftest import PROJECT

# Hyperparameter, default, and range (numbers) or options (words), as the checklist prints them.
OPTIMIZERS = {
    "optimizer": ("adamw", ("adam", "sgd", "adamw")),
    "learning rate": (3e-4, (1e-5, 1e-2)),
    "weight decay": (0.01, (1e-4, 0.1)),
    "beta1": (0.9, (0.8, 0.95)),
    "beta2": (0.999, (0.99, 0.9999)),
    "epsilon": (1e-8, (1e-8, 1e-6)),
}
ARCHITECTURE = {
    "batch size": ([32, 128], (16, 512)),
    "hidden dimensions": ([256, 768], (64, 4096)),
    "number of layers": ([4, 12], (2, 100)),
    "dropout": ([0.1, 0.3], (0.0, 0.5)),
    "attention heads": ([8, 12], (4, 64)),
}
SCHEDULE = {
    "epochs": ([20, 100], (3, 1000)),
    "warmup": ([0.05, 0.1], (0.0, 0.2)),
    "schedule": ("cosine", ("step", "cosine", "linear")),
    "gradient clip": (1.0, (0.5, 5.0)),
    "label smoothing": (0.1, (0.0, 0.2)),
}
DATA = {
    "train share": (0.8, (0.6, 0.9)),  # 80/10/10; 60/20/20 to 90/5/5
    "augmentation": ("medium", ("none", "light", "medium", "strong")),  # none to aggressive
    "sequence length": ([128, 512], (32, 8192)),
    "image resolution": (224, (32, 1024)),
}
PRINTED = {
    "optimizers": OPTIMIZERS,
    "architecture": ARCHITECTURE,
    "schedule": SCHEDULE,
    "data": DATA,
}


@pytest.mark.parametrize("table", PRINTED)
def test_every_row_has_the_printed_default_and_range_and_a_note(table):
    text = (PROJECT / "configs" / "cheatsheet.yaml").read_text()
    rows = {row["name"]: row for row in yaml.safe_load(text)[table]}
    assert list(rows)[: len(PRINTED[table])] == list(PRINTED[table])
    for name, (default, usual) in PRINTED[table].items():
        row = rows[name]
        assert row["default"] == default, name
        # Other optimizers and schedules may have come since; a range is exactly the printed one.
        assert row["range"] == list(usual) if "range" in row else set(usual) <= set(row["options"])
        assert row["note"], name
