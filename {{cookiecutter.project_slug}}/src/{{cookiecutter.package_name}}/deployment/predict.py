"""`predict`: offline predictions for a folder or a table, by the same code as the service."""

from dlproof import Report, atomic
from dlproof.deployment import Model, predict
from omegaconf import DictConfig


def run(cfg: DictConfig) -> Report:
    """Writes one row per item; unreadable items have a reason instead.

    Raises:
        UserError: The input lacks a column, or the output would overwrite another kind of file.
    """
    output = predict.choose_output(cfg)
    model = Model(cfg.paths.models_dir)
    raw, names = predict.find_items(model, cfg)
    table = predict.predict_all(model, raw, names)
    with atomic(output) as draft:
        table.to_csv(draft, index=False)
    return predict.report_on(cfg, model, table, output)
