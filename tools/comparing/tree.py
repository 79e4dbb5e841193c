"""Reads a project as text, whatever lies in it: nothing is imported, run or followed."""

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Nobody's sources, wherever they lie; and results, where they lie at the root and hold no Python.
SKIPPED = re.compile(
    r"\.(git|hg|svn|venv|tox|nox|uv|dvc|eggs|hypothesis|ipynb_checkpoints|\w+_cache)"
    r"|venv|node_modules|site-packages|__pycache__"
)
RESULTS = re.compile(
    r"build|data|dist|\w*logs|mlruns|models|multirun|outputs?|reports|runs|tmp|wandb"
)
MAX_BYTES, MAX_TOTAL, MAX_FILES = 1_000_000, 100_000_000, 20_000
NAMED = 3  # how many paths a sentence names


@dataclass
class Tree:
    """A project's files by path: texts, hashes of all that was read, and sentences on the rest."""

    texts: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)  # known by name only
    notes: list[str] = field(default_factory=list)


def read_tree(root: Path) -> Tree:
    """Reads what is text below a folder; what is not becomes a sentence."""
    tree, odd, total = Tree(), {}, 0
    for path in walk(root, tree.folders):
        if len(tree.digests) == MAX_FILES or total > MAX_TOTAL:
            tree.notes.append(f"Only the first {len(tree.digests)} files were read.")
            break
        name = show(path.relative_to(root).as_posix())
        content, problem = read_file(path)
        total += len(content)
        tree.digests[name] = hashlib.sha256(content).hexdigest() if content or not problem else ""
        if problem:
            odd.setdefault(problem, []).append(name)
        else:
            tree.texts[name] = content.decode()
    for problem, names in odd.items():
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        tree.notes.append(f"{', '.join(names[:NAMED])}{more}: {problem}.")
    return tree


def walk(root: Path, folders: list[str]) -> Iterator[Path]:
    """Yields each file, links included; notes the folders in those that it leaves out."""
    for folder, inner, names in os.walk(root):
        inner.sort()
        for name in [*inner]:
            path = Path(folder, name)
            # Some projects keep code in `models/`.
            results = Path(folder) == root and RESULTS.fullmatch(name)
            if path.is_symlink():
                names.append(name)
            elif results and not any(path.glob("*.py")):
                folders += [f"{name}/{show(c.name)}/" for c in sorted(path.glob("*/"))[:100]]
            elif not SKIPPED.fullmatch(name):
                continue
            inner.remove(name)
        yield from (Path(folder, name) for name in sorted(names))


def read_file(path: Path) -> tuple[bytes, str]:
    """A regular file's bytes with Unix line ends, and what stands against their being text."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b"", "symbolic link, not followed" if path.is_symlink() else "cannot be opened"
    with os.fdopen(handle, "rb") as stream:
        kind = os.fstat(handle)
        if not stat.S_ISREG(kind.st_mode):
            return b"", "no regular file, left out"
        if kind.st_size > MAX_BYTES:
            return b"", f"larger than {MAX_BYTES // 1_000_000} MB, not read"
        content = stream.read(MAX_BYTES).removeprefix(b"\xef\xbb\xbf")
    try:
        content.decode()
    except UnicodeDecodeError:
        return content, "not UTF-8 text, compared by its bytes only"
    return content.replace(b"\r\n", b"\n"), "binary, compared by its bytes" * (b"\0" in content)


def show(name: str) -> str:
    """A name that no terminal and no page can stumble over."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
