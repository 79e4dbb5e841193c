"""What a training and a validation step really get, found by looking; part of `sanity`."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ..data.datamodule import DataModule
from ..data.load import Batch, to_tensors
from ..data.store import TRAIN, VALIDATION, Store, load_store

if TYPE_CHECKING:
    from ..project import Project

BATCHES = 4  # looked at, of each split
SYNTHETIC = 64  # synthetic rows that are looked at, at most
NEAREST = 2000  # training rows among which their parents are sought
SAME = 1e-3  # in deviations, or in the cosine of an angle
ITEMS = 1024  # normalised to look at their spread


def inspect_batches(project: "Project", cfg: DictConfig) -> dict[str, Any]:
    """Order, augmentation and normalisation as they reach the network.

    Returns:
        `moved`: split -> share of positions with another item in the second epoch; `changed`:
        split -> share of items that reach the network otherwise than they are stored; `mixed`:
        mean share of a training target that is not its main class's, as it reaches the loss;
        `mislabelled`: share of training targets in which the item's own has no part there;
        `normalised`: mean and deviation of each channel or column behind the normaliser;
        `class_weights` of the training loss and `drawn`, items of each class in an epoch, or None;
        `synthetic`: see `find_synthetic`.
    """
    store = load_store(cfg.paths.data_dir)  # without what `balance` adds
    data = project.open_data(cfg)
    module = project.build_module(cfg, data, world_size=1)
    network: Any = module.network
    loss: Any = module.train_loss
    loaders = {"train": data.train_dataloader(), "validation": data.val_dataloader()}
    targets: list[Tensor] = []
    own: list[Tensor] = []
    loss.register_forward_pre_hook(lambda _, given: targets.append(given[1]))

    def train(batch: Batch, index: int) -> None:
        """One training step, whose targets are kept."""
        module.training_step(batch, index)
        stored = torch.from_numpy(data.store.targets[batch["rows"].numpy()])
        own.extend([stored] * (len(targets) - len(own)))

    steps = {"train": train, "validation": module.validation_step}
    changed = {}
    for name, loader in loaders.items():
        module.train(name == "train")  # as a Trainer does: BatchNorm refuses to train on one item
        changed[name] = share_changed(network, steps[name], loader, data.store)
    return {
        "pin_memory": loaders["train"].pin_memory,
        "moved": {name: share_moved(loader) for name, loader in loaders.items()},
        "changed": changed,
        "mixed": share_mixed(targets),
        "mislabelled": share_mislabelled(own, targets),
        "normalised": measure_normalised(network.normaliser, store),
        **measure_balance(loss, loaders["train"], data),
        "synthetic": find_synthetic(data, len(store.targets)),
    }


def measure_balance(
    loss: nn.Module, loader: DataLoader[Batch], data: DataModule
) -> dict[str, list[float] | None]:
    """The loss's weight of each class, and how often an epoch draws each class."""
    weight = getattr(loss, "weight", None)
    targets, sampler = data.targets, list(cast("Any", loader.sampler))
    drawn = np.bincount(targets[sampler]).tolist() if targets.dtype.kind == "i" else None
    return {"class_weights": None if weight is None else weight.tolist(), "drawn": drawn}


