"""Proves before a long run that the model can learn at all. Run: `sanity`."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from ..config import build, to_plain, vary
from ..data.load import to_tensors
from ..data.store import TRAIN, Store, load_store
from ..model.sizing import climb_ladder, describe_network, estimate_memory, read_card
from ..model.spread import measure_spread
from ..model.weights import compare_weights, describe_weights, find_published, find_weights
from ..report import Report
from ..task import Task
from .batches import inspect_batches
from .proof import prove_training
from .rate import set_rate

if TYPE_CHECKING:
    from ..project import Project

# High enough that a sound network learns a few items within the steps; without a warm-up, deep
# transformers stall at more.
LEARNING_RATE = 1e-2
TRANSFORMER_RATE = 1e-3
FIRST_LOSS_FACTOR = 1.5  # the first loss may be this many times off what knowing nothing costs


def run(cfg: DictConfig, project: "Project") -> Report:
    """Measures shapes, first loss, one batch learned by heart, and that every parameter moves.

    Returns:
        The report; its `failures` have the figure and what to look at. With `sanity.skip` it has
        the reason alone.
    """
    reason = cfg.sanity.skip
    if reason:
        return Report("sanity", {"skipped": reason}, summary=f"skipped: {reason}")
    card = read_card(cfg.sanity.card)
    store = load_store(cfg.paths.data_dir)
    torch.manual_seed(cfg.seed)
    task = build(without_smoothing(cfg.task))
    network = make_network(project, cfg, store, task)
    figures: dict[str, Any] = {"model": to_plain(cfg.model)} | describe_network(network)
    figures |= check_weights(network, to_plain(cfg.model))
    stop_dropout(network)
    inputs, targets = take_items(store, cfg.sanity.num_items, cfg.seed)
    figures["spread"] = measure_spread(network, inputs)
    figures |= measure_shapes(network, inputs, task.num_outputs(store.state["task"]))
    loss = task.loss(store.state["task"])
    figures |= measure_first_loss(network, loss, store)
    figures |= overfit(network, loss, inputs, targets, cfg.sanity.steps)
    figures["megabytes"] = estimate_memory(network, inputs, cfg.loader.batch_size)
    figures["card"] = card
    figures["ladder"] = climb_ladder(project, cfg, store, task, (inputs, targets))
    cfg = use_arrays(set_rate(cfg, LEARNING_RATE))  # what is proved holds at any, also at `auto`
    figures["batches"] = inspect_batches(project, cfg)
    figures["proof"] = prove_training(project, cfg)
    return Report(
        stage="sanity",
        figures=figures,
        failures=[
            *find_failures(figures, cfg.sanity.max_loss_share),
            *find_broken_promises(figures["proof"]),
        ],
        summary=(
            f"first loss {figures['first_loss']:.3f} (expected {figures['expected_loss']:.3f}), "
            f"{len(targets)} items overfitted to {figures['overfit_loss']:.4f}, all "
            f"{figures['tensors']} tensors are updated; training takes about "
            f"{describe_room(figures['megabytes']['estimate'], card)}"
        ),
    )


def without_smoothing(task: DictConfig) -> DictConfig:
    """The task with a loss that can reach zero."""
    smoothing = {"label_smoothing": 0.0} if "label_smoothing" in task else {}
    return OmegaConf.merge(task, smoothing)  # type: ignore[return-value]


def make_network(project: "Project", cfg: DictConfig, store: Store, task: Task) -> nn.Module:
    """A fresh network of the configured architecture."""
    width = task.num_outputs(store.state["task"])
    groups = to_plain(cfg.model), to_plain(cfg.preprocess)
    return project.build_network(*groups, store.state["data"], width)


def use_arrays(cfg: DictConfig) -> DictConfig:
    """The config with the default loader: the arrays show what a stream holds too."""
    arrays = vary(cfg, ["loader=default"])
    assert arrays is not None
    arrays.loader.batch_size = cfg.loader.batch_size
    return arrays


def describe_room(estimate: float, card: dict[str, Any] | None) -> str:
    """Memory that training takes, and what of a card that is."""
    told = f"{estimate:,.0f} MB"
    if card is None:
        return told
    fits = "of" if estimate < card["megabytes"] else "and does not fit into"
    return f"{told} {fits} {card['megabytes']:,} MB of {card['name']}"


def stop_dropout(network: nn.Module) -> None:
    """Sets every dropout, and timm's stochastic depth, to zero: it hinders learning by heart."""
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for name in ("drop_rate", "drop_prob"):
            if hasattr(module, name):
                setattr(module, name, 0.0)


def check_weights(network: Any, model: dict[str, Any]) -> dict[str, Any]:
    """What a pretrained network started from, held against its source.

    Returns:
        `published`: the weights that there are for the architecture, or None; `weights`: their
        name and hash and what of them is in the network, None where it starts from scratch.
    """
    published, weights = find_published(model.get("architecture")), describe_weights(model)
    if weights is None:
        return {"published": published, "weights": None}
    found = compare_weights(network.backbone, find_weights(published, model.get("weights")))
    return {"published": published, "weights": weights | found}


