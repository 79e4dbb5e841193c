"""Loggers: each option of `configs/logger/` names a function that makes one for a run."""

import csv
import os
import secrets
import shutil
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger, WandbLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter
from lightning.pytorch.loggers.logger import rank_zero_experiment

from ..errors import UserError
from ..files import atomic
from .checkpoints import LOG

WANDB_ID = "wandb_id"


class LogWriter(ExperimentWriter):
    """Continues an existing log, which Lightning's own logger would delete."""

    def _check_log_dir_exists(self) -> None:
        path = Path(self.metrics_file_path)
        if path.exists():
            with path.open(encoding="utf-8", newline="") as stream:
                self.metrics_keys = next(csv.reader(stream), [])

    def _rewrite_with_new_header(self, fieldnames: list[str]) -> None:
        rewrite_log(Path(self.metrics_file_path), columns=fieldnames)


def rewrite_log(path: Path, columns: list[str] | None = None, keep: int | None = None) -> None:
    """Rewrites a log, as a whole or not at all: with more columns, or only its first rows."""
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        rows = list(reader)[:keep]
        columns = columns or list(reader.fieldnames or ())
    with atomic(path) as draft, draft.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)


def csv_logger(run_dir: Path) -> CSVLogger:
    """Metrics of each epoch in `<run>/metrics.csv`."""
    logger = CSVLogger(run_dir.parent, name="", version=run_dir.name)
    logger._experiment = LogWriter(logger.log_dir)  # no public way to give it a writer
    return logger


class OneRunLogger(WandbLogger):
    """Ends its run with the training, so that another one in the same process gets its own."""

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """W&B's own run, begun where it is asked for first.

        Raises:
            UserError: W&B cannot begin one.
        """
        from wandb.errors import Error

        has_begun = self._experiment is not None
        try:
            found = super().experiment
            if self._offline and not has_begun:
                self.tell_again(found)
            return found
        except Error as error:
            raise UserError(
                f"logger=wandb cannot start ({error}): set WANDB_MODE=offline, or leave it out "
                "with logger=csv."
            ) from error

    def tell_again(self, run: Any) -> None:
        """Of a run that goes on offline, logs what its lives before have logged, in one folder.

        W&B cannot go on with a folder that it has closed, and syncs one an id.
        """
        folder = Path(self.save_dir or "")
        own = Path(run.dir).parent.resolve()
        found = map(Path.resolve, folder.glob(f"wandb/offline-run-*-{self.version}"))
        older = [path for path in found if path != own]
        for row in read_rows(folder / LOG) if older else ():
            run.log(row | {"trainer/global_step": row.get("step")})
        for path in older:
            shutil.rmtree(path)

    def finalize(self, status: str) -> None:
        """Tells W&B whether the training succeeded."""
        super().finalize(status)
        if self._experiment is not None:
            self._experiment.finish(exit_code=int(status != "success"))
            self._experiment = None


def read_rows(path: Path) -> list[dict[str, float]]:
    """The rows of a log, without empty cells."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [{name: float(cell) for name, cell in row.items() if cell} for row in rows]


def choose_id(run_dir: Path) -> str:
    """An id for W&B that no other clone or machine has, the same in every life of a run.

    Two clones number their runs alike, and W&B would take both for one.
    """
    path = run_dir / WANDB_ID
    if not path.exists():
        path.write_text(f"{run_dir.name}-{secrets.token_hex(4)}", encoding="utf-8")
    return path.read_text(encoding="utf-8")


def wandb_logger(run_dir: Path, project: str) -> WandbLogger:
    """Weights & Biases; offline, in the run's folder, when there is no key.

    Checkpoints are not uploaded: staging them fills the disk, and DVC versions the model.
    """
    is_known = has_key()
    if not is_known:
        os.environ.setdefault("WANDB_SILENT", "true")
    mode = os.environ.get("WANDB_MODE", "online" if is_known else "offline")
    logger = OneRunLogger(
        project=project,
        name=run_dir.name,
        id=choose_id(run_dir),
        save_dir=run_dir,
        offline=mode in ("offline", "dryrun"),  # Lightning writes its old name
        log_model=False,
        resume="allow",
    )
    # Lightning passes what wandb now warns about, and has no argument to leave it out.
    logger._wandb_init.pop("anonymous")
    return logger


def has_key() -> bool:
    """Whether there is a key for W&B's server: in the environment, or where `wandb login` wrote."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = urlsplit(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).netloc
    path = Path(os.environ.get("NETRC", "~/.netrc")).expanduser()
    try:
        return netrc(path).authenticators(host) is not None
    except (OSError, NetrcParseError):
        return False


def tensorboard_logger(run_dir: Path) -> TensorBoardLogger:
    """Event files in `<run>/tensorboard`."""
    return TensorBoardLogger(run_dir, name="tensorboard", version="")
