"""What a network is made of, how much memory its training takes, and whether every size builds."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from ..config import to_plain
from ..data.store import Store
from ..errors import UserError
from ..task import Task
from .families import find_family

if TYPE_CHECKING:
    from ..project import Project

MEGABYTE = 1e6
# Bytes of float32 a trainable parameter: itself, its gradient and two moments of Adam.
BYTES_PER_PARAMETER = 4 * 4
# Gigabytes of cards as sold; of the same name with more or less, the one with more has the name.
CARDS = {
    "T4": 16,
    "V100": 32,
    "A10": 24,
    "L4": 24,
    "RTX-4090": 24,
    "A100-40GB": 40,
    "L40S": 48,
    "A100": 80,
    "H100": 80,
    "H200": 141,
}
NORMS = ("BatchNorm", "LayerNorm", "GroupNorm", "InstanceNorm", "RMSNorm")


def describe_network(network: nn.Module) -> dict[str, Any]:
    """Family, parameters, norm layers and the dropout of each layer that drops something."""
    names = [type(module).__name__ for module in network.modules()]
    return {
        "family": find_family(names),
        "parameters": sum(p.numel() for p in network.parameters()),
        "trainable": count_trainable(network),
        "norm_layers": sum(any(norm in name for norm in NORMS) for name in names),
        "dropout": [m.p for m in network.modules() if isinstance(m, nn.Dropout) and m.p],
    }


def count_trainable(network: nn.Module) -> int:
    """Parameters that training changes."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def estimate_memory(
    network: nn.Module, inputs: dict[str, Tensor], batch_size: int
) -> dict[str, float]:
    """Megabytes that training takes at float32: parameters four times, and a batch's activations.

    Activations are what autograd really keeps for the backward pass of `inputs`, scaled to a batch.
    """
    kept: dict[int, int] = {}
    own = {p.data_ptr() for p in network.parameters()}

    def note(tensor: Tensor) -> Tensor:
        """Remembers what autograd keeps, once each."""
        if tensor.data_ptr() not in own:
            kept[tensor.data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    network.train()
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        outputs = network(**inputs)
    activations = sum(kept.values()) / len(outputs) * batch_size / MEGABYTE
    parameters = BYTES_PER_PARAMETER * count_trainable(network) / MEGABYTE
    return {
        "parameters": round(parameters, 3),
        "activations": round(activations, 3),
        "estimate": round(parameters + activations, 3),
    }


def read_card(card: str | int | None) -> dict[str, Any] | None:
    """Name and megabytes of the card that `sanity.card` names, or whose gigabytes it gives.

    Raises:
        UserError: No card of this name is known.
    """
    if card is None:
        return None
    if isinstance(card, int):
        return {"name": f"a card of {card} GB", "megabytes": 1000 * card}
    if card not in CARDS:
        raise UserError(
            f"sanity.card={card} is none of {', '.join(CARDS)}: give the gigabytes instead."
        )
    return {"name": f"a {card}", "megabytes": 1000 * CARDS[card]}


def climb_ladder(
    project: "Project",
    cfg: DictConfig,
    store: Store,
    task: Task,
    items: tuple[dict[str, Tensor], Tensor],
) -> dict[str, Any]:
    """Every option of `configs/model/`: its trainable parameters after one training step.

    Returns:
        Name -> parameters, or the error's words where an option does not build or train.
    """
    rungs: dict[str, Any] = {}
    for path in sorted(Path("configs", "model").glob("*.yaml")):
        try:
            rungs[path.stem] = try_rung(project, read_rung(cfg, path), cfg, store, task, items)
        except Exception as error:  # an architecture may fail in any way
            rungs[path.stem] = f"{type(error).__name__}: {error}".splitlines()[0]
    return rungs


def read_rung(cfg: DictConfig, path: Path) -> dict[str, Any]:
    """An option of the model group as plain containers; pretrained weights are not downloaded."""
    whole = OmegaConf.create({**to_plain(cfg), "model": OmegaConf.load(path)})
    model = to_plain(whole.model)
    return model | ({"pretrained": False} if "pretrained" in model else {})


def try_rung(
    project: "Project",
    model: dict[str, Any],
    cfg: DictConfig,
    store: Store,
    task: Task,
    items: tuple[dict[str, Tensor], Tensor],
) -> int:
    """Builds an architecture, takes one step and counts its trainable parameters.

    Raises:
        ValueError: The step gives no finite loss, or no gradient.
    """
    # Two are enough for a step: the batch norm of a large network needs more than one value.
    inputs, targets = {name: tensor[:2] for name, tensor in items[0].items()}, items[1][:2]
    width = task.num_outputs(store.state["task"])
    preprocess, state = to_plain(cfg.preprocess), store.state["data"]
    network = project.build_network(model, preprocess, state, width)
    loss = task.loss(store.state["task"])(network(**inputs), targets)
    loss.backward()
    if not loss.isfinite() or not any(p.grad is not None for p in network.parameters()):
        raise ValueError("one step gives no finite loss and gradient")
    return count_trainable(network)
