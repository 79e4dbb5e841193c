"""Reading checkpoints back: only the network, rebuilt from plain hyperparameters."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from hydra.errors import InstantiationException
from omegaconf import OmegaConf
from torch import nn

from ..config import build
from ..errors import UserError, is_out_of_memory
from ..trust import refuse_foreign

GROUPS = ("model", "preprocess", "task")  # that a network is made from
SHOWN = 300  # characters of what does not fit


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """The content of a checkpoint; only tensors and plain containers are ever unpickled.

    Raises:
        UserError: The file is missing or not a whole checkpoint.
    """
    if not Path(path).exists():
        raise UserError(f"{path} does not exist: run `train` first.")
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(content.get("hyper_parameters", {}), dict):
            raise TypeError("its hyperparameters are not a mapping")
    except Exception as error:
        raise UserError(
            f"{path} is not a whole checkpoint ({error}): run `train` again."
        ) from error
    return content


def load_network(
    path: str | Path, build_network: Callable[..., nn.Module]
) -> tuple[nn.Module, dict[str, Any]]:
    """A trained network on the CPU in eval mode, and the hyperparameters it was made from.

    Args:
        path: The checkpoint.
        build_network: The project's.

    Returns:
        The network, and a dict with `state` (content of state.json) and the config groups.

    Raises:
        UserError: The file is missing or damaged, asks for what no network consists of, or is of
            other code than there is now.
    """
    content = read_checkpoint(path)
    hyperparameters = content.get("hyper_parameters", {})
    lacking = sorted({*GROUPS, "state"} - {*hyperparameters})
    if lacking:
        raise UserError(f"{path} is not a checkpoint of `train`: it lacks {', '.join(lacking)}.")
    groups = {name: hyperparameters[name] for name in GROUPS}
    refuse_foreign(path, groups, {build_network.__module__.partition(".")[0]})
    state = hyperparameters["state"]
    weights = {
        name.removeprefix("network."): tensor
        for name, tensor in content["state_dict"].items()
        if name.startswith("network.")
    }
    try:
        task = build(OmegaConf.create(hyperparameters["task"]))
        width = task.num_outputs(state["task"])
        network = build_network(groups["model"], groups["preprocess"], state["data"], width)
        network.load_state_dict(weights)
    except Exception as error:  # whatever the project's code raises
        if is_out_of_memory(error):
            raise
        raise UserError(
            f"{path} does not fit the code as it is now: {shorten(error)} Run `train` again, or go "
            "back to the code that the run's record.json names."
        ) from error
    return network.eval(), hyperparameters


def shorten(error: Exception) -> str:
    """What an error says, or what Hydra's is about, as the start of one sentence."""
    about = error.__cause__ if isinstance(error, InstantiationException) else error
    told = " ".join(str(about).split())
    return f"{told[:SHOWN]} …" if len(told) > SHOWN else f"{told.rstrip('.')}."
