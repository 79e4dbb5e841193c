"""`export`."""

from pathlib import Path

import torch
from dlproof import Report, atomic, build, write_json
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
from omegaconf import OmegaConf
from torch import nn

from .network import build_network


class Answering(nn.Module):
    """Network and decoder."""

    def __init__(self, network, decoder):
        super().__init__()
        self.network, self.decoder = network, decoder

    def forward(self, **inputs):
        """Arrays by name -> predictions."""
        return self.decoder(self.network(**inputs))


def write_onnx(answering, arrays, path, opset):
    """One file with a free batch axis."""
    example = {name: array[:2] for name, array in to_tensors(arrays).items()}
    free = {name: {0: torch.export.Dim.DYNAMIC} for name in example}
    free[next(iter(example))] = {0: "batch"}
    names = {"input_names": list(example), "output_names": ["prediction"]}
    options = {"dynamo": True, "opset_version": opset, "dynamic_shapes": {"inputs": free}}
    torch.onnx.export(answering, (), kwargs=example, verbose=False, **names, **options).save(path)


def run(cfg):
    """Writes the model, its sidecar and the reference."""
    folder = Path(cfg.paths.models_dir)
    network, trained = load_network(folder / "model.ckpt", build_network)
    version, items = trained["state"]["version"], cfg.export["items"]
    store, rows = open_validation(cfg.paths.data_dir, version, items)
    task = build(OmegaConf.create(trained["task"]))
    trained["state"]["task"] |= calibrate(cfg, store, task, build_network)
    decoder = task.decoder(trained["state"]["task"])
    answering, arrays = Answering(network, decoder).eval(), store.take(rows)
    with atomic(folder / MODEL) as draft:
        write_onnx(answering, arrays, draft, cfg.export.opset)
        parity = export.check_parity(answering, arrays, draft, cfg.export.tolerance)
        sidecar = export.describe_model(draft, arrays, trained, cfg)
        write_json(draft.with_name(SIDECAR), sidecar)
        reference = build_reference(Model(draft.parent), store)
    write_json(folder / SIDECAR, sidecar)
    write_json(folder / REFERENCE, reference)
    report = Report("export", export.evidence(folder, cfg.export.opset, len(rows), parity))
    for name in (MODEL, SIDECAR, REFERENCE):
        report.add_file(folder / name)
    return report
