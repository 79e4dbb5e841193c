"""`export`: writes the model as one ONNX file, raw arrays to predictions; proves that it agrees."""

from pathlib import Path

import torch
from dlproof import Arrays, Report, Task, UserError, atomic, build, write_json
from dlproof.data import to_tensors
from dlproof.deployment import (
    MODEL,
    REFERENCE,
    SIDECAR,
    Model,
    build_reference,
    export,
    open_validation,
)
from dlproof.evaluation import calibrate
from dlproof.model import load_network
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from ..model.network import build_network


class Exported(nn.Module):
    """Network and decoder in one; arrays of width 0 are not inputs but made inside.

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
    """Exports `models/model.ckpt`; writes no file if the result disagrees with PyTorch."""
    folder = Path(cfg.paths.models_dir)
    network, trained = load_network(folder / "model.ckpt", build_network)
    data_version = trained["state"]["version"]
    store, rows = open_validation(cfg.paths.data_dir, data_version, cfg.export["items"])
    task: Task = build(OmegaConf.create(trained["task"]))
    trained["state"]["task"] |= calibrate(cfg, store, task, build_network)
    arrays = store.take(rows)
    empty = {name: array for name, array in to_tensors(arrays).items() if not array[0].numel()}
    arrays = {name: array for name, array in arrays.items() if name not in empty}
    exported = Exported(network, task.decoder(trained["state"]["task"]), empty).eval()
    with atomic(folder / MODEL) as draft:
        write_onnx(exported, arrays, draft, cfg.export.opset)
        parity = export.check_parity(exported, arrays, draft, cfg.export.tolerance)
        sidecar = export.describe_model(draft, arrays, trained, cfg)
        write_json(draft.with_name(SIDECAR), sidecar)
        reference = build_reference(Model(draft.parent), store)
    write_json(folder / SIDECAR, sidecar)
    write_json(folder / REFERENCE, reference)
    report = Report("export", export.evidence(folder, cfg.export.opset, len(rows), parity))
    report.summary = (
        f"{sidecar['version']} as ONNX, at most {parity['largest_difference']:.1e} from PyTorch on "
        f"{len(rows)} items"
    )
    for name in (MODEL, SIDECAR, REFERENCE):
        report.add_file(folder / name)
    return report


def write_onnx(exported: Exported, arrays: Arrays, path: Path, opset: int) -> None:
    """Writes one file that includes the weights, with a dynamic batch axis.

    Raises:
        UserError: The architecture has an operation that ONNX cannot express.
    """
    # A batch size of one would be taken for a constant.
    example = {
        name: array[:1].repeat_interleave(2, 0) for name, array in to_tensors(arrays).items()
    }
    free = {name: {0: torch.export.Dim.DYNAMIC} for name in example}
    free[next(iter(example))] = {0: "batch"}  # names the axis that all arrays share
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
    except Exception as error:  # the exporter lets any exception of the model's code through
        first = str(error).strip().splitlines()[0]
        raise UserError(f"the model cannot be written as ONNX: {first}") from error
    assert program is not None
    program.save(path)
