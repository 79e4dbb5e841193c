"""`export`: the checkpoint as one ONNX file from raw arrays to predictions, proven to agree."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from ..configuration import build
from ..data.load import to_tensors
from ..data.types import Arrays
from ..errors import UserError
from ..files import atomic, hash_file, write_json
from ..model.checkpoint import load_network
from ..monitoring.reference import build_reference
from ..report import Report, load_report
from ..revision import describe_revision
from .runtime import MODEL, REFERENCE, SIDECAR, Model, open_session, open_validation


class Exported(nn.Module):
    """Network and decoder in one; arrays of width 0 are made inside, not asked for.

    Args:
        network: Raw arrays to outputs.
        decoder: Outputs to predictions.
        empty: Arrays without columns, of any number of rows.
    """

    def __init__(self, network: nn.Module, decoder: nn.Module, empty: dict[str, Tensor]) -> None:
        super().__init__()
        self.network, self.decoder, self.empty = network, decoder, empty

    def forward(self, **inputs: Tensor) -> Tensor:
        """Arrays by name, items along axis 0 -> predictions."""
        size = next(iter(inputs.values())).shape[0]
        empty = {name: a.new_zeros((size, *a.shape[1:])) for name, a in self.empty.items()}
        predictions: Tensor = self.decoder(self.network(**inputs, **empty))
        return predictions


def run(cfg: DictConfig) -> Report:
    """Exports `models/model.ckpt`; a model that disagrees with PyTorch leaves no file."""
    models_dir = Path(cfg.paths.models_dir)
    network, trained = load_network(models_dir / "model.ckpt")
    data_version = trained["state"]["version"]
    store, rows = open_validation(cfg.paths.data_dir, data_version, cfg.export["items"])
    arrays = store.take(rows)
    empty = {name: array for name, array in to_tensors(arrays).items() if not array[0].numel()}
    arrays = {name: array for name, array in arrays.items() if name not in empty}
    decoder = build(OmegaConf.create(trained["task"])).decoder(trained["state"]["task"])
    exported = Exported(network, decoder, empty).eval()
    with atomic(models_dir / MODEL) as draft:
        write_onnx(exported, arrays, draft, cfg.export.opset)
        parity = check_parity(exported, arrays, draft, cfg.export.tolerance)
        sidecar = describe_model(draft, arrays, trained, cfg)
        write_json(draft.with_name(SIDECAR), sidecar)
        reference = build_reference(Model(draft.parent), store)
    write_json(models_dir / SIDECAR, sidecar)
    write_json(models_dir / REFERENCE, reference)
    report = Report(
        stage="export",
        figures={
            "version": sidecar["version"],
            "opset": cfg.export.opset,
            "megabytes": round((models_dir / MODEL).stat().st_size / 1e6, 3),
            "items_compared": len(rows),
            **parity,
        },
        summary=f"{sidecar['version']} as ONNX, at most {parity['largest_difference']:.1e} from "
        f"PyTorch on {len(rows)} items",
    )
    for name in (MODEL, SIDECAR, REFERENCE):
        report.add_file(models_dir / name)
    return report


def write_onnx(exported: Exported, arrays: Arrays, path: Path, opset: int) -> None:
    """Writes one file with weights inside and a free batch axis.

    Raises:
        UserError: The architecture holds something that ONNX cannot say.
    """
    # An example batch of one would be taken for a constant.
    example = {
        name: array[:1].repeat_interleave(2, 0) for name, array in to_tensors(arrays).items()
    }
    free = {name: {0: torch.export.Dim.DYNAMIC} for name in example}
    free[next(iter(example))] = {0: "batch"}  # names the axis that all share
    try:
        program = torch.onnx.export(
            exported,
            (),
            kwargs=example,
            dynamo=True,
            opset_version=opset,
            input_names=list(example),
            output_names=["prediction"],
            dynamic_shapes={"inputs": free},
            verbose=False,
        )
    except Exception as error:  # the exporter passes on whatever a model's code raises
        first = str(error).strip().splitlines()[0]
        raise UserError(f"the model cannot be written as ONNX: {first}") from error
    assert program is not None
    program.save(path)


def check_parity(
    exported: Exported, arrays: Arrays, path: Path, tolerance: float
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
