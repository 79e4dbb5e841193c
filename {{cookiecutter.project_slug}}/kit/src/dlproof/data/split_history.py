"""What earlier splits held: items keep their split, and are known again by id or by content.

`data/split_history.csv` holds every item that was ever placed, with a hash of its content, for as
long as `data/splits.csv` is there: an item that goes and comes back is no new one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import DictConfig

from ..config import flatten, to_plain
from ..errors import UserError
from ..files import read_table, write_table
from ..report import load_report
from .split_methods import read_assignment
from .store import SPLITS, TEST

NAME = "split_history.csv"  # in data/
DIGITS = 32  # of a hash that are kept: 128 bits tell any two contents apart
COLUMNS = ["id", "hash", "label", "bin"]
ALIGNED = 0.9  # agreement of labels, above chance, from which a row's number still names it
UNKNOWN = 0.05  # share of earlier items that must be known again by content
FRESH = "remove data/splits.csv to split afresh"


@dataclass(frozen=True)
class History:
    """Earlier assignments, held against the items that there are now.

    Attributes:
        past: id, hash, label and bin of what was placed, and whether it is `last`, in the split
            before this one, and `here`, among the items of now.
        was: The bin that each item of now had, or ``.
        warnings: A sentence each on how items were known again, or why not.
    """

    past: pd.DataFrame
    was: pd.Series
    warnings: list[str]

    def compare(self, now: pd.Series) -> dict[str, int]:
        """How many placed items kept their bin, are new, moved, or were removed."""
        placed, last = now != "", self.past["last"].astype(bool)
        known = placed & (self.was != "")
        return {
            "kept": int((known & (now == self.was)).sum()),
            "new": int((placed & ~known).sum()),
            "moved": int((known & (now != self.was)).sum()),
            "gone": int((last & ~self.past["here"].astype(bool)).sum()),
        }

    def find_untested(self, now: pd.Series) -> pd.Series:
        """Which items were tested and are trained or tuned on now."""
        return (self.was == TEST) & (now != TEST) & (now != "")


def describe_settings(cfg: DictConfig, bins: dict[str, float]) -> dict[str, Any]:
    """What an assignment holds for: with others, items are assigned afresh."""
    return {"name": cfg.split.name, "seed": cfg.seed, "bins": bins}


def describe_data(cfg: DictConfig) -> dict[str, Any]:
    """The data set that a split belongs to, and the settings under which it was cleaned."""
    place = cfg.data.get("root") or cfg.data.get("path")
    return {"data": {"name": cfg.data.name, "place": place}, "clean": to_plain(cfg.clean)}


def recall(cfg: DictConfig, items: pd.DataFrame, bins: dict[str, float]) -> History:
    """Finds the bin that each item had.

    Images and tables with `data.id` have ids that name an item for good; a new id with the content
    of an earlier item, such as a file that was renamed, is that item too. Rows without an id are
    known by their content, and by their number only where the cells changed and the rows stayed.
    What another data set left is looked at by content alone.

    Raises:
        UserError: There are rows without an id, and hardly any of them is recognised.
    """
    path = Path(cfg.paths.data_dir, "splits.csv")
    before = read_figures(cfg) if path.exists() else {}
    now = describe_settings(cfg, bins)
    if not path.exists() or before.get("settings", now) != now:
        warnings = list(tell_settings(before["settings"], now)) if before else []
        return History(forget(), pd.Series("", index=items.index), warnings)
    past = read_past(path, now)
    data, warnings = describe_data(cfg), []
    same_data = before.get("data", data["data"]) == data["data"]
    names = names_items(cfg) and same_data
    was, here = match(items, past, names)
    if same_data and not names:
        by_number = match_rows(items, past, was)
        was, here = (
            was.mask(by_number != "", by_number),
            here | past["id"].isin(items.loc[by_number != "", "id"]),
        )
        warnings += tell_rows(items, past, here, by_number)
    if not same_data:
        told = " ".join(str(part) for part in before["data"].values())
        warnings.append(
            f"data/splits.csv was made for the data set {told}: {int((was != '').sum())} of "
            f"{len(items)} items here have the same content and keep their split; the others are "
            "new."
        )
    elif (was != "").any():
        warnings += tell_cleaning(before.get("clean"), data["clean"])
    return History(past.assign(here=here), was, warnings)


def forget() -> pd.DataFrame:
    """A past that holds nothing."""
    return pd.DataFrame({name: pd.Series(dtype=str) for name in [*COLUMNS, "last", "here"]})


def names_items(cfg: DictConfig) -> bool:
    """Whether ids identify items permanently; a row's number does not."""
    return cfg.data.get("path") is None or cfg.data.get("id") is not None


def read_figures(cfg: DictConfig) -> dict[str, Any]:
    """Figures of the previous split; empty if its report is lost."""
    try:
        return load_report("split", cfg.paths.reports_dir).figures
    except UserError:
        return {}


