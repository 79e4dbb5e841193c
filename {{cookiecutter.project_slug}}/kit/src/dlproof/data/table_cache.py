"""A large table as it was typed, on disk: the next stage opens it instead of parsing the file.

To open it takes a fraction of the time, in each of five stages. Whatever lies here can be removed.
"""

import json
import shutil
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..files import atomic, hash_file, hash_json, read_json, write_json

FOLDER = Path(".cache", "tables")
LARGE = 2**22  # bytes of a file; smaller ones are parsed each time


def is_large(path: Path) -> bool:
    """Whether a file is worth a place here."""
    return path.is_file() and path.stat().st_size > LARGE


def remember(path: Path, settings: Any, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """What `make` gives of a table file, made once for its bytes, the settings and this code.

    Args:
        path: The table's file.
        settings: JSON-able; whatever else decides about the result.
        make: Parses it to columns of numbers (float64) and of texts; `attrs` are JSON-able.
    """
    if not is_large(path):
        return make()
    folder = FOLDER / make_key(path, settings)
    if not (folder / "table.json").exists():
        table = make()
        if not all(is_text(table[name]) or table[name].dtype == np.float64 for name in table):
            return table  # of a type that is not kept here
        shutil.rmtree(FOLDER, ignore_errors=True)  # of an older file, or older settings
        with atomic(folder) as draft:
            draft.mkdir()
            save(table, draft)
    return open_table(folder)


def remember_array(
    path: Path, settings: Any, name: str, make: Callable[[], np.ndarray]
) -> np.ndarray:
    """As `remember`, of an array that was found in the table, such as its clusters."""
    if not is_large(path):
        return make()
    file = FOLDER / make_key(path, settings) / f"{name}.npy"
    if not file.exists():
        found = make()
        with atomic(file) as draft, draft.open("wb") as stream:
            np.save(stream, found)
    return np.asarray(np.load(file))


def make_key(path: Path, settings: Any) -> str:
    """What a result holds for: the file's bytes, settings, the code that types, and pandas."""
    found = path.stat()
    stamp = (path.resolve().as_posix(), found.st_mtime_ns, found.st_size)
    return hash_json([hash_stamped(stamp), settings, hash_sources(), pd.__version__])[:32]


@cache
def hash_stamped(stamp: tuple[str, int, int]) -> str:
    """The hash of a file's bytes; once a process, for a file that stays as it is."""
    return hash_file(stamp[0])


@cache
def hash_sources() -> list[str]:
    """Hashes of the modules that read, type and compare tables."""
    return [hash_file(path) for path in sorted(Path(__file__).parent.glob("*.py"))]


def is_text(column: pd.Series) -> bool:
    """Whether a column holds texts, or nothing."""
    return pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column)


def save(table: pd.DataFrame, folder: Path) -> None:
    """Writes numbers as they are and texts as codes of their values, one row per column."""
    texts = [name for name in table if is_text(table[name])]
    numbers = [name for name in table if name not in set(texts)]
    np.save(folder / "numbers.npy", np.ascontiguousarray(table[numbers].to_numpy(np.float64).T))
    codes = np.empty((len(texts), len(table)), np.int32)
    values = {}
    for row, name in enumerate(texts):
        codes[row], known = pd.factorize(table[name])
        values[name] = [str(value) for value in known.tolist()]
    np.save(folder / "codes.npy", codes)
    (folder / "ids.json").write_text(json.dumps(table.index.tolist()), encoding="utf-8")
    found = {
        "columns": list(table.columns),
        "numbers": numbers,
        "values": values,
        "dtypes": {name: str(table[name].dtype) for name in texts},
        "attrs": table.attrs,
    }
    write_json(folder / "table.json", found)


@lru_cache(maxsize=1)
def open_table(folder: Path) -> pd.DataFrame:
    """Opens what `save` wrote."""
    found = read_json(folder / "table.json")
    numbers = np.load(folder / "numbers.npy", mmap_mode="r")
    codes = np.load(folder / "codes.npy", mmap_mode="r")
    columns = dict(zip(found["numbers"], numbers, strict=True))
    for (name, values), row in zip(found["values"].items(), codes, strict=True):
        cells = pd.array(np.array(values, object), dtype=found["dtypes"][name])
        columns[name] = cells.take(row, allow_fill=True)  # -1 is missing
    table = pd.DataFrame(columns, index=read_json(folder / "ids.json"))[found["columns"]]
    table.attrs = found["attrs"]
    return table
