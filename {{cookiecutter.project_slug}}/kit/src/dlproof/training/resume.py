"""Going on with a run that was stopped or killed. Run: `train resume=latest`, or a run's id."""

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from omegaconf import DictConfig

from ..config import flatten, to_plain
from ..errors import UserError, nearest
from ..model.checkpoint import read_checkpoint
from ..revision import describe_revision
from .checkpoints import LOG, PREFIX, STATE, count_rows
from .loggers import rewrite_log
from .processes import count_started
from .record import create_run_dir, describe_hardware
from .runs import RUN_DIR, read_config, read_record, read_records

if TYPE_CHECKING:
    from ..project import Project

NEEDED = {
    "state_dict",
    "optimizer_states",
    "lr_schedulers",
    "epoch",
    "global_step",
    "loops",
    "callbacks",
    "hyper_parameters",
    STATE,
}
# What may differ between a run's lives: it changes no weight.
FREE = (
    "callbacks.resume",
    "loader.num_workers",
    "loader.pin_memory",
    "trainer.detect_anomaly",
    "trainer.enable_autolog_hparams",
    "trainer.enable_model_summary",
    "trainer.enable_progress_bar",
    "trainer.inference_mode",
    "trainer.limit_predict_batches",
    "trainer.limit_test_batches",
    "trainer.max_time",
    "trainer.model_registry",
    "trainer.num_sanity_val_steps",
    "trainer.profiler",
)
SHOWN = 5  # differing keys in the sentence
# A killed run's workers live on for a moment, and hold its lock.
LOCK_SECONDS = 30


def find_begun(cfg: DictConfig) -> Path | None:
    """The folder of the run to resume, by `resume` or a launcher's choice; None for a new run.

    A launcher names one folder for all processes and all lives of a run: what has a record there
    goes on by itself.

    Raises:
        UserError: As `find_run`, whether or not a run goes on.
    """
    read_records(cfg.paths.runs_dir)  # refuses a damaged one now, not after the last epoch
    given = os.environ.get(RUN_DIR)
    if given is not None:
        has_begun = Path(given, "record.json").exists()
        begun = find_run(Path(given).parent, Path(given).name) if has_begun else None
    else:
        begun = None if cfg.resume is None else find_run(cfg.paths.runs_dir, cfg.resume)
    return begun


def choose_run_dir(cfg: DictConfig, begun: Path | None) -> Path:
    """The folder that `find_begun` found, or else that of a new run; a launcher's choice first.

    Raises:
        UserError: The first of several processes could not tell the others where it writes.
    """
    given = os.environ.get(RUN_DIR)
    if given is not None:
        Path(given).mkdir(parents=True, exist_ok=True)
        return Path(given)
    if count_started() > 1:
        raise UserError(
            f"several processes were started and {RUN_DIR} does not name their run's folder: use "
            "`launcher=slurm` or deploy/torchrun/train.sh, or set it to a new name in runs/."
        )
    return begun or create_run_dir(cfg.paths.runs_dir)


def find_run(runs_dir: str | Path, wanted: str) -> Path:
    """The folder of the run to resume.

    Raises:
        UserError: There is no such run, it has finished, or the record of any is damaged.
    """
    latest = [record["id"] for record in read_records(runs_dir)][-1:]
    status = {record["id"]: record.get("status") for record in read_records(runs_dir, debug=True)}
    name = latest[0] if wanted == "latest" and latest else wanted
    if name not in status:
        refuse_renamed(Path(runs_dir, name))
        raise UserError(f"resume={wanted}: no such run in {runs_dir}/{nearest(wanted, [*status])}")
    if status[name] == "finished":
        raise UserError(f"resume={wanted}: {name} has finished; leave `resume` out for a new run.")
    return Path(runs_dir, name)


def refuse_renamed(folder: Path) -> None:
    """Raises a UserError where a folder holds the run of another name."""
    if (folder / "record.json").exists():
        own = read_record(folder)["id"]
        raise UserError(
            f"resume={folder.name}: the folder holds {own}, as a copy or because it was renamed: "
            f"call it {own} to go on with it."
        )