def read_past(path: Path, settings: dict[str, Any]) -> pd.DataFrame:
    """Every item that was ever placed; of the last split, the bins are those of its file."""
    folds = settings["name"] == "kfold"
    bins, column = (settings["bins"], "bin") if folds else (SPLITS, "split")
    last = read_assignment(path, bins, column=column)
    table = pd.DataFrame({"id": list(last), "bin": list(last.values())})
    if not path.with_name(NAME).exists():
        return table.assign(hash="", label="", last=True)[[*COLUMNS, "last"]]
    kept = read_table(path.with_name(NAME), "split")
    named = kept[kept["id"].isin(last.keys())]
    table = table.merge(named[["id", "hash", "label"]], on="id", how="left").fillna("")
    gone = kept[~kept["id"].isin(last.keys())]
    found = pd.concat([table.assign(last=True), gone.assign(last=False)], ignore_index=True)
    return found[[*COLUMNS, "last"]]


def look_up(keys: pd.Series, table: pd.Series) -> pd.Series:
    """What a table of texts has for each key, or ``."""
    found = table.astype(object).reindex(keys).fillna("")
    return pd.Series(found.to_numpy(), index=keys.index, dtype=object)


def match(items: pd.DataFrame, past: pd.DataFrame, names: bool) -> tuple[pd.Series, pd.Series]:
    """The bin that each item had, by its id where that names it and by its content else.

    Returns:
        Bins aligned with the items, and which items of the past are here.
    """
    hashes = items["hash"].str[:DIGITS]
    contents = past[past["hash"] != ""].drop_duplicates("hash").set_index("hash")["bin"]
    was = look_up(hashes, contents)
    here = past["hash"].isin(hashes[hashes != ""])
    # What an older kit wrote has no hashes, so that rows are known by their number once more.
    ids = past[past["id"] != ""] if names else past[past["last"] & (past["hash"] == "")]
    named = look_up(items["id"], ids.set_index("id")["bin"])
    return was.mask(named != "", named), here | past["id"].isin(items.loc[named != "", "id"])


def match_rows(items: pd.DataFrame, past: pd.DataFrame, was: pd.Series) -> pd.Series:
    """The bin of rows whose cells were changed in place, or whose columns are others now.

    A row's number names it where its content is new, the one that stood there before is nowhere
    else, the label is the same, and labels as a whole say that rows did not move.
    """
    hashes = set(items["hash"].str[:DIGITS])
    last = past[past["last"] & (past["hash"] != "")].set_index("id")
    labels = look_up(items["id"], last["label"])
    both = items["id"].isin(last.index)
    if not both.any():
        return pd.Series("", index=items.index)
    now = items.loc[both, "label"]
    agreed = (now == labels[both]).mean()
    chance = (now.value_counts(normalize=True) ** 2).sum()
    if agreed < chance + ALIGNED * (1 - chance):
        return pd.Series("", index=items.index)
    lost = last[~last["hash"].isin(hashes)]
    same = (was == "") & items["id"].isin(lost.index) & (items["label"] == labels)
    return look_up(items["id"], lost["bin"]).where(same, "")


def tell_rows(
    items: pd.DataFrame, past: pd.DataFrame, here: pd.Series, by_number: pd.Series
) -> Iterator[str]:
    """How rows without an id were known again.

    Raises:
        UserError: Hardly any row of the last split was recognised.
    """
    last = past["last"]
    if last.any() and (here & last).sum() < UNKNOWN * last.sum():
        raise UserError(
            f"of {last.sum()} rows in data/splits.csv {(here & last).sum()} are recognised, by "
            "content or by number: what was tested before may be trained on now. Identify rows by "
            f"a column (data.id=…), or {FRESH}."
        )
    count = int((by_number != "").sum())
    if count:
        first = items.loc[by_number != "", "id"].iloc[0]
        yield (
            f"{count} rows, the first {first}, have other cells than in the last split and are "
            "matched by their number: data.id=… identifies rows permanently."
        )


def tell_settings(before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """A sentence that other settings of the split put every item into a new place."""
    told = describe_changes(before, now)
    if told:
        yield (
            f"the split settings changed ({told}): all items are assigned afresh, and some that "
            "were tested are trained on now. Earlier models cannot be compared."
        )


def tell_cleaning(before: dict[str, Any] | None, now: dict[str, Any]) -> Iterator[str]:
    """A sentence that items keep their split although the settings of `clean` changed."""
    told = describe_changes(before or now, now, "clean.")
    if told:
        yield (
            f"the `clean` settings changed since the last split ({told}): items keep their split. "
            f"If that is not intended, {FRESH}."
        )


def describe_changes(before: dict[str, Any], now: dict[str, Any], prefix: str = "") -> str:
    """`clean.duplicates drop -> keep, …`."""
    old, new = dict(flatten(before)), dict(flatten(now))
    changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return ", ".join(f"{prefix}{key} {old.get(key)} -> {new.get(key)}" for key in changed)


def keep(cfg: DictConfig, items: pd.DataFrame, history: History) -> Path:
    """Writes the history: the items that have a bin now, and removed ones; returns its path."""
    path = Path(cfg.paths.data_dir, NAME)
    now = items.loc[items["bin"] != "", COLUMNS]
    gone = history.past.loc[~history.past["here"].astype(bool), COLUMNS]
    if not names_items(cfg):
        gone = gone.assign(id="")  # its number is another row's by now
    table = pd.concat([now.assign(hash=now["hash"].str[:DIGITS]), gone[gone["hash"] != ""]])
    write_table(table, path)
    return path
