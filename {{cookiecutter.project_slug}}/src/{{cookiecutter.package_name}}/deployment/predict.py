"""`predict`: offline predictions for a folder or a table, by the path that the service uses."""

from pathlib import Path

from dlproof import Report, atomic
from dlproof.deployment import Model, predict
from omegaconf import DictConfig


def run(cfg: DictConfig) -> Report:
    """Writes one row an item to `predict.output`; unreadable items have a reason instead."""
    model = Model(cfg.paths.models_dir)
    raw, names = predict.find_items(model, cfg)
    table = predict.predict_all(model, raw, names)
    output = Path(cfg.predict.output)
    with atomic(output) as draft:
        table.to_csv(draft, index=False)
    report = Report("predict", predict.evidence(model, table))
    predicted, items = report.figures["predicted"], report.figures["items"]
    report.summary = f"{predicted:,} of {items:,} items predicted to {output}"
    report.add_file(output)
    return report
