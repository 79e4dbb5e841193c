"""`labels`: labels that are probably wrong, by confident learning, and a sheet to check by eye."""

import hashlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from omegaconf import DictConfig

from ..config import build
from ..errors import UserError
from ..files import hash_json, read_table, write_table
from ..report import Report
from ..types import DataType
from .split_methods import link_items

if TYPE_CHECKING:
    from ..project import Project

CHUNK = 1024  # items that are decoded at a time, to bound memory
MAX_DRAWN = 20  # suspects on the sheet
MAX_NAMED = 100  # suspects in the report; the table has them all
PLANTED = 0.05  # share of labels that the test of the detector makes wrong
OUTLYING = 3.0  # robust deviations by which a number misses its prediction


def run(cfg: DictConfig, project: "Project") -> Report:
    """Writes `label_suspects.csv` (id, label, suggested, score; the worst first) and the sheet.

    The detector is tried on this very data too: labels are made wrong in a copy, and the report
    says how many of them it finds. Nothing that is fitted here is kept.

    Raises:
        UserError: The labels do not suit the task, or nothing can be held out.
    """
    data_dir = Path(cfg.paths.data_dir)
    data_type: DataType = build(cfg.data)
    task = build(cfg.task)
    everything = read_table(data_dir / "clean.csv", "clean")
    task.refuse_unsuitable(everything["label"])
    items = draw(everything, cfg.labels.max_items)
    targets = task.encode(items["label"], task.fit(items["label"]))
    features = measure_features(data_type, items, cfg.preprocess)
    units = pd.factorize(link_items(items))[0]  # folds tear no unit apart
    found, agreement = find_suspects(features, targets, units, cfg.labels.folds)
    wrong, planted = plant(targets, found.index.to_numpy())
    caught, _ = find_suspects(features, wrong, units, cfg.labels.folds)
    hits, new = caught.index.isin(planted), ~caught.index.isin(found.index)
    names = dict(zip(targets, items["label"], strict=True))
    found["suggested"] = [names.get(value, f"{value:.4g}") for value in found["suggested"]]
    suspects = items[["id", "label"]].loc[found.index].join(found.round(4))
    write_table(suspects, data_dir / "label_suspects.csv")
    sheet = choose_sheet(items, suspects, cfg.labels.spot_check)
    pictures = data_type.write_sheet(sheet, Path(cfg.paths.reports_dir, "labels_spot_check.csv"))
    figures = {
        "items": len(everything),
        "looked_at": len(items),
        "agreement": round(agreement, 4),
        "suspects": {
            "count": len(suspects),
            "items": suspects.head(MAX_NAMED).to_dict("records"),
        },
        "planted": len(planted),
        "planted_recall": round(float(hits.sum() / len(planted)), 4),
        "false_alarms": int((new & ~hits).sum()),
        "sheet": hash_sheet(sheet),
    }
    report = Report(stage="labels", figures=figures, summary=summarise(figures))
    report.add_file(data_dir / "label_suspects.csv")
    for picture in pictures:
        report.add_picture(Path(cfg.paths.reports_dir, picture))
    return report


def draw(items: pd.DataFrame, count: int) -> pd.DataFrame:
    """At most so many items, in their order, drawn at random by their ids."""
    if len(items) <= count:
        return items
    order = np.array([hashlib.sha256(item.encode()).digest()[:8] for item in items["id"].tolist()])
    return items.iloc[np.sort(np.argsort(order, kind="stable")[:count])].reset_index(drop=True)


def measure_features(data_type: DataType, items: pd.DataFrame, preprocess: Any) -> np.ndarray:
    """What classical models see of the items, (N, D)."""
    raw = data_type.read(items)
    state = data_type.fit(raw, preprocess)
    chunks = [
        data_type.features(data_type.encode(raw[start : start + CHUNK], state), state)[0]
        for start in range(0, len(items), CHUNK)
    ]
    return np.concatenate(chunks)