def find_synthetic(data: DataModule, stored: int) -> dict[str, int]:
    """Where rows that the balance option added come from.

    Returns:
        `rows` that were added to training, and to `validation`; how many were `checked`, and how
        many of these lie `between` two stored training rows of their class, as SMOTE makes them.
    """
    train, validation = data.store.rows(TRAIN), data.store.rows(VALIDATION)
    added = train[train >= stored]
    checked = added[:: 1 + len(added) // SYNTHETIC]
    targets = data.store.targets
    between = 0
    for row in checked:
        parents = train[(train < stored) & (targets[train] == targets[row])]
        between += lies_between(row, parents, data.store)
    return {
        "rows": len(added),
        "validation": int((validation >= stored).sum()),
        "checked": len(checked),
        "between": between,
    }


def lies_between(row: int, parents: np.ndarray, store: Store) -> bool:
    """Whether a row's numbers are on the line between two parents, or a parent's own."""
    columns = store.state["data"]["numeric"].values()
    fill, std = (np.array([column[part] for column in columns]) for part in ("fill", "std"))
    numbers = store.arrays["numeric"][parents]
    lines = (np.where(np.isnan(numbers), fill, numbers) - store.arrays["numeric"][row]) / std
    lengths = np.linalg.norm(lines, axis=1)
    nearest = np.argsort(lengths)[:NEAREST]
    if lengths[nearest[0]] < SAME:
        return True
    directions = lines[nearest] / lengths[nearest, None]
    return bool((directions @ directions.T).min() < -1 + SAME)


def share_mixed(targets: list[Tensor]) -> float:
    """Mean share of targets (N, classes) beside the largest; 0 for whole ones (N,)."""
    mixed = [1 - batch.max(dim=1).values for batch in targets if batch.ndim > 1]
    return round(torch.cat(mixed).mean().item(), 4) if mixed else 0.0


def share_mislabelled(own: list[Tensor], targets: list[Tensor]) -> float:
    """Share of targets that are not the item's own (N,), or, mixed, hold nothing of it."""
    wrong = [
        batch != mine if batch.ndim == 1 else batch.gather(1, mine[:, None])[:, 0] == 0
        for mine, batch in zip(own, targets, strict=True)
    ]
    return round(torch.cat(wrong).float().mean().item(), 4) if wrong else 0.0


def share_moved(loader: DataLoader[Batch]) -> float:
    """Share of positions that hold another item in the second epoch than in the first."""
    sampler: Any = loader.sampler
    orders = []
    for epoch in (0, 1):
        sampler.set_epoch(epoch)
        orders.append(np.array(list(sampler)))
    return round(float((orders[0] != orders[1]).mean()), 4)


def share_changed(
    network: nn.Module,
    step: Callable[[Batch, int], Any],
    loader: DataLoader[Batch],
    store: Store,
) -> float:
    """Share of items that reach the network in a step with other values than the store has."""
    changed: list[np.ndarray] = []
    with watch_inputs(network) as seen:
        for index, batch in enumerate(islice(loader, BATCHES)):
            step(batch, index)
            stored = store.take(batch["rows"].numpy())
            pairs = [(seen[-1][name].numpy(), array) for name, array in stored.items()]
            changed.append(np.any([find_different(*pair) for pair in pairs], axis=0))
    return round(float(np.concatenate(changed).mean()), 4)


def find_different(seen: np.ndarray, stored: np.ndarray) -> np.ndarray:
    """Which items (N,) differ, missing values being equal to each other."""
    same = np.isclose(seen, stored, rtol=1e-6, atol=1e-6, equal_nan=True)
    different: np.ndarray = ~same.reshape(len(seen), -1).all(axis=1)
    return different


@contextmanager
def watch_inputs(network: nn.Module) -> Iterator[list[dict[str, Tensor]]]:
    """Collects what the network is called with, outside a Trainer, to which nothing is logged."""
    seen: list[dict[str, Tensor]] = []

    def keep(_: nn.Module, __: tuple[Any, ...], inputs: dict[str, Tensor]) -> None:
        seen.append({name: tensor.detach().cpu() for name, tensor in inputs.items()})

    handle = network.register_forward_pre_hook(keep, with_kwargs=True)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*trainer.*not registered")
            yield seen
    finally:
        handle.remove()


def measure_normalised(normaliser: nn.Module, store: Store) -> dict[str, Any]:
    """Spread of training items after the normaliser, along axis 1 of each numeric output."""
    rows = store.rows(TRAIN)
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, ITEMS).astype(int))]
    with torch.no_grad():
        outputs = normaliser(**to_tensors(store.take(rows)))
    mean, std = [], []
    for output in outputs:
        if output.is_floating_point() and output.numel():
            values = output.transpose(0, 1).flatten(1).double()
            mean += values.mean(dim=1).tolist()
            std += values.std(dim=1, correction=0).tolist()
    finite = bool(np.isfinite([*mean, *std]).all())
    return {
        "items": len(rows),
        "finite": finite,
        "mean": [round(value, 4) for value in mean],
        "std": [round(value, 4) for value in std],
    }
