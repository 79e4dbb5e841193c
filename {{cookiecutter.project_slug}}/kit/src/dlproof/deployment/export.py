"""A network as one ONNX file, held against PyTorch, and what the service needs to know of it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn

from ..data.load import to_tensors
from ..errors import UserError
from ..files import hash_file, read_json
from ..report import load_report
from ..revision import describe_revision
from ..types import Arrays
from .runtime import MODEL, SIDECAR, open_session


def check_parity(
    exported: nn.Module, arrays: Arrays, path: Path, tolerance: float
) -> dict[str, Any]:
    """Compares PyTorch and onnxruntime, item by item and all at once.

    Returns:
        `largest_difference`, relative to the largest prediction where that is above 1, since a
        regression's target may be in thousands; `changed_classes`, items whose predicted class
        differs; and the `batches` compared.

    Raises:
        UserError: It is over the tolerance, or a predicted class differs.
    """
    with torch.inference_mode():
        expected = exported(**to_tensors(arrays)).numpy()
    session = open_session(path)
    at_once = session.run(None, arrays)[0]
    singles = [
        session.run(None, {name: array[index : index + 1] for name, array in arrays.items()})[0]
        for index in range(len(expected))
    ]
    found = np.stack([at_once, np.concatenate(singles)])
    difference = float(np.abs(found - expected).max() / max(1.0, np.abs(expected).max()))
    differs = found.argmax(-1) != expected.argmax(-1) if expected.ndim > 1 else np.zeros((2, 1))
    changed = int(differs.any(0).sum())
    if changed or not difference <= tolerance:  # so that NaN fails too
        raise UserError(
            f"the ONNX model differs from PyTorch by {difference:.1e} (export.tolerance="
            f"{tolerance:g}), in {changed} predicted classes: nothing was exported."
        )
    return {
        "largest_difference": difference,
        "changed_classes": changed,
        "batches": [1, len(expected)],
    }


def describe_model(
    path: Path, arrays: Arrays, trained: dict[str, Any], cfg: DictConfig
) -> dict[str, Any]:
    """The sidecar: where the model comes from, and all that is needed to use it."""
    return {
        "version": load_report("train", cfg.paths.reports_dir).figures["run"],
        "model_sha256": hash_file(path),
        "data_version": trained["state"]["version"],
        **describe_revision(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "inputs": [
            {"name": name, "dtype": str(array.dtype), "shape": list(array.shape[1:])}
            for name, array in arrays.items()
        ],
        "output": "prediction",
        "data": OmegaConf.to_container(cfg.data, resolve=True),
        "task": trained["task"],
        "state": trained["state"],
    }


def evidence(folder: Path, opset: int, items: int, parity: dict[str, Any]) -> dict[str, Any]:
    """Figures of `export` that checks read: version, format, size, and how closely it agrees.

    Args:
        folder: Where the export is.
        opset: Of ONNX.
        items: How many were compared.
        parity: As `check_parity` gives it.
    """
    return {
        "version": read_json(folder / SIDECAR)["version"],
        "opset": opset,
        "megabytes": round((folder / MODEL).stat().st_size / 1e6, 3),
        "items_compared": items,
        **parity,
    }