def find_suspects(
    features: np.ndarray, targets: np.ndarray, units: np.ndarray, folds: int
) -> tuple[pd.DataFrame, float]:
    """Items whose label is doubted by a model that was not fitted on them (nor on their unit).

    Classes: confident learning (Northcutt et al. 2021, cleanlab) on the mean probabilities of a
    linear and a nearest-neighbour model, which err differently. Numbers: residuals far out of the
    usual, scored by cleanlab's OUTRE.

    Returns:
        Position -> `suggested` target and `score` (low is bad), the worst first; and how well the
        model agrees with the labels (accuracy, or R2).

    Raises:
        UserError: There are not two units, or no class has two items.
    """
    counts = np.unique(targets, return_counts=True)[1]
    are_classes = targets.dtype.kind == "i"
    folds = min(folds, len(np.unique(units)), counts.max() if are_classes else folds)
    if folds < 2:
        raise UserError(
            "nothing can be held out: there is only one group, or no class has a second item."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes with fewer items than folds
        find = find_wrong_classes if are_classes else find_wrong_numbers
        return find(features, targets, units, folds)


def find_wrong_classes(
    features: np.ndarray, targets: np.ndarray, units: np.ndarray, folds: int
) -> tuple[pd.DataFrame, float]:
    """`find_suspects` for class indices."""
    from cleanlab.filter import find_label_issues
    from sklearn.ensemble import VotingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from .folds import UnitFolds

    # Strongly regularised, so that it does not learn the wrong labels.
    linear = LogisticRegression(C=0.1, max_iter=500)
    nearest = KNeighborsClassifier(min(10, len(targets) // 2))
    vote = VotingClassifier([("linear", linear), ("nearest", nearest)], voting="soft")
    model = make_pipeline(StandardScaler(), vote)
    cv = UnitFolds(folds, shuffle=True, random_state=0)
    classes, codes = np.unique(targets, return_inverse=True)
    found = cross_val_predict(model, features, codes, groups=units, cv=cv, method="predict_proba")
    worst = find_label_issues(codes, found, return_indices_ranked_by="self_confidence", n_jobs=1)
    chosen = found.argmax(axis=1)
    table = {"suggested": classes[chosen[worst]], "score": found[worst, codes[worst]]}
    return pd.DataFrame(table, index=worst), float((chosen == codes).mean())


def find_wrong_numbers(
    features: np.ndarray, targets: np.ndarray, units: np.ndarray, folds: int
) -> tuple[pd.DataFrame, float]:
    """`find_suspects` for numbers."""
    from cleanlab.regression.rank import get_label_quality_scores
    from sklearn.ensemble import ExtraTreesRegressor
    from sklearn.model_selection import GroupKFold, cross_val_predict

    model = ExtraTreesRegressor(100, random_state=0)
    found = cross_val_predict(model, features, targets, groups=units, cv=GroupKFold(folds))
    residuals = targets - found
    residuals -= np.median(residuals)
    spread = 1.4826 * np.median(np.abs(residuals))
    worst = np.flatnonzero(np.abs(residuals) > OUTLYING * spread)
    score = get_label_quality_scores(targets, found)[worst]
    table = pd.DataFrame({"suggested": found[worst], "score": score}, index=worst)
    explained = 1 - residuals.var() / max(targets.var(), 1e-12)
    return table.sort_values("score"), float(explained)


def plant(targets: np.ndarray, suspects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A copy with wrong targets among the items that are not suspected, and their positions.

    A class becomes another one; numbers are exchanged between items.
    """
    generator = np.random.default_rng(0)
    candidates = np.setdiff1d(np.arange(len(targets)), suspects)
    count = min(max(2, round(PLANTED * len(targets))), len(candidates))
    planted = np.sort(generator.choice(candidates, count, replace=False))
    wrong = targets.copy()
    if targets.dtype.kind == "i":
        size = targets.max() + 1
        wrong[planted] = (targets[planted] + generator.integers(1, size, count)) % size
    else:
        wrong[planted] = np.roll(targets[planted], 1)
    return wrong, planted


def choose_sheet(items: pd.DataFrame, suspects: pd.DataFrame, count: int) -> pd.DataFrame:
    """`count` random items by label, then the worst suspects; `right` and `by` are for a person.

    Which items are random depends on their ids alone: one more or less leaves the others.
    """
    order = [hashlib.sha256(item.encode()).hexdigest() for item in items["id"]]
    drawn = items.assign(order=order).sort_values("order").head(count)
    drawn = drawn.sort_values(["label", "id"])[["id", "label"]].assign(part="random", suggested="")
    sheet = pd.concat([drawn, suspects.head(MAX_DRAWN).assign(part="suspect")])
    return sheet.drop(columns="score").assign(right="", by="").reset_index(drop=True)


def hash_sheet(sheet: pd.DataFrame) -> str:
    """A short hash of the random items and their labels: whoever signs says which sheet it was."""
    drawn = sheet.loc[sheet["part"] == "random", ["id", "label"]]
    return hash_json(drawn.values.tolist())[:12]


def summarise(figures: dict[str, Any]) -> str:
    """`31 of 1,797 labels are suspect; 83% of 90 planted were found; sheet 1a2b…`."""
    sampled = figures["looked_at"] < figures["items"]
    drawn = f" drawn from {figures['items']:,} (labels.max_items)" if sampled else ""
    return (
        f"{figures['suspects']['count']:,} of {figures['looked_at']:,} labels{drawn} are suspect; "
        f"of {figures['planted']:,} made wrong on purpose, {figures['planted_recall']:.0%} were "
        f"found; sheet {figures['sheet']}"
    )
