"""`reports/runs.html`: every run, the best first; `train` and `experiments` rewrite it."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from ..figure import figure, save
from ..files import atomic, hash_json
from ..page import embed, fill_template, write_number
from .curves import read_epochs
from .experiments import Experiment, read_experiments

if TYPE_CHECKING:
    from ..project import Project

NAME = "runs.html"
COLUMNS = {
    "architecture": "model",
    "parameters": "parameters",
    "dataset": "data",
    "batch_size": "batch",
    "rate": "rate",
    "epochs": "epochs",
    "seconds": "seconds",
    "items_per_second": "items/s",
    "seed": "seed",
    "status": "status",
    "commit": "commit",
}
MAX_CURVES = 6  # runs, the best ones, whose curves are drawn
MAX_TOLD = 30  # runs, the best ones, that are told one by one
MAX_DIFFERENCES = 12  # of a run, that are told
LARGEST_PICTURE = 400_000  # bytes
SEAL = "<!-- seal {} -->\n"  # the last line
format_cell = partial(write_number, nothing="-")


def write_runs_page(project: "Project", cfg: DictConfig) -> Path:
    """Writes the page from the records of this machine and those in git; returns its path."""
    damaged: list[str] = []
    runs = read_experiments(project, cfg, damaged)
    metric = cfg.task.metric
    curves = {run.name: log for run in runs[:MAX_CURVES] if (log := read_curves(run))}
    path = fill_template(
        Path(__file__).with_name("runs.html"),
        Path(cfg.paths.reports_dir, NAME),
        metric=metric,
        runs_dir=cfg.paths.runs_dir,
        experiments_dir=cfg.paths.experiments_dir,
        advice=[*advise(runs, metric), *damaged],
        columns=COLUMNS.values(),
        rows=[list_cells(run, metric) for run in runs],
        curves=draw_curves(curves, metric) if curves else "",
        drawn=len(curves),
        told=[describe(run, runs[0]) for run in runs[:MAX_TOLD]],
        left=len(runs[MAX_TOLD:]),
    )
    text = path.read_text(encoding="utf-8")
    with atomic(path) as draft:
        draft.write_text(text + SEAL.format(hash_json(text)), encoding="utf-8")
    return path


def is_as_written(page: str) -> bool:
    """Whether a page of runs is as it was written."""
    text, mark, _ = page.rpartition(SEAL.partition("{")[0])
    return bool(mark) and page == text + SEAL.format(hash_json(text))


def advise(runs: list[Experiment], metric: str) -> Iterator[str]:
    """The best run, how far the next is behind it, and what nobody has written yet."""
    scored = [run for run in runs if run.record.get(f"best_val_{metric}") is not None]
    if scored:
        best, *others = (f"{run.name} reaches {show_score(run, metric)}" for run in scored)
        yield f"{best}, the best of {len(runs)}." + (f" Next: {others[0]}." if others else "")
    for key, told in (
        ("goal", "say nothing of their goal"),
        ("conclusion", "have no conclusion yet"),
    ):
        count = sum(not run.record.get(key) for run in runs)
        if count:
            yield f'{count} of {len(runs)} runs {told}: `experiments note RUN --{key} "…"`.'


def show_score(run: Experiment, metric: str) -> str:
    """`val/accuracy 0.9889`."""
    return f"val/{metric} {format_cell(run.record.get(f'best_val_{metric}'))}"


def list_cells(run: Experiment, metric: str) -> list[str]:
    """The cells of a run: its name, its best metric, people's words and the columns."""
    record = run.record
    known = record | {
        "rate": record.get("optimizer", {}).get("lr"),
        "items_per_second": record.get("metrics", {}).get("train/items_per_second"),
        "commit": (record.get("commit") or "-")[:8] + ("+" if record.get("dirty") else ""),
    }
    words = [record.get(key) or None for key in ("change", "conclusion")]
    values = [record.get(f"best_val_{metric}"), *words, *(known.get(key) for key in COLUMNS)]
    return [run.name, *map(format_cell, values)]


def describe(run: Experiment, best: Experiment) -> dict[str, Any]:
    """A run for the template: what people wrote, how it differs from the best, its pictures."""
    differences = run.differences(best) if run.config and best.config else {}
    shown = dict(list(differences.items())[:MAX_DIFFERENCES])
    return {
        "name": run.name,
        "record": run.record,
        "is_best": run is best,
        "has_config": bool(run.config and best.config),
        "differences": shown,
        "more": len(differences) - len(shown),
        "picture": find_picture(run.folder),
    }


def find_picture(folder: Path | None) -> str:
    """The newest picture that a run's callbacks drew, to embed; empty if there is none."""
    found = sorted(folder.glob("*/*.png")) if folder else []
    small = [path for path in found if path.stat().st_size <= LARGEST_PICTURE]
    return embed(small[-1]) if small else ""


def read_curves(run: Experiment) -> dict[int, dict[str, str]]:
    """A run's log by epoch; nothing where it is not on this machine."""
    return read_epochs(run.folder / "metrics.csv") if run.folder else {}


def draw_curves(curves: dict[str, dict[int, dict[str, str]]], metric: str) -> str:
    """Loss and metric by epoch of some runs, dashed on training, as a picture to embed."""
    canvas, axes = figure((11, 4), 1, 2)
    for axis, name in zip(axes, ("loss", metric), strict=True):
        for number, (run, epochs) in enumerate(curves.items()):
            for part, line in (("val", "-"), ("train", "--")):
                column = f"{part}/{name}"
                points = [(e, float(row[column])) for e, row in epochs.items() if column in row]
                axis.plot(
                    *zip(*points, strict=True) if points else ((), ()),
                    line,
                    color=f"C{number}",
                    alpha=1.0 if part == "val" else 0.45,
                    label=run if part == "val" else None,
                    marker="." if len(points) == 1 else None,
                )
        axis.set(title=name.replace("_", " "), xlabel="epoch")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
    axes[1].legend(fontsize="small")
    with TemporaryDirectory() as folder:
        save(canvas, Path(folder, "curves.png"))
        return embed(Path(folder, "curves.png"))
