"""`stream`: writes the processed data as LitData chunks, so that training needs no room for it."""

import json
import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig

from ..errors import UserError
from ..files import atomic
from ..report import Report
from .store import TRAIN, VALIDATION, Store, load_store

if TYPE_CHECKING:
    from ..project import Project

CHUNK_BYTES = 2**26  # of one file; a process holds a few at a time
BLOCK = 1024  # items that are gathered at a time
ABOUT = "about"  # the set of one record that describes the others


def run(cfg: DictConfig, project: "Project") -> Report:
    """Writes the training and validation splits to `loader.url`, below their data version.

    LitData's `optimize` would do this in processes of its own, but it takes over Ctrl-C and
    empties shared temporary folders; its writer alone does neither.

    Raises:
        UserError: `loader=stream` is not chosen, or LitData is not installed.
    """
    if cfg.loader.name != "stream":
        raise UserError("no place to stream to is set: run `stream loader=stream` (loader.url=…).")
    import_litdata()
    store = load_store(cfg.paths.data_dir)
    place = locate(cfg.loader.url, store.state["version"])
    rows = {split: store.rows(split) for split in (TRAIN, VALIDATION)}
    sets = {split: give_records(store, rows[split]) for split in rows}
    is_folder = "://" not in place
    folder = place.removeprefix("local:")
    with atomic(folder) if is_folder else TemporaryDirectory(dir=cfg.paths.data_dir) as draft:
        # What describes the sets comes last: without it they are not there.
        for name, records in (sets | {ABOUT: iter([encode_metadata(store, rows)])}).items():
            send = keep if is_folder else partial(upload, f"{place}/{name}")
            write_set(Path(draft, name), records, send)
    sizes = {split: len(found) for split, found in rows.items()}
    report = Report(stage="stream", figures={"place": place, "items": sizes})
    told = ", ".join(f"{size:,} {split}" for split, size in sizes.items())
    report.summary = f"{told} items in chunks at {place}"
    return report


def import_litdata() -> Any:
    """LitData, less its advice about cache sizes.

    Raises:
        UserError: It is not installed.
    """
    try:
        import litdata
    except ImportError as error:
        raise UserError("loader=stream needs LitData: `uv pip install .[stream]`.") from error
    logging.getLogger("litdata").setLevel(logging.ERROR)
    return litdata


def locate(url: str, version: str) -> str:
    """Where a data version is stored: none is written over another that somebody may be reading."""
    return f"{url.rstrip('/')}/{version[:12]}"


def describe_fields(store: Store) -> list[tuple[str, str, tuple[int, ...]]]:
    """Name, type and shape of each part of a record, as NumPy's structured types take them."""
    arrays = [(name, array.dtype.str, array.shape[1:]) for name, array in store.arrays.items()]
    return [*arrays, ("targets", store.targets.dtype.str, ()), ("rows", "<i8", ())]


def encode_metadata(store: Store, rows: dict[str, np.ndarray]) -> bytes:
    """What training asks of the store besides items: state, fields, sizes, items of each class."""
    targets = np.asarray(store.targets[rows[TRAIN]])
    is_classes = targets.dtype.kind == "i"
    content = {
        "state": store.state,
        "fields": describe_fields(store),
        "items": {split: len(found) for split, found in rows.items()},
        "class_counts": np.bincount(targets).tolist() if is_classes else [],
    }
    return json.dumps(content).encode()


def give_records(store: Store, rows: np.ndarray) -> Iterator[bytes]:
    """One record an item: its arrays, target and row, in a few bytes to unpack by the batch.

    Items of one class lie together in the store, and LitData shuffles chunks and within chunks
    alone: so they are written in an order that is random once and for all.
    """
    fields = np.dtype(describe_fields(store))
    order = np.random.default_rng(0).permutation(rows)
    for start in range(0, len(order), BLOCK):
        block = order[start : start + BLOCK]
        records = np.empty(len(block), fields)
        for name, array in store.take(block).items():
            records[name] = array
        records["targets"], records["rows"] = store.targets[block], block
        yield from (record.tobytes() for record in records)


def write_set(folder: Path, records: Iterator[bytes], send: Callable[[str], None]) -> None:
    """Writes one optimised set; each file is handed on as soon as it is whole, the index last."""
    from litdata.streaming.writer import BinaryWriter

    writer = BinaryWriter(str(folder), chunk_bytes=CHUNK_BYTES)
    for index, record in enumerate(records):
        chunk = writer.add_item(index, record)
        if chunk:
            send(chunk)
    for chunk in writer.done():
        send(chunk)
    writer.merge()
    send(str(folder / "index.json"))


def keep(path: str) -> None:
    """The file is where it belongs."""


def upload(place: str, path: str) -> None:
    """Sends a file to a bucket and frees its room here.

    Raises:
        UserError: The bucket refuses it.
    """
    from litdata.streaming.fs_provider import _get_fs_provider

    try:
        _get_fs_provider(place).upload_file(path, f"{place}/{Path(path).name}")
    except Exception as error:  # each kind of storage has errors of its own
        raise UserError(
            f"cannot write a chunk to {place} ({error}): check loader.url and your credentials for "
            "it."
        ) from error
    Path(path).unlink()
