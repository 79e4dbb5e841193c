"""Pictures of what the model predicts as it learns: `train callbacks=samples`."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from dlproof import DataType, build
from dlproof.data import VALIDATION, to_tensors
from dlproof.training import refuse_less_than_one
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import OmegaConf

from .module import LitModel


class SamplePredictions(Callback):
    """Draws the same batch of validation items again and again, in `samples/` of the run's folder.

    Images are shown with true and predicted label; for other data, the task plots predictions
    against targets. A stream has no rows, and nothing is drawn.

    Args:
        data: Config group `data`, whose type draws items.
        every_n_epochs: Epochs between pictures.
        seed: Chooses the items; training's random state stays as it is.

    Raises:
        UserError: `every_n_epochs` is less than 1.
    """

    def __init__(self, data: dict[str, Any], every_n_epochs: int, seed: int) -> None:
        refuse_less_than_one("callbacks.samples.every_n_epochs", every_n_epochs)
        self.data: DataType = build(OmegaConf.create(data))
        self.every_n_epochs, self.seed = every_n_epochs, seed

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Draws after the last batch, while averaged weights are still in place."""
        is_last = batch_idx + 1 == trainer.num_val_batches[0]
        is_due = (trainer.current_epoch + 1) % self.every_n_epochs == 0
        store = getattr(trainer.datamodule, "store", None)  # type: ignore[attr-defined]
        if not is_last or not is_due or store is None or trainer.sanity_checking:
            return
        assert isinstance(module, LitModel)
        rows = np.random.default_rng(self.seed).permutation(store.rows(VALIDATION))
        rows = np.sort(rows[: trainer.datamodule.loader.batch_size])  # type: ignore[attr-defined]
        arrays = store.take(rows)
        inputs = {name: tensor.to(module.device) for name, tensor in to_tensors(arrays).items()}
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            predictions = module.decoder(module(inputs).float()).cpu().numpy()
        if not trainer.is_global_zero:
            return
        path = Path(trainer.default_root_dir, "samples", f"epoch-{trainer.current_epoch:04d}.png")
        state = store.state["task"]
        answers = [format_answer(module.task.describe(row, state)) for row in predictions]
        labels = store.items["label"].iloc[rows]
        words = [f"{label}: {answer}" for label, answer in zip(labels, answers, strict=True)]
        if not self.data.draw_items(arrays, words, path):
            module.task.draw(np.asarray(store.targets[rows]), predictions, state, path)


def format_answer(answer: dict[str, Any]) -> str:
    """`cat, 0.98`: the texts and numbers of a described prediction."""
    shown = [v for v in answer.values() if isinstance(v, str | float)]
    return ", ".join(f"{v:.3g}" if isinstance(v, float) else v for v in shown)
