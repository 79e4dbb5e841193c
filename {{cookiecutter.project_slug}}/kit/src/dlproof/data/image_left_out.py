"""What is left out of a folder of images: named with the remedy, or refused if a class is lost."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError
from .image_folders import Tree

BESIDE = (".csv", ".db", ".html", ".ini", ".json", ".log", ".md", ".tsv", ".txt", ".xml", ".yaml")
NAMED = 3  # kinds of files that a sentence names


def describe_left_out(tree: Tree, others: Sequence[Path]) -> list[str]:
    """What is left out, one sentence each.

    Args:
        tree: As `walk` gives it.
        others: Its files that are not images.
    """
    told = [
        f"left out: folders called {name!r} ({count} files); data.ignore=['!{name}'] includes them."
        for name, count in tree.junk.items()
        if count and name != "hidden"
    ]
    if hidden := tree.junk["hidden"]:
        told.append(f"left out: hidden files (names with a leading dot, {hidden} images).")
    told += [
        f"left out: what data.ignore matches by {pattern!r} ({count} files)."
        for pattern, count in tree.ignored.items()
    ]
    told += [
        f"{link} leads to {first} again, whose files are used only there."
        for link, first in tree.again.items()
    ]
    told += [f"{path} is a pipe or a device, and is left out." for path in tree.odd]
    told += [f"the folder {name!r} is empty and makes no class." for name in tree.empty]
    if others:
        told.append(
            f"{len(others)} files are not images that Pillow can read and are skipped "
            f"({count_kinds(others)}), such as {others[0]}: convert them, or confirm it with "
            f"data.ignore=['*{others[0].suffix or others[0].name}']."
        )
    return told


def count_kinds(paths: Sequence[Path]) -> str:
    """`38 .heic, 2 without suffix`."""
    found = Counter(path.suffix.lower() or "without suffix" for path in paths)
    return ", ".join(f"{count} {kind}" for kind, count in found.most_common(NAMED)) + (
        " and others" if len(found) > NAMED else ""
    )


def refuse_lost(tree: Tree, images: Sequence[Path], others: Sequence[Path], depth: int) -> None:
    """Stops where a folder that was to be a class would vanish.

    Args:
        tree: As `walk` gives it.
        images: Its files that are images.
        others: The rest.
        depth: Folders above a class's: 0, or 1 below train and test.

    Raises:
        UserError: All its files are passed over, or it is a second link to another class's.
    """
    kept = {path.relative_to(tree.root).parts[: depth + 1] for path in images}
    lost: dict[tuple[str, ...], list[Path]] = {}
    for path in others:
        parts = path.relative_to(tree.root).parts
        if len(parts) > depth + 1 and path.suffix.lower() not in BESIDE:
            lost.setdefault(parts[: depth + 1], []).append(path)
    for parts, paths in lost.items():
        if parts not in kept:
            name = "/".join(parts)
            raise UserError(
                f"{tree.root / name} has no image that Pillow can read, but {count_kinds(paths)}: "
                f"convert them, or leave the folder out with data.ignore=['{name}']."
            )
    for link, first in tree.again.items():
        parts = link.relative_to(tree.root).parts
        if len(parts) == depth + 1 and first != tree.root:
            raise UserError(
                f"{link} leads to {first} again, so one of the two is not a class: remove it, or "
                f"leave it out with data.ignore=['{'/'.join(parts)}']."
            )
