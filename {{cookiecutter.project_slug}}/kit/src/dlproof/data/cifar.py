"""CIFAR-10 from its standard archive on disk, the official test items kept: `data=cifar10`."""

import hashlib
import pickle
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from ..errors import UserError
from ..files import atomic, write_table
from .store import TEST, TRAIN, VALIDATION

ADDRESS = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
FOLDER = "cifar-10-batches-py"  # in the archive
TEST_BATCH = "test_batch"
BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), TEST_BATCH)
SHAPE = (3, 32, 32)
HELD_OUT = 10  # of each class's training items, every so-manieth validates: 5,000 of 50,000

# What the archive's pickles name; anything else could run code.
ALLOWED = {
    ("numpy", "dtype"): np.dtype,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
}


def write_cifar10(root: Path, archive: str, md5: str) -> None:
    """Unpacks the 60,000 images as PNG files in class folders, with their splits in `splits.csv`.

    Source: Krizhevsky, Learning multiple layers of features from tiny images, 2009. It has no
    validation split: a tenth of the training items is held out, as by He et al. 2016.

    Args:
        root: Folder to write.
        archive: Where `cifar-10-python.tar.gz` lies.
        md5: Of its bytes.

    Raises:
        UserError: The archive is missing, damaged, or not CIFAR-10's.
    """
    check_archive(Path(archive), md5)
    print(f"unpacking {archive} to {root}: takes a minute, only once", flush=True)
    with atomic(root) as draft:
        try:
            unpack(Path(archive), draft)
        except (KeyError, ValueError, tarfile.TarError, pickle.UnpicklingError) as error:
            told = f"{archive} does not contain CIFAR-10 for Python ({error})"
            raise UserError(f"{told}: get it from {ADDRESS}.") from error


def check_archive(path: Path, md5: str) -> None:
    """Raises a UserError, with where to get it, when the archive is missing or damaged."""
    if not path.is_file():
        raise UserError(f"{path} does not exist: get it from {ADDRESS}, or set data.archive to it.")
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "md5").hexdigest()
    if found != md5:
        told = f"{path} is damaged or a different file (MD5 {found}, not {md5})"
        raise UserError(f"{told}: get it again from {ADDRESS}.")


def unpack(archive: Path, root: Path) -> None:
    """Writes `<class>/<batch>_<number>.png` and `splits.csv`, whose ids are these paths."""
    splits: list[tuple[str, str]] = []
    seen: Counter[int] = Counter()
    with tarfile.open(archive) as tar:
        names = [name.decode() for name in read_part(tar, "batches.meta")[b"label_names"]]
        for name in names:
            (root / name).mkdir(parents=True)
        for batch in BATCHES:
            content = read_part(tar, batch)
            images = content[b"data"].reshape(-1, *SHAPE).transpose(0, 2, 3, 1)
            for number, (pixels, code) in enumerate(zip(images, content[b"labels"], strict=True)):
                item = f"{names[code]}/{batch}_{number:05d}.png"
                Image.fromarray(pixels).save(root / item, compress_level=1)
                seen[code] += 1
                split = TRAIN if seen[code] % HELD_OUT else VALIDATION
                splits.append((item, TEST if batch == TEST_BATCH else split))
    write_table(pd.DataFrame(splits, columns=["id", "split"]), root / "splits.csv")


def read_part(tar: tarfile.TarFile, name: str) -> dict[bytes, Any]:
    """One pickled dictionary of the archive, read without running code.

    Raises:
        KeyError: The archive has no such part.
        UnpicklingError: It holds something else than arrays, texts, numbers, lists and mappings.
    """
    stream = tar.extractfile(f"{FOLDER}/{name}")
    if stream is None:
        raise KeyError(f"{name} is not a file")
    content: dict[bytes, Any] = PlainUnpickler(stream, encoding="bytes").load()
    return content


class PlainUnpickler(pickle.Unpickler):
    """Makes NumPy arrays and plain containers, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Only what `ALLOWED` has: a pickle that names another function would call it."""
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"its pickle asks for {module}.{name}")
        return ALLOWED[module, name]
