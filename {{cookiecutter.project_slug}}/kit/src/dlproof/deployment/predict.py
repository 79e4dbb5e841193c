"""Offline predictions by the path that the service uses, refused items with their reason."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import DictConfig

from ..errors import UserError
from ..report import Report
from .runtime import Model, open_validation

BATCH = 256
ITEM = "item"  # first column of predictions
NAMED = 3  # values in a sentence


def choose_output(cfg: DictConfig) -> Path:
    """Where predictions go: the pipeline's own file, or one that the pipeline does not know.

    Raises:
        UserError: There is another file than predictions, or it is the pipeline's own.
    """
    own = Path(cfg.paths.data_dir, "validation_predictions.csv")
    if is_own(cfg):
        return own
    path = Path(cfg.predict.output or Path(cfg.paths.data_dir, "predictions.csv"))
    is_kept = path.exists() and not holds_predictions(path)
    if is_kept or path.resolve() == own.resolve():
        raise UserError(
            f"{path} is {'not a file of predictions' if is_kept else 'what the pipeline writes'}, "
            "and would be overwritten: set predict.output to another file."
        )
    return path


def is_own(cfg: DictConfig) -> bool:
    """Whether the stage runs as the pipeline runs it: on the validation split."""
    return not cfg.predict.input and cfg.predict.output is None


def holds_predictions(path: Path) -> bool:
    """Whether a file is one that this stage has written."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.readline().startswith(f"{ITEM},".encode())


def find_items(model: Model, cfg: DictConfig) -> tuple[Any, list[str]]:
    """Raw items and their names: what `predict.input` names, else the validation split.

    Raises:
        UserError: There are no items.
    """
    if cfg.predict.input:
        place, absent = cfg.predict.input, cfg.predict.absent
        return model.data_type.locate(place, model.info["state"]["data"], absent)
    store, rows = open_validation(cfg.paths.data_dir, model.data_version)
    items = store.items.iloc[rows]
    return model.data_type.read(items), list(items["id"])


def predict_all(model: Model, raw: Any, names: Sequence[str]) -> pd.DataFrame:
    """`item`, what the task says of it, and `reason` where it could not be predicted.

    Where a value was not met in training, `unknown` holds it by the name of its input, as JSON.
    """
    rows: list[dict[str, Any]] = []
    for start in range(0, len(names), BATCH):
        end = start + BATCH
        answers = predict_batch(model, raw[start:end])
        rows += [
            {ITEM: name, **write_unknown(answer)}
            for name, answer in zip(names[start:end], answers, strict=True)
        ]
    table = pd.json_normalize(rows)
    for name in ("unknown", "reason"):  # at the end, and the first only where there is one
        if name in table or name == "reason":
            found = table.pop(name) if name in table else pd.Series("", index=table.index)
            table[name] = found.fillna("")
    return table


def write_unknown(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer whose unknown values, if any, are joined into one text."""
    if "unknown" not in answer:
        return answer
    return answer | {"unknown": json.dumps(answer["unknown"], ensure_ascii=False)}


def predict_batch(model: Model, raw: Any) -> list[dict[str, Any]]:
    """Predicts at once; where an item is refused, one by one with the reason of each refused."""
    try:
        return model.predict(raw)
    except UserError as error:
        if len(raw) == 1:
            return [{"reason": str(error)}]
    return [
        answer
        for index in range(len(raw))
        for answer in predict_batch(model, raw[index : index + 1])
    ]


def evidence(model: Model, table: pd.DataFrame) -> dict[str, Any]:
    """Figures of `predict` that checks read: items, how many were predicted, why others not."""
    refused = table[table["reason"] != ""]
    unknown = count_unknown(table)
    return {
        "version": model.version,
        "items": len(table),
        "predicted": len(table) - len(refused),
        "refused": len(refused),
        "reasons": dict(zip(refused[ITEM][:20], refused["reason"][:20], strict=True)),
        "unknown": unknown,
        "warnings": [warn_of_unknown(name, found, len(table)) for name, found in unknown.items()],
    }


def count_unknown(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Input -> its values that training had not met -> in how many items, the most first."""
    counts: dict[str, Counter[str]] = {}
    for text in table["unknown"][table["unknown"] != ""] if "unknown" in table else ():
        for name, value in json.loads(text).items():
            counts.setdefault(name, Counter())[value] += 1
    return {name: dict(found.most_common(20)) for name, found in counts.items()}


def warn_of_unknown(name: str, found: dict[str, int], items: int) -> str:
    """What is unknown in one input, and what it does to predictions."""
    told = ", ".join(f"{value!r:.40} ({count})" for value, count in list(found.items())[:NAMED])
    return (
        f"{sum(found.values())} of {items} items have a value of {name!r} that training had not "
        f"seen: {told}; it counts as missing. Correct the spelling, or train again."
    )


def report_on(cfg: DictConfig, model: Model, table: pd.DataFrame, output: Path) -> Report:
    """The stage's report; predictions of other items than the pipeline's have one of their own.

    It fails where nothing was predicted.
    """
    figures = evidence(model, table)
    for warning in figures["warnings"]:
        print(f"warning: {warning}")
    report = Report("predict" if is_own(cfg) else "predict_input", figures)
    report.summary = f"{figures['predicted']:,} of {figures['items']:,} items predicted to {output}"
    report.add_file(output)
    if not figures["predicted"]:
        reason = next(iter(figures["reasons"].values()), "there is none")
        report.failures.append(f"no item of {figures['items']:,} was predicted: {reason}")
    return report
