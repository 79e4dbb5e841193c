"""What each component of training is worth: runs without one at a time. Run: `ablate`.

Every component of `ablate.components` is left out in turn, on the same seeds as the whole config,
and both are scored on the validation split, behind the last step: no epoch is chosen on it.
"""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import numpy as np
from omegaconf import DictConfig

from ..config import build, to_plain, vary
from ..errors import UserError
from ..files import atomic, hash_json
from ..intervals import bootstrap, paired_interval
from ..report import Report
from ..significance import score_runs
from ..task import Task
from ..training.find_lr import make_quiet
from ..training.limits import refuse_several
from ..training.rate import settle_rate
from ..training.run import train_once
from ..weighing import over_runs
from .predictions import predict_validation

if TYPE_CHECKING:
    from ..project import Project

TABLE = "ablate.md"
VERDICTS = ("helped", "no effect", "hurt")


def run(cfg: DictConfig, project: "Project") -> Report:
    """Trains each variant on each seed and compares it with the whole config.

    Raises:
        UserError: The options do not suit, or no component is on.
    """
    refuse_several(cfg)
    cfg = settle_rate(project, cfg)
    variants = {name: vary(cfg, overrides) for name, overrides in cfg.ablate.components.items()}
    reasons = {name: why_not(cfg, own) for name, own in variants.items()}
    left_out = {name: reason for name, reason in reasons.items() if reason}
    if len(left_out) == len(variants):
        raise UserError(
            "no component of ablate.components is enabled: there is nothing to leave out."
        )
    seeds = [cfg.seed + number for number in range(cfg.ablate.seeds)]
    task: Task = build(cfg.task)
    targets, whole = train_on_seeds(project, cfg, seeds, cfg.ablate.epochs)
    scores = score_runs(task.score, targets, whole)
    negligible = cfg.ablate.negligible * abs(float(scores.mean()))
    rows = {}
    for name, own in variants.items():
        if own is None or name in left_out:
            continue
        _, without = train_on_seeds(project, own, seeds, cfg.ablate.epochs)
        row = compare(cfg, task, targets, whole, without)
        low, high = row["interval"]
        verdict = VERDICTS[0 if low > negligible else 2 if high < -negligible else 1]
        rows[name] = {"seeds": seeds, **row, "verdict": verdict}
        print(f"without {name}: {rows[name]['verdict']}", flush=True)
    figures = {
        "metric": task.metric,
        "items": len(targets),
        "epochs": cfg.ablate.epochs,
        "seeds": seeds,
        "scores": scores.tolist(),
        "negligible": negligible,
        "components": rows,
        "left_out": left_out,
    }
    told = [
        f"{verdict}: {', '.join(names)}"
        for verdict in VERDICTS
        if (names := [name for name, row in rows.items() if row["verdict"] == verdict])
    ]
    report = Report("ablate", figures, summary="; ".join(told))
    report.add_file(write_table(figures, Path(cfg.paths.reports_dir, TABLE)))
    name = f"ablation-{datetime.now(UTC):%Y-%m-%d}-{hash_json(figures)[:6]}.md"
    write_table(figures, Path(cfg.paths.experiments_dir, name))  # stays when components change
    return report


def why_not(cfg: DictConfig, own: DictConfig | None) -> str:
    """Why a config without a component is not tried; empty if it is."""
    if own is None:
        return "the config has no such key"
    return "off already" if to_plain(own) == to_plain(cfg) else ""


def train_on_seeds(
    project: "Project", cfg: DictConfig, seeds: list[int], epochs: int
) -> tuple[np.ndarray, np.ndarray]:
    """Targets of the validation items (N,), and predictions (N, seeds, …), a model a seed."""
    own = make_quiet(cfg)
    own.trainer.max_epochs = epochs
    predictions = []
    for own.seed in seeds:
        pl.seed_everything(own.seed, workers=True, verbose=False)
        with TemporaryDirectory() as folder:
            path = Path(folder, "last.ckpt")
            train_once(project, own, Path(folder)).save_checkpoint(path)
            targets, predicted = predict_validation(path, own, project.build_network)
        predictions.append(predicted)
    return targets, np.stack(predictions, axis=1)


def compare(
    cfg: DictConfig, task: Task, targets: np.ndarray, whole: np.ndarray, without: np.ndarray
) -> dict[str, Any]:
    """How much better the metric is with everything: by seed, on average, and surely."""
    sign = 1 if task.mode == "max" else -1
    scores = score_runs(task.score, targets, without)
    gains = sign * (score_runs(task.score, targets, whole) - scores)
    how = {name: cfg.evaluate[name] for name in ("resamples", "confidence")}
    score = over_runs(task.score, sign)
    by_items = bootstrap(score, targets, whole, without, **how, seed=cfg.seed)
    return {
        "scores": scores.tolist(),
        "gains": gains.tolist(),
        "gain": float(gains.mean()),
        "interval": paired_interval(gains, by_items, cfg.evaluate.confidence),
    }


def write_table(figures: dict[str, Any], path: Path) -> Path:
    """Writes the table as Markdown."""
    metric, seeds = figures["metric"], ", ".join(map(str, figures["seeds"]))
    rows = [
        f"| {name} | {np.mean(row['scores']):.4f} | {row['gain']:+.4f} "
        f"| {row['interval'][0]:+.4f} to {row['interval'][1]:+.4f} | {row['verdict']} |"
        for name, row in figures["components"].items()
    ]
    lines = (
        f"# Ablation\n\nMean `{metric}` on {figures['items']} validation items after "
        f"{figures['epochs']} epochs, over seeds {seeds}: {np.mean(figures['scores']):.4f} with "
        "everything. A gain above 0: training is better with the component than without. No "
        "effect: none that these runs can distinguish from chance.\n",
        f"| without | {metric} | gain of having it | interval | it |",
        "| --- | --- | --- | --- | --- |",
        *rows,
        "",
        *(f"- Not tried: {name}, {reason}." for name, reason in figures["left_out"].items()),
    )
    with atomic(path) as draft:
        draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
