"""CPU seconds, memory and recall of the search for near duplicates, from 1,000 to 1,000,000 items.

Run `python benchmarks/near_duplicates.py`. A tenth of the items are near copies of others. Images
are thumbnails with the spectrum of photographs and their fingerprints; rows have 10 numbers and 10
texts. With imagededup, cleanvision and datasketch in the environment they do the same work.
"""

import argparse
import importlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from projects import import_project

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PEER_SIZES = (1_000, 10_000)
COPIES = 0.1  # share of items
PART = 10_000  # items made at a time, to bound memory
SIDE = 64  # pixels of the images that peers read


def make_thumbnails(count: int, side: int, generator: np.random.Generator) -> np.ndarray:
    """Grey images (count, side, side), uint8, of power 1/f, each another one."""
    waves = np.fft.fftfreq(side)
    distance = np.hypot(waves[:, None], waves[: side // 2 + 1])
    distance[0, 0] = 1 / side
    noise = generator.normal(size=(2, count, side, side // 2 + 1)).astype(np.float32)
    scenes = np.fft.irfft2((noise[0] + 1j * noise[1]) / distance, s=(side, side))
    scenes /= scenes.std(axis=(1, 2), keepdims=True)
    return np.clip(128 + 48 * scenes, 0, 255).astype(np.uint8)


def change_thumbnails(originals: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The images a little brighter or darker, with the noise of encoding."""
    light = generator.uniform(0.9, 1.1, (len(originals), 1, 1))
    noise = generator.normal(0, 3, originals.shape)
    return np.clip(originals * light + noise, 0, 255).astype(np.uint8)


def make_prints(count: int, generator: np.random.Generator) -> tuple[object, np.ndarray]:
    """Fingerprints of images, the last of them near copies, and the originals' numbers."""
    from dlproof.data.image_near import Fingerprints, reduce_pixels

    copies = int(count * COPIES)
    parts = []
    for at in range(0, count - copies, PART):
        images = make_thumbnails(min(PART, count - copies - at), 16, generator)
        changed = change_thumbnails(images[: int(len(images) / (1 - COPIES) * COPIES)], generator)
        numbers = at + np.arange(len(changed))
        prints = (
            reduce_pixels(i[..., None].repeat(3, 3).astype(np.float32)) for i in (images, changed)
        )
        parts.append((*prints, numbers))
    originals, changed, numbers = zip(*parts, strict=True)
    columns = zip(*originals, *changed, strict=True)
    return Fingerprints(*(np.concatenate(column) for column in columns)), np.concatenate(numbers)


def make_codes(count: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Cells of rows as codes, the last of them with a cell or two changed, and their originals."""
    copies = int(count * COPIES)
    kinds = [min(count, 9_000)] * 10 + [2, 2, 3, 3, 5, 5, 10, 20, 50, 100]
    rows = np.stack([generator.integers(0, kind, count - copies) for kind in kinds], axis=1)
    rows = rows.astype(np.int32)
    changed = rows[:copies].copy()
    for _ in range(2):
        column = generator.integers(0, len(kinds), copies)
        changed[np.arange(copies), column] = generator.integers(0, np.take(kinds, column))
    codes = np.concatenate([rows, changed])
    dense = [np.unique(column, return_inverse=True)[1].astype(np.int32) for column in codes.T]
    return np.stack(dense, axis=1), np.arange(copies)


def search(kind: str, count: int) -> None:
    """Prints seconds, megabytes held and added at most, recall and false alarms of one search."""
    generator = np.random.default_rng(count)
    if kind == "image":
        from dlproof.data.image_near import cluster_fingerprints

        items, originals = make_prints(count, generator)
        find: Callable[..., np.ndarray] = cluster_fingerprints
        similarity = 0.99
    else:
        from dlproof.data.table_near import cluster_codes

        items, originals = make_codes(count, generator)
        find, similarity = cluster_codes, 0.9
    held = sum(array.nbytes for array in (vars(items).values() if kind == "image" else [items]))
    tracemalloc.start()
    started = cpu_seconds()
    clusters = find(items, similarity)
    seconds = cpu_seconds() - started
    added = tracemalloc.get_traced_memory()[1]
    copies = clusters[len(clusters) - len(originals) :]
    rest = clusters[: len(clusters) - len(originals)]
    recall = (copies == rest[originals]).mean()
    joined = len(rest) - len(np.unique(rest))
    print(seconds, held / 1e6, added / 1e6, recall, joined)


def cpu_seconds() -> float:
    """CPU time of this process and of those that it started: other load changes it little."""
    return sum(os.times()[:4])


def run_alone(*arguments: str) -> list[float]:
    """A search in a process of its own, so that its peak of memory is its own."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.splitlines()[-1].split()]


def compare(kind: str, sizes: list[int]) -> None:
    """Prints a row for each size and the exponent of the growth of seconds."""
    print(f"{kind:<8}{'items':>10}{'CPU s':>10}{'MB items':>11}{'MB more':>9}{'recall':>9}"
          f"{'false':>7}")  # fmt: skip
    times = []
    for size in sizes:
        found = run_alone("--one", kind, str(size))
        seconds, held, added, recall, joined = found
        times.append(seconds)
        print(
            f"{'':<8}{size:>10,}{seconds:>10.2f}{held:>11,.1f}{added:>9,.1f}{recall:>9.4f}"
            f"{joined:>7.0f}",
            flush=True,
        )
    if len(sizes) > 1:
        exponent = np.polyfit(np.log(sizes), np.log(times), 1)[0]
        last = np.diff(np.log(times))[-1] / np.diff(np.log(sizes))[-1]
        print(f"{'':<8}exponent {exponent:.3f} over all, {last:.3f} over the last step")


def write_pictures(folder: Path, count: int) -> None:
    """Image files of which the last tenth are resized copies of the first."""
    scenes = make_thumbnails(int(count * (1 - COPIES)), SIDE, np.random.default_rng(0))
    for number, scene in enumerate(scenes):
        Image.fromarray(scene).save(folder / f"{number:06d}.png")
    for number in range(count - len(scenes)):
        smaller = Image.fromarray(scenes[number]).resize((SIDE // 2, SIDE // 2))
        smaller.save(folder / f"{number:06d}_copy.png")


def find_ours(folder: Path) -> set[str]:
    """Copies that this project's search pairs with an original; from files, decoding included."""
    from dlproof.data.image_files import Images
    from dlproof.data.image_near import find_near_images

    paths = sorted(folder.glob("*.png"))
    clusters = pd.Series(find_near_images(Images(paths), 0.99))
    first = [paths[cluster].stem for cluster in clusters]
    return {path.stem for path, name in zip(paths, first, strict=True) if path.stem != name}


def find_imagededup(folder: Path) -> set[str]:
    """Copies that imagededup's PHash, at its default distance, pairs with an original."""
    from imagededup.methods import PHash

    hasher = PHash(verbose=False)
    codes = hasher.encode_images(str(folder), num_enc_workers=0)
    pairs = hasher.find_duplicates(encoding_map=codes, num_dist_workers=0)
    return {Path(name).stem for name, found in pairs.items() if found and "_copy" in name}


def find_cleanvision(folder: Path) -> set[str]:
    """Copies that cleanvision's near-duplicate issue names."""
    from cleanvision import Imagelab

    lab = Imagelab(data_path=str(folder), verbose=False)
    lab.find_issues({"near_duplicates": {}}, n_jobs=1, verbose=False)
    found = lab.issues[lab.issues["is_near_duplicates_issue"]].index
    return {Path(name).stem for name in found if "_copy" in str(name)}


def find_datasketch(table: pd.DataFrame) -> int:
    """Pairs of rows that datasketch's MinHashLSH finds, one token a cell."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=0.7, num_perm=64)
    found = 0
    tokens = [[f"{n}={v}".encode() for n, v in enumerate(row)] for row in table.to_numpy()]
    for number, sketch in enumerate(MinHash.generator(tokens, num_perm=64)):
        found += bool(index.query(sketch))
        index.insert(str(number), sketch)
    return found


def compare_peers() -> None:
    """Prints seconds and recall of ours and of each peer that is installed, from the same items."""
    finders = {"this project": find_ours}
    peers = {"imagededup": find_imagededup, "cleanvision": find_cleanvision}
    finders |= {name: find for name, find in peers.items() if importlib.util.find_spec(name)}
    for name in peers.keys() & finders.keys():
        importlib.import_module(name if name == "cleanvision" else f"{name}.methods")  # not timed
    for count in PEER_SIZES:
        with tempfile.TemporaryDirectory() as folder:
            write_pictures(Path(folder), count)
            for name, find in finders.items():
                started = cpu_seconds()
                found = find(Path(folder))
                seconds = cpu_seconds() - started
                recall = len(found) / (count * COPIES)
                print(f"{count:>8,} image files  {name:<14}{seconds:>8.2f} s  recall {recall:.3f}")
    for count in PEER_SIZES if importlib.util.find_spec("datasketch") else ():
        codes, originals = make_codes(count, np.random.default_rng(count))
        started = cpu_seconds()
        recall = find_datasketch(pd.DataFrame(codes)) / len(originals)
        seconds = cpu_seconds() - started
        print(f"{count:>8,} rows         {'datasketch':<14}{seconds:>8.2f} s  recall {recall:.3f}")


def main() -> None:
    """Measures each kind and size in a process of its own, then the peers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    parser.add_argument("--one", nargs=2, metavar=("KIND", "ITEMS"), help="one search, in figures")
    arguments = parser.parse_args()
    if arguments.one:
        search(arguments.one[0], int(arguments.one[1]))
        return
    sizes = [size for size in SIZES if size <= arguments.largest]
    with tempfile.TemporaryDirectory() as folder:
        for kind, data_type in (("row", "tabular"), ("image", "image")):
            import_project(Path(folder, kind), data_type=data_type)
            compare(kind, sizes)
        compare_peers()


if __name__ == "__main__":
    main()
