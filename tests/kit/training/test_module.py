"""The project's own module as Lightning's Trainer calls it beside training."""

import pytest
import torch
from lightning.pytorch import Trainer
from torch.utils.data import DataLoader

from ..projects import IMAGE, REGRESSION

pytestmark = [
    pytest.mark.parametrize("package", ["own"], indirect=True),
    pytest.mark.parametrize("sort", [IMAGE, REGRESSION], indirect=True),
]
QUIET = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")


def test_trainers_test_logs_every_metric_and_the_mean_loss_of_all_items(processed, declared, small):
    cfg = declared.compose([*small, "loader.num_workers=0"])
    torch.manual_seed(0)
    data = declared.open_data(cfg)
    module = declared.build_module(cfg, data, 1).eval()
    batch = next(iter(data.train_dataloader()))
    parts = [
        {"inputs": {n: a[at] for n, a in batch["inputs"].items()}, "targets": batch["targets"][at]}
        for at in (slice(5), slice(5, None))
    ]
    trainer = Trainer(accelerator="cpu", **dict.fromkeys(QUIET, False))
    (logged,) = trainer.test(module, DataLoader(parts, batch_size=None), verbose=False)
    with torch.no_grad():
        outputs = module(batch["inputs"])
    loss = module.task.loss(data.state["task"])(outputs, batch["targets"])
    metrics = module.task.metrics(batch["targets"].numpy(), module.decoder(outputs).numpy())
    logged_ones = module.task.torch_metrics(data.state["task"])  # others are in reports alone
    expected = {"loss": loss.item()} | {name: metrics[name] for name in logged_ones}
    assert logged == pytest.approx({f"test/{n}": v for n, v in expected.items()}, abs=1e-4)
