"""Pretrained weights: where they come from, and whether a network really holds them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from ..files import hash_file

if TYPE_CHECKING:
    from torch import Tensor, nn

FILE = "model.safetensors"  # in each of timm's repositories on the Hugging Face hub
SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")
PATIENCE_SECONDS = 3.0
# What may differ from the source: the head has other classes, the stem other channels.
FREE = ("classifier", "first_conv")


def find_published(architecture: str | None) -> str | None:
    """The hub's id of the weights that timm publishes for an architecture; None without any.

    Raises:
        UserError: timm does not know the name.
    """
    if architecture is None:
        return None
    import timm

    if not timm.is_model(architecture):
        raise UserError(
            f"model.architecture={architecture}: timm has no such model; see `timm.list_models()`."
        )
    published = timm.get_pretrained_cfg(architecture)
    return published.hf_hub_id if published else None


def find_weights(hub_id: str | None, path: str | None) -> Path:
    """The file of weights: the given one, else the hub's as cached, else as downloaded.

    Raises:
        UserError: It is not available; says which file to download.
    """
    if path is not None:
        if not Path(path).is_file() or not path.endswith(SUFFIXES):
            raise UserError(f"weights={path} is not a file of weights ({', '.join(SUFFIXES)}).")
        return Path(path)
    if hub_id is None:
        raise UserError("timm publishes no weights for this model: set model.pretrained=false.")
    import httpx
    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache

    cached = try_to_load_from_cache(hub_id, FILE)
    if isinstance(cached, str):
        return Path(cached)
    try:
        if constants.HF_HUB_OFFLINE:
            raise OSError("HF_HUB_OFFLINE is set")
        # The hub's own client would try for 47 seconds before it gives up.
        httpx.head(constants.ENDPOINT, timeout=PATIENCE_SECONDS)
        return Path(hf_hub_download(hub_id, FILE))
    except (OSError, httpx.HTTPError) as error:
        raise UserError(
            f"the pretrained weights {hub_id} are not available ({error}): connect to a network; "
            f"or download {FILE} from https://huggingface.co/{hub_id} and set model.weights or "
            "baselines.weights to it; or go without (model.pretrained=false, "
            "baselines.backbone=null)."
        ) from error


def describe_weights(model: dict[str, Any]) -> dict[str, str] | None:
    """Name and hash of the weights that a model starts from; None if it starts from scratch.

    Raises:
        UserError: The weights are not available, or are given but not used.
    """
    if not model.get("pretrained"):
        if model.get("weights"):
            raise UserError(
                "model.weights is given and model.pretrained is false: set model.pretrained=true."
            )
        return None
    hub_id = find_published(model.get("architecture"))
    path = find_weights(hub_id, model.get("weights"))
    return {"name": model.get("weights") or str(hub_id), "sha256": hash_file(path)}


def compare_weights(network: "nn.Module", path: Path) -> dict[str, Any]:
    """Holds each tensor of one of timm's networks against the file that it was loaded from.

    Returns:
        `tensors` of the network; how many are `loaded`, equal to the file's; `changed`, names of
        head, stem and what was resized; `missing`, names of others that differ or that the file
        lacks; `unexpected`, names in the file that the network has no place for.
    """
    from timm.models import load_state_dict

    source = keep_floats(load_state_dict(str(path)))
    own = keep_floats(network.state_dict())
    parts: Any = network.pretrained_cfg
    free = tuple(f"{part}." for key in FREE for part in as_names(parts.get(key)))
    loaded = {n for n, t in own.items() if n in source and t.cpu().equal(source[n].to(t.dtype))}
    resized = {n for n in own.keys() & source.keys() if own[n].shape != source[n].shape}
    changed = {n for n in own if n.startswith(free)} - loaded | resized
    return {
        "tensors": len(own),
        "loaded": len(loaded),
        "changed": sorted(changed),
        "missing": sorted(own.keys() - loaded - changed),
        "unexpected": sorted(n for n in source.keys() - own.keys() if not n.startswith(free)),
    }


def keep_floats(tensors: dict[str, "Tensor"]) -> dict[str, "Tensor"]:
    """Tensors of weights and statistics, without counters."""
    return {name: tensor for name, tensor in tensors.items() if tensor.is_floating_point()}


def as_names(value: str | list[str] | None) -> list[str]:
    """One name, several names or None as a list."""
    return [value] if isinstance(value, str) else list(value or ())
