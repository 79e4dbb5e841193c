"""Faults in what `ablate` compares: runs left out, fewer seeds, another table."""

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from faults.evaluation import answer
from faults.harness import Fault, Workspace
from faults.problem import Apply

PLACE = "evaluation.ablate"
Train = Callable[..., tuple[np.ndarray, np.ndarray]]


def ablate(work: Workspace, train: Train | None = None) -> None:
    """Compares again; to train all models takes half a minute: answers of such ones stand in."""
    chosen = train or answer_for
    work.patch(PLACE, "train_on_seeds", lambda _, cfg, seeds, epochs: chosen(work, cfg, seeds))
    work.run("ablate")


def answer_for(work: Workspace, cfg: Any, seeds: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Targets of the validation items, and answers of which each ninth or so is wrong."""
    store = work.module("data.store").load_store("data")
    targets = np.asarray(store.targets[store.rows("validation")])
    draw = np.random.default_rng([zlib.crc32(str(cfg).encode()), *seeds])
    answers = [answer(targets, draw.choice(len(targets), 20, replace=False)) for _ in seeds]
    return targets, np.stack(answers, axis=1)


def leave_augmentation_to_faith(work: Workspace) -> None:
    components = work.project.compose().ablate.components
    others = {name: list(how) for name, how in components.items() if name != "augmentation"}
    work.set_config("stages.yaml", ablate__components=others)
    ablate(work)


def take_for_off(is_off: Callable[[Any], bool]) -> Apply:
    """`ablate` takes components for ones that are off, by the config without one."""

    def apply(work: Workspace) -> None:
        work.patch(PLACE, "why_not", lambda cfg, own: "off already" if is_off(own) else "")
        ablate(work)

    return apply


def train_on_one_seed(work: Workspace) -> None:
    """Without dropout."""

    def train(work: Workspace, cfg: Any, seeds: list[int]) -> tuple[np.ndarray, np.ndarray]:
        return answer_for(work, cfg, seeds if cfg.model.dropout else seeds[:1])

    ablate(work, train)


def shorten_the_intervals(work: Workspace) -> None:
    def shorten(gains: np.ndarray, *_: Any) -> list[float]:
        return [float(gains.mean()) + 0.01, float(gains.mean()) + 0.02]

    work.patch(PLACE, "paired_interval", shorten)
    ablate(work)


def lose_the_table(work: Workspace) -> None:
    work.remove("reports/ablate.md")


def praise_without_support(work: Workspace) -> None:
    write_table = work.find(PLACE, "write_table")

    def praise(figures: dict[str, Any], *arguments: Any) -> Any:
        rows = {
            name: row | {"verdict": "hurt" if row["verdict"] == "helped" else "helped"}
            for name, row in figures["components"].items()
        }
        return write_table(figures | {"components": rows}, *arguments)

    work.patch(PLACE, "write_table", praise)
    ablate(work)


FAULTS = [
    Fault("DL-18.4", "no runs without augmentation", leave_augmentation_to_faith),
    Fault(
        "DL-32.1",
        "a component never left out",
        take_for_off(lambda own: own is None or own.optimizer.weight_decay == 0),
    ),
    Fault("DL-32.1", "one seed in place of two without it", train_on_one_seed),
    Fault("DL-32.1", "an interval that the seeds do not give", shorten_the_intervals),
    Fault(
        "DL-32.1",
        "all but one taken for off",
        take_for_off(lambda own: own is None or own.model.dropout > 0),
        also=("DL-18.4",),
    ),
    Fault("DL-32.2", "no table", lose_the_table),
    Fault("DL-32.2", "a verdict without support", praise_without_support),
]
