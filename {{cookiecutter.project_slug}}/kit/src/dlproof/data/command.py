"""`data`: the versions of the data, how two of them differ, and what is expected of it."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from ..subcommands import Commands, parse
from .expectations import write_expectations
from .store import load_state
from .versions import compare_versions, find_version, read_index

if TYPE_CHECKING:
    from ..project import Project

MAX_NAMED = 10  # items named for a kind of difference


def run(arguments: list[str], project: "Project") -> None:
    """Runs one of the subcommands.

    Raises:
        UserError: A version is not known or not clear, or there is none yet.
    """
    chosen = parse("data", __doc__, COMMANDS, arguments)
    chosen.function(project.compose(getattr(chosen, "overrides", ())), chosen)


def list_versions(cfg: DictConfig, chosen: argparse.Namespace) -> None:
    """Prints one line per version: when it was made, its items, its data, and which is current."""
    data_dir = Path(cfg.paths.data_dir)
    current = load_state(data_dir)["version"]
    for version, entry in read_index(data_dir).items():
        mark = "  current" if version == current else ""
        name = entry["made_with"]["data"]
        print(f"{version[:8]}  {entry['created']}  {entry['items']:>9,} items  {name}{mark}")


def print_diff(cfg: DictConfig, chosen: argparse.Namespace) -> None:
    """Prints what changed between two versions."""
    data_dir = Path(cfg.paths.data_dir)
    before = find_version(data_dir, chosen.before)
    after = find_version(data_dir, chosen.after or load_state(data_dir)["version"])
    found = compare_versions(data_dir, before, after)
    if chosen.json:
        print(json.dumps({"before": before, "after": after} | found, indent=2, ensure_ascii=False))
        return
    print(f"{before[:8]} -> {after[:8]}")
    for kind, items in found.items():
        print(f"{kind:<12}{len(items):>9,}{'' if kind == 'settings' else ' items'}")
        for name, change in list(items.items())[:MAX_NAMED]:
            print(f"  {name}: {say_change(change)}")
        if len(items) > MAX_NAMED:
            print(f"  … and {len(items) - MAX_NAMED:,} more (--json names all)")


def draft_expectations(cfg: DictConfig, chosen: argparse.Namespace) -> None:
    """Writes what is expected of the data, inferred from its raw items."""
    path = write_expectations(cfg)
    print(f"data: review {path}, and name it in configs/data as `expectations`")


def say_change(change: Any) -> str:
    """`7 -> 1`; hashes short."""
    if not isinstance(change, list):
        return str(change)
    return " -> ".join(str(part)[:8] if len(str(part)) == 64 else str(part) for part in change)


# Function -> name, summary, and its arguments.
COMMANDS: Commands = {
    list_versions: ("versions", "list the versions that DVC keeps", {}),
    print_diff: (
        "diff",
        "show what was added, removed, relabelled, moved between splits and changed",
        {
            "before": {"help": "a version, or its first characters"},
            "after": {"nargs": "?", "help": "another version; by default the current one"},
            "--json": {"action": "store_true", "help": "everything as JSON, for other programs"},
        },
    ),
    draft_expectations: (
        "expect",
        "draft expectations/<data>.yaml from the raw data",
        {"overrides": {"nargs": "*", "metavar": "key=value", "help": "such as data=folder"}},
    ),
}
