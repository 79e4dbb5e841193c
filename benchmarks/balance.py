"""Macro F1 on 1:50 data: every `balance` option of the generated project against doing nothing.

Run `python benchmarks/balance.py`. Two real sets are cut to one rare item in fifty: tumours
(malignant is rare) and handwritten digits as tables of pixels (8 against the rest). All options
train the same network for the same number of steps on the same rows. Test items that were not
trained on are weighed so that the rare class is one in fifty there too.
"""

import argparse
import logging
import tempfile
import warnings
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pandas as pd
import torch
from projects import import_project, write_processed
from scipy import stats
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import f1_score

OPTIONS = ("none", "class_weights", "focal", "weighted_sampler", "under_sample", "smote")
RATIO = 50  # common items for each rare one
TRAIN_SHARE = 0.7  # of the common items


def load_tumours() -> tuple[np.ndarray, np.ndarray]:
    """Thirty measurements; malignant is the rare class."""
    features, targets = load_breast_cancer(return_X_y=True)
    return features, (targets == 0).astype(np.int64)


def load_eights() -> tuple[np.ndarray, np.ndarray]:
    """64 pixels; 8 is the rare class."""
    features, targets = load_digits(return_X_y=True)
    return features, (targets == 8).astype(np.int64)


SETS = {"tumours 1:50": load_tumours, "digits, 8 against the rest 1:50": load_eights}


def cut(targets: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Training positions, one rare item in fifty, and the positions that are left for the test."""
    generator = np.random.default_rng(seed)
    common, rare = (generator.permutation(np.flatnonzero(targets == code)) for code in (0, 1))
    size = int(TRAIN_SHARE * len(common))
    train = np.concatenate([common[:size], rare[: size // RATIO]])
    return train, np.setdiff1d(np.arange(len(targets)), train)


def write_rows(features: np.ndarray, targets: np.ndarray, cfg: Any) -> None:
    """The training rows as the project's processed data."""
    from dlproof import build
    from generated.data.table import Table

    table, task = Table("none.csv", "target"), build(cfg.task)
    raw = pd.DataFrame(features, columns=[f"column_{n}" for n in range(features.shape[1])])
    labels = pd.Series(targets.astype(str))
    state = {"data": table.fit(raw, cfg.preprocess), "task": task.fit(labels)}
    items = pd.DataFrame({"id": raw.index.astype(str), "split": "train"})
    arrays = table.encode(raw, state["data"])
    write_processed(Path(cfg.paths.data_dir), items, arrays, targets, state)


def train(cfg: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Trains the project's network and returns what predicts classes from features."""
    from generated.data.datamodule import SplitData
    from generated.training.module import build_module

    pl.seed_everything(cfg.seed, verbose=False)
    data = SplitData(cfg)
    module = build_module(cfg, data, world_size=1)
    trainer = pl.Trainer(
        max_epochs=-1, max_steps=cfg.trainer.max_steps, accelerator="cpu", barebones=True
    )
    trainer.fit(module, data.train_dataloader())

    def predict(features: np.ndarray) -> np.ndarray:
        module.eval()
        inputs = {
            "numeric": torch.tensor(features, dtype=torch.float32),
            "categorical": torch.zeros((len(features), 0), dtype=torch.int64),
        }
        with torch.no_grad():
            return module(inputs).argmax(dim=1).numpy()

    return predict


def score(targets: np.ndarray, predicted: np.ndarray) -> float:
    """Macro F1 where the rare class is weighed to be one in fifty."""
    counts = np.bincount(targets)
    weights = np.where(targets == 1, counts[0] / RATIO / counts[1], 1.0)
    return f1_score(targets, predicted, average="macro", sample_weight=weights)


def measure(features: np.ndarray, targets: np.ndarray, seed: int, steps: int) -> dict[str, float]:
    """Option -> macro F1 on the same cut."""
    from generated.project import PROJECT

    scores = {}
    rows, rest = cut(targets, seed)
    for option in OPTIONS:
        budget = [f"trainer.max_steps={steps}", "trainer.max_epochs=9999", "optimizer.lr=1e-3"]
        cfg = PROJECT.compose([f"balance={option}", f"seed={seed}", *budget])
        write_rows(features[rows], targets[rows], cfg)
        scores[option] = score(targets[rest], train(cfg)(features[rest]))
    return scores


def estimate(values: pd.Series) -> tuple[float, float]:
    """Mean, and half of its 95% interval over seeds (Student's t)."""
    half = stats.t.ppf(0.975, len(values) - 1) * values.std() / np.sqrt(len(values))
    return values.mean(), half


def print_table(name: str, scores: pd.DataFrame) -> None:
    """A row an option: macro F1, and its gain over doing nothing on the same cuts."""
    print(f"\n{name}, {len(scores)} seeds\n{'balance':<18}{'macro F1':>15}{'over none':>18}")
    for option in OPTIONS:
        mean, half = estimate(scores[option])
        gain, margin = estimate(scores[option] - scores["none"])
        verdict = "raises" if gain > margin else "lowers" if gain < -margin else "no clear change"
        told = "" if option == "none" else f"{gain:>+10.3f} ± {margin:.3f}  {verdict}"
        print(f"{option:<18}{mean:>7.3f} ± {half:.3f}{told}")


def main() -> None:
    """Prints a table for each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    with (
        tempfile.TemporaryDirectory() as folder,
        chdir(import_project(Path(folder), data_type="tabular")),
    ):
        for name, load in SETS.items():
            found = [measure(*load(), seed, options.steps) for seed in range(options.seeds)]
            print_table(name, pd.DataFrame(found))


if __name__ == "__main__":
    main()
