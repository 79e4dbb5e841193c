"""Whether the model is better than another run's, and than each baseline. Run: `compare`.

All are scored on the same validation items: the test split opens once, for the model that is
chosen. The last line that is printed is the verdict.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig

from ..config import build
from ..data.store import VALIDATION, load_store
from ..errors import UserError
from ..files import atomic
from ..report import Report, load_report
from ..significance import compare, correct, judge, score_runs
from ..task import Task
from ..tasks.metric import refuse_undefined
from .contenders import Contender, gather_baselines, gather_runs, list_runs

if TYPE_CHECKING:
    from ..project import Project

TABLE = "compare.md"
LEAST_SECONDS = 1e-3  # that a training counts as: those of baselines are rounded


def run(cfg: DictConfig, project: "Project") -> Report:
    """Compares the challenger with the champion, if there is one, and with every baseline.

    Raises:
        UserError: A run cannot be compared, or the metric is not defined on the validation items.
    """
    present = load_report("train", cfg.paths.reports_dir).figures["run"]
    champions = list_runs(cfg.compare.champion)
    challengers = list_runs(cfg.compare.challenger) or [present]
    refuse_both(champions, challengers)
    store, task = load_store(cfg.paths.data_dir), build(cfg.task)
    challenger = gather_runs(cfg, project, store, task, challengers)
    opponents = gather_baselines(cfg, store, task)
    against = load_report("baselines", cfg.paths.reports_dir).figures["best"]
    if champions:
        champion = gather_runs(cfg, project, store, task, champions)
        against = champion.name
        opponents = {against: champion, **opponents}
    targets = np.asarray(store.targets[store.rows(VALIDATION)])
    figures = evidence(cfg, task, targets, challenger, opponents) | {"against": against}
    verdict = word(figures)
    summary = f"{challenger.name} against {against}, {len(opponents)} comparisons in all"
    report = Report("compare", figures, summary=f"{summary}\n{verdict}")
    report.add_file(write_table(figures, verdict, Path(cfg.paths.reports_dir, TABLE)))
    return report


def refuse_both(champions: list[str], challengers: list[str]) -> None:
    """Raises a UserError for a run that is to be compared with itself."""
    if twice := sorted({*champions} & {*challengers}):
        raise UserError(
            f"{twice[0]} is champion and challenger: name another run as compare.champion (the "
            "challenger is the present model, where compare.challenger is empty)."
        )


def evidence(
    cfg: DictConfig,
    task: Task,
    targets: np.ndarray,
    challenger: Contender,
    opponents: dict[str, Contender],
) -> dict[str, Any]:
    """Figures of the comparisons; p-values are corrected for all of them together."""
    how = {name: cfg.evaluate[name] for name in ("resamples", "confidence")} | {"seed": cfg.seed}
    scores = score_runs(task.score, targets, challenger.predictions)
    refuse_undefined(task.metric, scores, VALIDATION)
    sign = 1 if task.mode == "max" else -1
    rows = {
        name: other.describe()
        | compare(task.score, sign, targets, challenger.predictions, other.predictions, **how)
        for name, other in opponents.items()
    }
    corrected = correct({name: row["p"] for name, row in rows.items()})
    for name, row in rows.items():
        row["corrected_p"] = corrected[name]
        row["verdict"] = judge(row["interval"], corrected[name])
    mine = {"name": challenger.name, **challenger.describe(), "scores": scores.tolist()}
    return {
        "metric": task.metric,
        "items": len(targets),
        "confidence": cfg.evaluate.confidence,
        "challenger": mine,
        "opponents": rows,
    }


def word(figures: dict[str, Any]) -> str:
    """The verdict in one line: gain, and how many times slower, larger and dearer to train.

    One machine trains all, so that the ratio of costs is that of the seconds.
    """
    mine, other = figures["challenger"], figures["opponents"][figures["against"]]
    low, high = other["interval"]
    seconds = [max(each["training_seconds"], LEAST_SECONDS) for each in (mine, other)]
    parts = (
        f"VERDICT: {other['verdict']}",
        f"gain {other['gain']:+.4g} [{low:+.4g}, {high:+.4g}]",
        f"latency x{say(mine['item_seconds'] / other['item_seconds'])}",
        f"size x{say(mine['size_bytes'] / other['size_bytes'])}",
        f"cost x{say(seconds[0] / seconds[1])}",
    )
    return " | ".join(parts)


def say(ratio: float) -> str:
    """Three digits, and all that stand before the point."""
    return f"{ratio:,.0f}" if ratio >= 1000 else f"{ratio:.3g}"


def write_table(figures: dict[str, Any], verdict: str, path: Path) -> Path:
    """Writes the table as Markdown."""
    metric, mine = figures["metric"], figures["challenger"]
    rows = [
        f"| {name} | {np.mean(row['scores']):.4g} | {row['gain']:+.4g} "
        f"| {row['interval'][0]:+.4g} to {row['interval'][1]:+.4g} "
        f"| {row['corrected_p']:.3g} ({row['test']}) | {row['verdict']} "
        f"| {row['smallest_difference']:.3g} | {describe_costs(row)} |"
        for name, row in figures["opponents"].items()
    ]
    lines = (
        f"# Comparison\n\n{mine['name']}, {metric} {np.mean(mine['scores']):.4g} on "
        f"{figures['items']} validation items, against each of:\n",
        f"| against | {metric} | gain | {figures['confidence']:.0%} interval | p (test) | verdict "
        "| smallest that shows | ms an item | MB | training, s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *rows,
        f"| {mine['name']} | {np.mean(mine['scores']):.4g} | | | | | | {describe_costs(mine)} |",
        f"\n{verdict}\n",
        "- A gain above 0: the model is better. It is shown where the interval lies on one side of "
        "0 and p, corrected for all rows by Holm, is below 0.05.",
        "- The smallest that shows: a true difference of that size would be shown in four of five "
        "sets of so many items, if it were the only comparison.",
        *describe_limits(figures),
    )
    with atomic(path) as draft:
        draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def describe_costs(row: dict[str, Any]) -> str:
    """Cells of latency, size and training."""
    return (
        f"{1000 * row['item_seconds']:.3g} | {row['size_bytes'] / 1e6:.3g} "
        f"| {row['training_seconds']:.3g}"
    )


def describe_limits(figures: dict[str, Any]) -> list[str]:
    """What the comparison cannot tell."""
    mine, other = figures["challenger"], figures["opponents"][figures["against"]]
    told = [
        "- The epochs of networks were chosen on these items, baselines were not: `evaluate` has "
        "the last word, on items that nothing was chosen on."
    ]
    if 1 in (len(mine["seeds"]), len(other["seeds"])):
        told.append(
            "- Of a single run, these figures are about that very model: one that is trained with "
            "another seed may differ (`train -m seed=1,2,3`, then the three as a list)."
        )
    return told
