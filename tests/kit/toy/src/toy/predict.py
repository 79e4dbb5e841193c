"""`predict`."""

from pathlib import Path

from dlproof import Report, atomic
from dlproof.deployment import Model, predict


def run(cfg):
    """Writes a row an item."""
    model = Model(cfg.paths.models_dir)
    table = predict.predict_all(model, *predict.find_items(model, cfg))
    output = Path(cfg.predict.output)
    with atomic(output) as draft:
        table.to_csv(draft, index=False)
    report = Report("predict", predict.evidence(model, table))
    report.add_file(output)
    return report
