"""Files that are either whole or not there, and their content hashes."""

import ctypes
import errno
import hashlib
import json
import math
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, BinaryIO

from .errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

LARGE = 2**20  # bytes of a table that pandas is slow to read
SPARE_BYTES = 2**16  # less than this is a full disk
ASIDE = ".replaced"  # suffix of a folder that makes way for its successor
EXCHANGE = 2  # RENAME_EXCHANGE on Linux, RENAME_SWAP on macOS


@contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """Yields a temporary path in the same folder that becomes `path` only if the block succeeds.

    The block may write a file or make a folder there. When it raises or writes nothing, nothing is
    left behind and an older `path` stays as it was. Killed at any moment, the process leaves the
    older one or the new one; on a file system that cannot swap folders the older one may lie
    beside its place, and the next call brings it back.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        for aside in target.parent.glob(f".{escape(target.name)}.*/{escape(target.name)}{ASIDE}"):
            put_back(aside, target)
    workspace = Path(mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    draft, aside = workspace / target.name, workspace / f"{target.name}{ASIDE}"
    try:
        yield draft
        put_in_place(draft, target, aside)
    except Exception as error:
        # NumPy and torch tell of a full disk in words of their own.
        if shutil.disk_usage(target.parent).free < SPARE_BYTES:
            raise OSError(errno.ENOSPC, "no space left", str(target)) from error
        raise
    finally:
        put_back(aside, target)
        shutil.rmtree(workspace, ignore_errors=True)


def put_in_place(draft: Path, target: Path, aside: Path) -> None:
    """Makes a draft the file or folder that it is a draft of.

    Args:
        draft: Afterwards gone, or what was at `target`.
        target: A file is replaced in one step, a folder where the file system can swap two.
        aside: Where else the old folder goes meanwhile.

    Raises:
        FileNotFoundError: There is no draft.
    """
    if not draft.exists():
        raise FileNotFoundError(errno.ENOENT, "nothing was written for it", str(target))
    if target.is_dir() and swap(draft, target):
        return
    if target.is_dir():
        target.rename(aside)
    draft.replace(target)


def put_back(aside: Path, target: Path) -> None:
    """Undoes the first half of a replacement whose second half did not happen."""
    if aside.exists() and not target.exists():
        aside.rename(target)


def swap(one: Path, other: Path) -> bool:
    """Exchanges two paths in one step, which Python's `os` cannot; False where it does not work."""
    libc, paths = ctypes.CDLL(None), (os.fsencode(one), os.fsencode(other))
    if hasattr(libc, "renameat2"):  # Linux
        here = ctypes.c_int(-100)
        return not libc.renameat2(here, paths[0], here, paths[1], EXCHANGE)
    return hasattr(libc, "renamex_np") and not libc.renamex_np(*paths, EXCHANGE)  # macOS


def write_json(path: Path | str, content: Any) -> None:
    """Writes JSON atomically, readable in a diff: sorted never, indented always."""
    text = json.dumps(leave_finite(content), indent=2, ensure_ascii=False, allow_nan=False)
    with atomic(path) as draft:
        draft.write_text(text + "\n", encoding="utf-8")


def write_sealed(path: Path | str, content: dict[str, Any]) -> None:
    """Writes JSON with a hash of its content: an edit shows."""
    write_json(path, content | {"seal": hash_json(content)})


def read_sealed(path: Path | str) -> dict[str, Any] | None:
    """The content as `write_sealed` wrote it; None if it is missing, edited or damaged."""
    try:
        content: dict[str, Any] = read_json(path)
        seal = content.pop("seal", None)
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return content if seal == hash_json(content) else None


def leave_finite(content: Any) -> Any:
    """The same with null for numbers that are NaN or infinite, which JSON does not have."""
    if isinstance(content, dict):
        return {name: leave_finite(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [leave_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def read_json(path: Path | str) -> Any:
    """Reads one JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def hash_json(content: Any) -> str:
    """SHA-256 of a JSON-able value, the same for equal values whatever their key order."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def hash_file(path: Path | str) -> str:
    """SHA-256 of a file's bytes."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_if_readable(path: Path) -> str:
    """SHA-256 of a file, empty where it cannot be opened (a broken link, no permission)."""
    try:
        return hash_file(path)
    except OSError:
        return ""


def hash_all(paths: Sequence[Path]) -> list[str]:
    """As `hash_if_readable`, of some files."""
    return [hash_if_readable(path) for path in paths]


def hash_tree(root: Path | str) -> str:
    """SHA-256 over relative names and bytes of a folder's files (or of one file); "" if missing."""
    root = Path(root)
    if root.is_file():
        return hash_file(root)
    if not root.exists():
        return ""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    names = [file.relative_to(root).as_posix() for file in files]
    return hash_json(list(zip(names, map(hash_if_readable, files), strict=True)))


def write_table(table: "pd.DataFrame", path: Path) -> None:
    """Writes a CSV atomically.

    Columns of plain texts, which tables of items have, are joined: `to_csv` takes five times as
    long to write the same bytes.
    """
    with atomic(path) as draft:
        columns = [table[name].to_numpy(object) for name in table]
        if not len(columns) > 1 or not all(map(are_plain, columns)):
            table.to_csv(draft, index=False, encoding="utf-8", lineterminator="\n")
            return
        rows = map(",".join, zip(*columns, strict=True))
        with draft.open("w", encoding="utf-8", newline="") as stream:
            table.iloc[:0].to_csv(stream, index=False, lineterminator="\n")
            stream.write("\n".join([*rows, ""]))


def are_plain(cells: "np.ndarray") -> bool:
    """Whether all cells are texts that need no quotes in a CSV."""
    try:
        text = " ".join(cells)
    except TypeError:  # a number, or a missing one
        return False
    return not any(mark in text for mark in ',"\r\n')


def read_table(path: Path, stage: str) -> "pd.DataFrame":
    """Reads a CSV of ids and labels as text: a class called `NA` is not a missing value.

    Raises:
        UserError: The stage that writes it has not run.
    """
    import pandas as pd

    if not path.exists():
        raise UserError(f"{path} does not exist: run `{stage}` first (or the whole `pipeline`).")
    if path.stat().st_size > LARGE and (table := read_large(path)) is not None:
        return table
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def read_large(path: Path) -> "pd.DataFrame | None":
    """The same of a table as `write_table` joins it, in a sixth of the time; None of another."""
    with path.open("rb") as stream:
        names = stream.readline().decode().rstrip("\r\n").split(",")
        stream.seek(0)
        quoted = any(b'"' in part for part in iter(lambda: stream.read(LARGE), b""))
        stream.seek(0)
        odd = len(set(names)) < max(len(names), 2) or not names[0].isprintable()  # as a BOM is not
        return None if quoted or odd else read_plain(stream, names, 1)


def read_plain(stream: BinaryIO, names: Sequence[str], skipped: int) -> "pd.DataFrame | None":
    """Rows of a CSV without quotes as texts, by pyarrow; None where it is not there, or refuses.

    Args:
        stream: In UTF-8.
        names: Of the columns.
        skipped: Lines above the first row.
    """
    try:
        import pyarrow as pa
        from pyarrow import csv
    except ImportError:
        return None
    import pandas as pd

    try:
        table = csv.read_csv(
            stream,
            csv.ReadOptions(skip_rows=skipped, column_names=names),
            csv.ParseOptions(quote_char=False),
            csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid:  # rows of unequal length, or a line of megabytes
        return None
    return pd.DataFrame({name: table[name].to_pandas().astype("str") for name in names})
