"""The robustness set: what disturbed test items cost, and what the model says of empty ones."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig

from ..config import build, to_plain
from ..data.store import Store
from ..errors import UserError, nearest
from ..intervals import bootstrap
from ..model.checkpoint import load_network
from ..problem.baselines import choose_rows
from ..task import Task
from ..types import Arrays, DataType, Disturbance, State
from .predictions import BuildNetwork, choose_device, predict_by

PICTURE = "evaluate_disturbed.png"
ALIKE = 1e-3  # predictions that differ by less are one answer


class Disturber:
    """Disturbs batch after batch of items, each by its own draw.

    Args:
        disturbance: One of the data type's.
        strength: Of it.
        state: Of the data type.
        draws: Of the items.

    Attributes:
        changed: Whether any item is not as it was.
    """

    def __init__(
        self, disturbance: Disturbance, strength: float, state: State, draws: np.random.Generator
    ) -> None:
        self.disturbance, self.strength = disturbance, strength
        self.state, self.draws = state, draws
        self.changed = False

    def __call__(self, arrays: Arrays) -> Arrays:
        """Arrays of a batch, disturbed."""
        disturbed = self.disturbance.change(arrays, self.state, self.strength, self.draws)
        same = (np.array_equal(disturbed[n], array, equal_nan=True) for n, array in arrays.items())
        self.changed = self.changed or not all(same)
        return disturbed


def score_disturbed(
    cfg: DictConfig,
    store: Store,
    task: Task,
    rows: np.ndarray,
    predictions: np.ndarray,
    build_network: BuildNetwork,
) -> dict[str, Any]:
    """What each disturbance of `evaluate.robustness` costs, on the same test items.

    Args:
        cfg: The composed config.
        store: The processed data, its test split open.
        task: Scores.
        rows: Of the test split.
        predictions: For them as they are.
        build_network: Builds the project's network.

    Returns:
        `items` looked at, at most `evaluate.robustness_items`; the `undisturbed` score; for each
        disturbance that changes anything its row of `scores`, see `score_one`; those that are
        `flagged`, since too many answers are overconfident; and those that left all `unchanged`.

    Raises:
        UserError: The data type has no such disturbance.
    """
    data_type: DataType = build(cfg.data)
    chosen = list(list_disturbances(data_type, cfg.evaluate.robustness))
    places = choose_rows(np.arange(len(rows)), cfg.evaluate.robustness_items, cfg.seed)
    rows, before = rows[places], predictions[places]
    model, device = Path(cfg.paths.models_dir, "model.ckpt"), choose_device(cfg.trainer.accelerator)
    network = load_network(model, build_network)[0].to(device)
    scores, unchanged = {}, []
    for name, disturbance, strength in chosen:
        draws = start_draws(cfg.seed, name)
        disturber = Disturber(disturbance, strength, store.state["data"], draws)
        after = predict_by(network, store, rows, task, device, disturber)
        if not disturber.changed:
            unchanged.append(name)
            continue
        told = {"told": disturbance.told.format(strength), "hides": disturbance.hides}
        scores[name] = told | score_one(cfg, store, task, rows, before, after)
    return {
        "items": len(rows),
        "sure": cfg.evaluate.sure,
        "undisturbed": task.score(np.asarray(store.targets[rows]), before),
        "scores": scores,
        "unchanged": unchanged,
        "flagged": find_flagged(scores, cfg.evaluate.sure),
    }


def start_draws(seed: int, name: str) -> np.random.Generator:
    """Draws that are a disturbance's own, whatever else is configured."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def draw_disturbed(cfg: DictConfig, store: Store, row: int) -> Path | None:
    """Draws one item as it is and under each disturbance.

    Args:
        cfg: The composed config.
        store: The processed data.
        row: Of the item.

    Returns:
        The picture's path; None for items that are none.
    """
    data_type: DataType = build(cfg.data)
    item, state = store.take(np.array([row])), store.state["data"]
    shown = {"as it is": item}
    for name, disturbance, strength in list_disturbances(data_type, cfg.evaluate.robustness):
        shown[name] = disturbance.change(item, state, strength, start_draws(cfg.seed, name))
    arrays = {name: np.concatenate([s[name] for s in shown.values()]) for name in item}
    path = Path(cfg.paths.reports_dir, PICTURE)
    return path if data_type.draw_items(arrays, list(shown), path) else None


def list_disturbances(
    data_type: DataType, wanted: DictConfig
) -> Iterator[tuple[str, Disturbance, float]]:
    """`noise=0.1`, the disturbance and its strength, for each that the config names.

    Raises:
        UserError: The data type has none of that name.
    """
    known = data_type.DISTURBANCES
    for kind, strengths in to_plain(wanted).items():
        if kind not in known:
            raise UserError(
                f"evaluate.robustness.{kind} is unknown{nearest(kind, list(known))} "
                f"{data_type.name} items have {', '.join(known)}."
            )
        for strength in strengths:
            yield f"{kind}={strength:g}", known[kind], strength


def score_one(
    cfg: DictConfig,
    store: Store,
    task: Task,
    rows: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
) -> dict[str, Any]:
    """Of one disturbance: `score`, `drop` with its paired `interval`, and what is too sure.

    The drop is what is lost, whichever way the metric goes. `overconfident` is the share of answers
    that `Task.find_overconfident` names. Where all items get one answer, `answer` says which, with
    its confidence where it has one.
    """
    targets, state = np.asarray(store.targets[rows]), store.state["task"]
    better, worse = (before, after) if task.mode == "max" else (after, before)
    overconfident = task.find_overconfident(targets, after, state, cfg.evaluate.sure)
    found = {
        "score": task.score(targets, after),
        "drop": task.score(targets, better) - task.score(targets, worse),
        "interval": bootstrap(
            task.score,
            targets,
            better,
            worse,
            resamples=max(1, cfg.evaluate.resamples // 5),  # one after another adds up
            confidence=cfg.evaluate.confidence,
            seed=cfg.seed,
        ),
        "overconfident": float(overconfident.mean()),
    }
    if not np.allclose(after, after[0], atol=ALIKE, rtol=ALIKE):
        return found
    answer = task.describe(after[0], state)
    said = {"answer": answer.get("label", answer.get("value"))}
    return found | said | {name: answer[name] for name in ("probability",) if name in answer}


def find_flagged(scores: dict[str, dict[str, Any]], sure: float) -> list[str]:
    """The disturbances under which more answers are overconfident than a sure model may get wrong.

    Of answers that are each at least so sure, one in 1 / (1 - sure) may be wrong.
    """
    return [name for name, row in scores.items() if row["overconfident"] > 1 - sure]
