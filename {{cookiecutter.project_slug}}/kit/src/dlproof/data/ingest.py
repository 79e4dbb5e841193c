"""What checks read of a list of raw items."""

from typing import TYPE_CHECKING, Any

from ..files import hash_json

if TYPE_CHECKING:
    import pandas as pd

MAX_LISTED = 100  # classes in a report; a regression target has no classes to list


def evidence(
    items: "pd.DataFrame", expectations: dict[str, Any], personal: dict[str, Any]
) -> dict[str, Any]:
    """Figures of `ingest`: counts, classes, and what was found beside the items.

    Args:
        items: As a data type lists them.
        expectations: As `enforce` gives them.
        personal: As `tally` gives it.
    """
    counts = items.loc[items["label"] != "", "label"].value_counts()
    few = len(counts) <= MAX_LISTED
    return {
        "items": len(items),
        "unlabelled_items": int((items["label"] == "").sum()),
        "ignored_files": items.attrs.get("ignored", 0),
        "warnings": find_warnings(items),
        "distinct_labels": len(counts),
        "classes": counts.sort_index().to_dict() if few else None,
        "raw_hash": hash_raw(items),
        "expectations": expectations,
        "personal": personal,
        **items.attrs.get("figures", {}),
    }


def find_warnings(items: "pd.DataFrame") -> list[str]:
    """What a person should know about the raw items, one sentence each."""
    unlabelled = items.loc[items["label"] == "", "id"]
    return list(items.attrs.get("warnings", [])) + [
        f"{len(unlabelled)} items have no label, such as {item}: `clean` puts them into quarantine."
        for item in unlabelled[:1]
    ]


def print_warnings(figures: dict[str, Any]) -> None:
    """Prints what was merged, guessed, converted or left out."""
    for warning in figures["warnings"]:
        print(f"warning: {warning}")


def summarise(figures: dict[str, Any]) -> str:
    """`1,797 items, 10 different labels, 0 unexpected, personal data: none found`."""
    told = f"{figures['ignored_files']:,} files skipped, " if figures["ignored_files"] else ""
    return (
        f"{figures['items']:,} items, {figures['distinct_labels']:,} different labels, "
        f"{figures['expectations']['unexpected_items']} unexpected, {told}"
        f"personal data: {', '.join(figures['personal']) or 'none found'}"
    )


def hash_raw(items: "pd.DataFrame") -> str:
    """One hash for all raw items: their ids, labels and contents."""
    columns = (items[name].tolist() for name in ("id", "label", "hash"))
    return hash_json(list(zip(*columns, strict=True)))
