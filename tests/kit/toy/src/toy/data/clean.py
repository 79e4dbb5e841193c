"""`clean`: leaves out what cannot be used."""

from pathlib import Path

from dlproof import build, read_table
from dlproof.data import clean, name_near


def run(cfg):
    """Writes `clean.csv` and `quarantine.csv`."""
    data_type = build(cfg.data)
    items = read_table(Path(cfg.paths.data_dir, "items.csv"), "ingest")
    broken = data_type.find_problems(items)
    odd = items[(items["unexpected"] != "") & ~items["id"].isin(list(broken))]
    kinds = {"unreadable": broken, "unexpected": odd.set_index("id")["unexpected"].to_dict()}
    usable = items[~items["id"].isin([*broken, *odd["id"]])]
    near = name_near(usable, data_type, cfg.clean.min_similarity)
    return clean.write(cfg, data_type, items, usable.assign(near=near), kinds)