def lock_run(run_dir: Path) -> FileLock:
    """Lets only one process write to a run's folder, as long as it lives.

    Raises:
        UserError: Another one does.
    """
    lock = FileLock(run_dir / ".lock")
    try:
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout:
        raise UserError(f"{run_dir.name} is still running: wait for it or stop it.") from None
    return lock


def refuse_changes(project: "Project", run_dir: Path, cfg: DictConfig, data_version: str) -> None:
    """Stops a run that would be resumed as a different one; warns if only code or machine differ.

    Raises:
        UserError: Names the keys, or the data, that differ; or config or record is lost.
    """
    parts = ("data", "task", *project.stages["train"].settings)
    old = read_config(run_dir)
    before, now = (
        dict(flatten({part: config.get(part) for part in parts}))
        for config in (to_plain(old), to_plain(cfg))
    )
    record = read_record(run_dir)
    before["the data's version"] = record.get("data_version")
    now["the data's version"] = data_version
    # A stream is shared out among its readers, so that its order follows from their number.
    free = [key for key in FREE if cfg.loader.name != "stream" or key != "loader.num_workers"]
    changed = [
        f"{key} is {now.get(key)} and was {before.get(key)}"
        for key in sorted({*before, *now})
        if before.get(key) != now.get(key) and not key.startswith(tuple(free))
    ]
    if changed:
        more = f", and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
        told = f"{', '.join(changed[:SHOWN])}{more}"
        raise UserError(
            f"{run_dir.name} cannot be resumed: {told}. Change it back, or start a new run."
        )
    here = {**describe_revision(), "hardware": describe_hardware()}
    other = [key for key, value in here.items() if record.get(key) != value]
    if other:
        print(f"warning: since {run_dir.name} began, its {' and '.join(other)} changed: the result")
        print("may differ from that of a run that was never stopped.")


def find_checkpoint(run_dir: Path) -> Path | None:
    """The newest intact state, if there is one; warns when it skips a damaged one."""
    for path in sorted((run_dir / "checkpoints").glob(f"{PREFIX}*.ckpt"), reverse=True):
        damage = find_damage(path)
        if not damage:
            return path
        print(f"warning: {path} is damaged ({damage}): resuming from the one before.")
    return None


def find_damage(path: Path) -> str:
    """Why a state cannot be restored; empty if it can."""
    try:
        with zipfile.ZipFile(path) as archive:  # torch does not look at the checksums
            broken = archive.testzip()
        missing = NEEDED - set(read_checkpoint(path))
    except (zipfile.BadZipFile, UserError, OSError, EOFError) as error:
        return str(error)
    if broken:
        return f"{broken} has a wrong checksum"
    return f"it lacks {', '.join(sorted(missing))}" if missing else ""


def rewind(run_dir: Path, checkpoint: Path | None) -> int:
    """Cuts the log to what it held at a state; warns where it holds less.

    Returns:
        The optimizer step at which the run resumes.

    Raises:
        UserError: The best checkpoint, which the end of the run needs, is missing.
    """
    content: dict[str, Any] = read_checkpoint(checkpoint) if checkpoint else {}
    for callback in content.get("callbacks", {}).values():
        best = Path(callback.get("best_model_path", ""))
        # Its path is of where the project lay when the state was saved: the run may have moved.
        place = run_dir / "checkpoints" / best.name
        if best.name and callback.get("monitor") != "epoch" and not place.exists():
            raise UserError(
                f"{run_dir.name} cannot be resumed without its best epoch: restore {place}, or "
                "start a new run."
            )
    rows = content[STATE]["log_rows"] if content else 0
    if count_rows(run_dir) < rows:
        print(f"warning: {run_dir / LOG} has lost epochs before step {content['global_step']}.")
    if (run_dir / LOG).exists():
        rewrite_log(run_dir / LOG, keep=rows)
    return int(content.get("global_step", 0))
