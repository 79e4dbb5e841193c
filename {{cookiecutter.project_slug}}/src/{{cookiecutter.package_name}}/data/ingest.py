"""`ingest`: lists every raw item, checks it against expectations, searches for personal data."""

from pathlib import Path

from dlproof import DataType, Report, build, write_table
from dlproof.data import enforce, ingest, tally
from omegaconf import DictConfig


def run(cfg: DictConfig) -> Report:
    """Lists the raw items and marks those that violate the data's expectations."""
    data_type: DataType = build(cfg.data)
    items = data_type.list_items()
    expectations = enforce(items, data_type, cfg)
    personal = tally(data_type.find_personal(items))
    path = Path(cfg.paths.data_dir, "items.csv")
    write_table(items, path)
    report = Report("ingest", ingest.evidence(items, expectations, personal))
    report.summary = ingest.summarise(report.figures)
    ingest.print_warnings(report.figures)
    report.add_file(path)
    report.add_file(path.with_name("expectations.json"))
    return report
