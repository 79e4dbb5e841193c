"""`ingest`: lists the raw items."""

from pathlib import Path

from dlproof import Report, build, write_table
from dlproof.data import enforce, ingest, tally


def run(cfg):
    """Writes `items.csv`."""
    data_type = build(cfg.data)
    items = data_type.list_items()
    expectations = enforce(items, data_type, cfg)
    path = Path(cfg.paths.data_dir, "items.csv")
    write_table(items, path)
    personal = tally(data_type.find_personal(items))
    report = Report("ingest", ingest.evidence(items, expectations, personal))
    ingest.print_warnings(report.figures)
    report.add_file(path)
    report.add_file(path.with_name("expectations.json"))
    return report