def take_items(store: Store, count: int, seed: int) -> tuple[dict[str, Tensor], Tensor]:
    """A few training items drawn at random: inputs by name and targets."""
    rows = store.rows(TRAIN)
    rows = np.sort(np.random.default_rng(seed).choice(rows, min(count, len(rows)), replace=False))
    return to_tensors(store.take(rows)), torch.from_numpy(np.asarray(store.targets[rows]))


def measure_shapes(network: nn.Module, inputs: dict[str, Tensor], width: int) -> dict[str, Any]:
    """Whether one item and many give outputs of the task's width."""
    network.eval()
    with torch.no_grad():
        many = network(**inputs)
        one = network(**{name: tensor[:1] for name, tensor in inputs.items()})
    count = len(next(iter(inputs.values())))
    shapes = {str(count): list(many.shape), "1": list(one.shape)}
    expected = {str(count): [count, width], "1": [1, width]}
    return {"shapes": shapes, "shapes_match": shapes == expected}


def measure_first_loss(network: nn.Module, loss: nn.Module, store: Store) -> dict[str, float]:
    """Loss of the untrained network on training items, and of one that says 0 of the same ones.

    Equal odds, or the mean, are what 0 stands for. Where a few targets lie far off, any other items
    would cost something else.
    """
    inputs, targets = take_items(store, 256, seed=0)
    network.eval()
    with torch.no_grad():
        outputs = network(**inputs)
        nothing = loss(torch.zeros_like(outputs), targets)
        first = loss(outputs, targets)
    return {"first_loss": first.item(), "expected_loss": nothing.item()}


def overfit(
    network: nn.Module, loss: nn.Module, inputs: dict[str, Tensor], targets: Tensor, steps: int
) -> dict[str, Any]:
    """Trains on the same few items; counts tensors that had no gradient, did not move or broke."""
    trainable = {name: p for name, p in network.named_parameters() if p.requires_grad}
    before = {name: p.detach().clone() for name, p in trainable.items()}
    is_transformer = describe_network(network)["family"] == "transformer"
    rate = TRANSFORMER_RATE if is_transformer else LEARNING_RATE
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.0)
    network.train()
    losses = []
    touched: set[str] = set()
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(network(**inputs), targets)
        if value.requires_grad:  # it does not where all is frozen or detached
            value.backward()
        touched |= {name for name, p in trainable.items() if p.grad is not None and p.grad.any()}
        optimizer.step()
        losses.append(value.item())
    still = [name for name, p in trainable.items() if torch.equal(p, before[name])]
    return {
        "overfit_items": len(targets),
        "overfit_first_loss": losses[0],
        "overfit_loss": losses[-1],
        "finite": bool(np.isfinite(losses).all()),
        "tensors": len(before),
        "without_gradient": sorted(set(before) - touched),
        "not_moved": still,
    }


def find_failures(figures: dict[str, Any], max_share: float) -> list[str]:
    """One sentence for each thing that is wrong."""
    failures = []
    first, expected = figures["first_loss"], figures["expected_loss"]
    if figures["weights"] and figures["weights"]["missing"]:
        missing, tensors = figures["weights"]["missing"], figures["weights"]["tensors"]
        failures.append(
            f"{len(missing)} of {tensors} tensors are not those of {figures['weights']['name']}: "
            f"{', '.join(missing[:5])}; look at the names in the file and at what is initialised "
            "after loading."
        )
    if not figures["trainable"]:
        failures.append("no parameter is trainable: look for frozen layers.")
    if not figures["shapes_match"]:
        failures.append("outputs do not have the shape (items, outputs): look at the head.")
    if not figures["finite"]:
        failures.append("the loss became NaN or infinite: look at normalisation and inputs.")
    if not expected / FIRST_LOSS_FACTOR <= first <= expected * FIRST_LOSS_FACTOR:
        failures.append(
            f"the first loss is {first:.3f}, but {expected:.3f} is expected from knowing nothing: "
            "look at the last layer's initial weights and bias."
        )
    if figures["overfit_loss"] > max_share * figures["overfit_first_loss"]:
        failures.append(
            f"a few items cannot be overfitted (loss {figures['overfit_first_loss']:.3f} -> "
            f"{figures['overfit_loss']:.3f}): look for a detach, a frozen layer or wrong targets."
        )
    if figures["batches"]["mislabelled"]:
        failures.append(
            f"{figures['batches']['mislabelled']:.1%} of the training targets that reach the loss "
            "are not their item's: look at training_step and the augmentation."
        )
    for key, words in (("without_gradient", "have no gradient"), ("not_moved", "do not move")):
        if figures[key]:
            failures.append(f"parameters {words}: {', '.join(figures[key][:5])}.")
    return failures


def find_broken_promises(proof: dict[str, Any]) -> list[str]:
    """One sentence for each thing that a few steps of training did not prove."""
    failures = []
    if not proof["reproduces"]:
        failures.append(
            f"{proof['steps']} equal steps gave other weights the second time: look for code that "
            "uses a random generator other than torch's, or depends on time."
        )
    if not proof["resumes"]:
        failures.append(
            f"a run resumed at step {proof['resumed_at']} ended with other weights: look for state "
            "that no checkpoint holds."
        )
    if proof["stopped_at"] != proof["poisoned_at"]:
        failures.append(f"a NaN in step {proof['poisoned_at']} did not stop the run there.")
    return failures
