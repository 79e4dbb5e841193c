"""Loggers: each option of `configs/logger/` names a function that makes one for a run."""

import csv
import os
from pathlib import Path

from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger, WandbLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter

from ..files import atomic


class LogWriter(ExperimentWriter):
    """Goes on with the log that is there, which Lightning's would delete."""

    def _check_log_dir_exists(self) -> None:
        path = Path(self.metrics_file_path)
        if path.exists():
            with path.open(encoding="utf-8", newline="") as stream:
                self.metrics_keys = next(csv.reader(stream), [])

    def _rewrite_with_new_header(self, fieldnames: list[str]) -> None:
        rewrite_log(Path(self.metrics_file_path), columns=fieldnames)


def rewrite_log(path: Path, columns: list[str] | None = None, keep: int | None = None) -> None:
    """Writes a log anew, whole or not at all: with more columns, or only its first rows."""
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        rows = list(reader)[:keep]
    with atomic(path) as draft, draft.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns or reader.fieldnames or [])
        writer.writeheader()
        writer.writerows(rows)


def csv_logger(run_dir: Path) -> CSVLogger:
    """Metrics of each epoch in `<run>/metrics.csv`."""
    logger = CSVLogger(run_dir.parent, name="", version=run_dir.name)
    logger._experiment = LogWriter(logger.log_dir)
    return logger


class OneRunLogger(WandbLogger):
    """Ends its run with the training, so that another one in the same process gets its own."""

    def finalize(self, status: str) -> None:
        """Tells W&B whether the training succeeded."""
        super().finalize(status)
        if self._experiment is not None:
            self._experiment.finish(exit_code=int(status != "success"))
            self._experiment = None


def wandb_logger(run_dir: Path, project: str) -> WandbLogger:
    """Weights & Biases; offline, in the run's folder, when there is no key.

    Checkpoints are not uploaded: staging them fills the disk, and DVC versions the model.
    """
    has_key = "WANDB_API_KEY" in os.environ or (Path.home() / ".netrc").exists()
    if not has_key:
        os.environ.setdefault("WANDB_SILENT", "true")
    mode = os.environ.get("WANDB_MODE", "online" if has_key else "offline")
    logger = OneRunLogger(
        project=project,
        name=run_dir.name,
        id=run_dir.name,
        save_dir=run_dir,
        offline=mode == "offline",
        log_model=False,
        resume="allow",
    )
    logger._wandb_init.pop("anonymous")  # Lightning passes what wandb now warns about
    return logger


def tensorboard_logger(run_dir: Path) -> TensorBoardLogger:
    """Event files in `<run>/tensorboard`."""
    return TensorBoardLogger(run_dir, name="tensorboard", version="")
