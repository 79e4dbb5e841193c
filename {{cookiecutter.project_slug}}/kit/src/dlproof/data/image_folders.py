"""Folders of images: what in them is an image, and what is left out, which is counted."""

import os
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from PIL import Image

from ..errors import ENCODING, UserError
from .image_files import SUFFIXES

# What storage, archives and recycle bins put beside files; `data.ignore=['!name']` takes one back.
JUNK = (
    "@eaDir", "@Recycle", "@Recently-Snapshot", "@tmp", "#recycle", "#snapshot", "~snapshot",
    "$RECYCLE.BIN", "RECYCLER", "RECYCLED", "System Volume Information", "lost+found", "FOUND.0*",
    "__MACOSX", "Network Trash Folder", "Temporary Items", "TheVolumeSettingsFolder",
)  # fmt: skip
# Formats that are known by their first bytes, whatever the file is called.
MARKED = ("AVIF", "GIF", "JPEG", "JPEG2000", "PNG", "TIFF", "WEBP")


@dataclass
class Tree:
    """What is below a folder.

    Attributes:
        root: The folder.
        files: Visible files, sorted.
        junk: Name of a folder, or `hidden` -> files of images in it that are left out.
        ignored: Pattern of `data.ignore` -> files that it leaves out.
        again: Link to a folder -> the folder that has its files already.
        odd: Pipes and devices, which would be read for ever.
        empty: Folders at the top without a file in them.
    """

    root: Path
    files: list[Path] = field(default_factory=list)
    junk: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    again: dict[Path, Path] = field(default_factory=dict)
    odd: list[Path] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)


def find_files(root: Path) -> Iterator[Path]:
    """All visible files below a folder, sorted; links to folders are followed once each."""
    yield from walk(root).files


def walk(root: Path, ignore: Sequence[str] = ()) -> Tree:
    """Lists a folder. Folders come before links to them, so that a link takes no class's files.

    Args:
        root: The folder.
        ignore: Patterns of names, or of paths below the root, that are left out; behind `!` one
            of `JUNK` that is not.

    Raises:
        UserError: A name is not valid Unicode, so no table could hold it, or a folder is closed.
    """
    tree, seen = Tree(root), {os.path.realpath(root): root}
    folders, links = [root], list[Path]()
    while folders or links:
        folder = folders.pop() if folders else links.pop(0)
        if folder.is_symlink():
            real = os.path.realpath(folder)
            if real in seen:
                tree.again[folder] = seen[real]
                continue
            seen[real] = folder
        for entry in list_entries(folder):
            path = folder / entry.name
            if leave_out(tree, path, entry, ignore):
                continue
            if not is_folder(entry):
                keep_file(tree, path)
            elif entry.is_symlink():
                links.append(path)
            else:
                seen[os.path.realpath(path)] = path
                folders.append(path)
    tree.files.sort()
    tops = {path.relative_to(root).parts[0] for path in [*tree.files, *tree.again]}
    shown = [entry.name for entry in list_entries(root) if is_folder(entry)]
    known = [*JUNK, *ignore, ".*"]
    tree.empty = [name for name in shown if name not in tops and not matches(name, known)]
    return tree


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder or a link to one; a link to itself is not."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def list_entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder, sorted.

    Raises:
        UserError: It cannot be opened.
    """
    try:
        return sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise UserError(
            f"{folder} cannot be opened ({error.strerror}): fix it, or leave it out with "
            f"data.ignore=['{folder.name}']."
        ) from error


def leave_out(tree: Tree, path: Path, entry: os.DirEntry[str], ignore: Sequence[str]) -> bool:
    """Whether to leave out a file or folder; its content is counted."""
    taken_back = [pattern[1:] for pattern in ignore if pattern.startswith("!")]
    asked = [pattern for pattern in ignore if not pattern.startswith("!")]
    relative = path.relative_to(tree.root).as_posix() if asked else ""
    found = [p for p in asked if matches(entry.name, [p]) or fnmatchcase(relative, p)]
    if found:
        tree.ignored[found[0]] += count_files(path)
    elif matches(entry.name, taken_back):
        return False
    elif entry.name.startswith("."):
        images = count_files(path, SUFFIXES) if not entry.name.startswith("._") else 0
        tree.junk["hidden"] += images
    elif is_folder(entry) and matches(entry.name, JUNK):
        tree.junk[entry.name] += count_files(path)
    else:
        return False
    return True


def matches(name: str, patterns: Collection[str]) -> bool:
    """Whether a name is like one of some patterns, whatever its case."""
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def count_files(path: Path, suffixes: Collection[str] = ()) -> int:
    """Files in a folder, or the file itself; all, or those with some suffixes."""
    names = [path.name] if not path.is_dir() else [n for *_, files in os.walk(path) for n in files]
    return sum(not suffixes or Path(name).suffix.lower() in suffixes for name in names)


def keep_file(tree: Tree, path: Path) -> None:
    """Adds a file, unless it is a pipe or a device.

    Raises:
        UserError: Its name is not valid Unicode.
    """
    if not is_unicode(str(path)):
        if sys.getfilesystemencoding() != "utf-8":
            raise UserError(f"{str(path)!a} has letters that this locale has not: {ENCODING}")
        raise UserError(f"the name of {str(path)!a} is not valid UTF-8: rename it.")
    if path.exists() and not path.is_file():
        tree.odd.append(path)
    else:
        tree.files.append(path)


def is_unicode(text: str) -> bool:
    """Whether a file's name could be decoded."""
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in text)


def is_image(path: Path) -> bool:
    """Whether a file has an image's suffix or, with another one or none, an image's content."""
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with Image.open(path, formats=MARKED):
            return True
    except Exception:  # whatever the bytes of another format make Pillow run into
        return False
