"""Whether augmented images keep their label, as a model, a reference and a person see it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..figure import figure, save
from ..types import Arrays
from .store import TRAIN, Store

MAX_ITEMS, MAX_CLASSES = 512, 16  # that are looked at: the most frequent classes
CHUNK = 64  # images changed at a time
COPIES = 4  # changed draws of an item that the reference knows
NEIGHBOURS = 3
SHOWN = 8  # pictures of a class on the sheet
CERTAIN = 1.64  # deviations: 95% one-sided
SEED = 0  # of the sample and of the draws
Change = Callable[[Tensor], Tensor]
Features = Callable[[Arrays], np.ndarray]


def judge_labels(augment: Any, store: Store, predict: Change, features: Features) -> dict[str, Any]:
    """Recall of each class on plain and on augmented training images, by two judges.

    The trained model knows the augmentation, so that it forgives what it has learned by heart,
    such as a 2 for every mirrored 5. The reference, nearest neighbours among other items, knows
    crops, zooms and light only: what makes one class look like another misleads it.

    Args:
        augment: As it is configured; nothing is mixed.
        store: The processed data.
        predict: The trained model, uint8 or float images -> outputs (N, classes).
        features: What the reference compares, arrays -> (N, D).

    Returns:
        `items`; `model`: class -> augmented over plain recall; `reference`: `still` and every
        mirror that is on -> class -> the same, with the benefit of the doubt.
    """
    rows, codes = sample_rows(store)
    image = torch.from_numpy(store.take(rows)["image"])
    names = store.state["task"]["classes"]
    still = replace(augment, flip=False, flip_vertical=False, mixup=0.0, cutmix=0.0)
    known = replace(still, rotate_degrees=0.0, rand_augment=0, erase=0.0)
    ways: dict[str, Change] = {"still": still.change}
    ways |= {"flip": lambda x: still.change(x.flip(-1))} if augment.flip else {}
    ways |= {"flip_vertical": lambda x: still.change(x.flip(-2))} if augment.flip_vertical else {}

    def look(change: Change) -> Tensor:
        parts = [change(part).clamp(0, 255).byte().numpy() for part in image.split(CHUNK)]
        return torch.from_numpy(features({"image": np.concatenate(parts)}))

    def ask(change: Change) -> Tensor:
        return torch.cat([predict(change(part)).argmax(dim=1) for part in image.split(CHUNK)])

    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(SEED)
        support = torch.stack([look(known.change) for _ in range(COPIES)])
        expected = measure_recall(find_nearest(support, codes, look(known.change)), codes)
        plain = measure_recall(ask(lambda x: x), codes)
        return {
            "items": len(rows),
            "model": compare(measure_recall(ask(augment.change), codes), plain, names),
            "reference": {
                name: compare(
                    measure_recall(find_nearest(support, codes, look(way)), codes, CERTAIN),
                    expected,
                    names,
                )
                for name, way in ways.items()
            },
        }


def sample_rows(store: Store) -> tuple[np.ndarray, Tensor]:
    """Training rows, equally many of each class where there are enough, and their classes."""
    rows = store.rows(TRAIN)
    rows = np.random.default_rng(SEED).permutation(rows)
    targets = np.asarray(store.targets[rows])
    classes = np.argsort(-np.bincount(targets), kind="stable")[:MAX_CLASSES]
    count = MAX_ITEMS // len(classes)
    chosen = np.sort(np.concatenate([rows[targets == code][:count] for code in classes]))
    return chosen, torch.from_numpy(np.asarray(store.targets[chosen]))


def find_nearest(support: Tensor, codes: Tensor, queries: Tensor) -> Tensor:
    """The class of most neighbours of each query (N, D), never its own item's.

    Args:
        support: Features of the draws that are known (COPIES, N, D).
        codes: Classes (N,), of the support's items and of the queries alike.
        queries: Features (N, D).
    """
    distance = torch.stack([torch.cdist(queries, draw) for draw in support])
    distance.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    nearest = distance.permute(1, 0, 2).flatten(1).topk(NEIGHBOURS, largest=False).indices
    return codes[nearest % len(codes)].mode(dim=1).values


def measure_recall(found: Tensor, codes: Tensor, doubt: float = 0.0) -> dict[int, float]:
    """Class -> share of its items that were found as such, and `doubt` deviations more."""
    recalls = {}
    for code in codes.unique().tolist():
        right = (found[codes == code] == code).float()
        share = right.mean().item()
        recalls[code] = share + doubt * (share * (1 - share) / len(right)) ** 0.5
    return recalls


def compare(
    changed: dict[int, float], plain: dict[int, float], names: list[str]
) -> dict[str, float]:
    """Class -> its recall as a share of the plain one, of classes that are found at all."""
    return {
        names[code]: round(min(changed[code] / share, 1.0), 4)
        for code, share in plain.items()
        if share > 0
    }


def draw_sheet(augment: Any, store: Store, path: Path) -> None:
    """A row of a class: one training image as it is, then as it may be changed."""
    rows, codes = sample_rows(store)
    names = [store.state["task"]["classes"][code][:20] for code in codes.unique()]
    lines = []
    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        for code in codes.unique():
            image = torch.from_numpy(store.take(rows[codes == code][:1])["image"])
            changed = augment.change(image.repeat(SHOWN - 1, 1, 1, 1))
            framed = functional.pad(torch.cat([image, changed]), [1] * 4, value=255)
            lines.append(framed.permute(2, 0, 3, 1).flatten(1, 2))  # height, all widths, channels
    side = len(lines[0])
    canvas, axis = figure((0.75 * SHOWN + 1, 0.75 * len(lines) + 0.4))
    axis.imshow(torch.cat(lines).byte().expand(-1, -1, 3).numpy())
    axis.set(xticks=[], yticks=[(number + 0.5) * side for number in range(len(lines))])
    axis.set(yticklabels=names, frame_on=False)
    axis.set_title("A training image of every class, and augmented", fontsize=10)
    save(canvas, path)
