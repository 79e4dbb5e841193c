"""`predict`."""

from dlproof import atomic
from dlproof.deployment import Model, predict


def run(cfg):
    """Writes a row an item."""
    output = predict.choose_output(cfg)
    model = Model(cfg.paths.models_dir)
    raw, names = predict.find_items(model, cfg)
    table = predict.predict_all(model, raw, names)
    with atomic(output) as draft:
        table.to_csv(draft, index=False)
    return predict.report_on(cfg, model, table, output)
