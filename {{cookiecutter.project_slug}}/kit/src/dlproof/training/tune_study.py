"""The study behind `tune`: where its trials are stored, and how workers share and lose them.

A journal file is the default storage. Its lock is a link, which network drives have, where SQLite
needs locks of the kernel that many of them lack; and it needs no SQLAlchemy. Who works on a trial
holds a lock that the kernel frees when the process dies. A database has heartbeats instead.
"""

import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock, Timeout
from omegaconf import DictConfig
from optuna.pruners import SuccessiveHalvingPruner
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage, RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.storages._heartbeat import get_heartbeat_thread
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from ..errors import UserError
from ..files import hash_json
from .tune_space import Distribution

# With ask-and-tell Optuna calls heartbeats and retries experimental.
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
warnings.filterwarnings("ignore", "Heartbeat of storage is supposed")
BEAT_SECONDS, GRACE_SECONDS = 30, 120  # between a database's heartbeats; without one it is dead
REDUCTION = 3  # a third of the trials continues (ASHA, Li et al. 2020)
WHY, VALUES, DEFAULT = "why", "values", "default"  # attributes of trials
RETRY = RetryHeartbeatStaleTrialCallback(max_retry=1)  # values that kill twice are left out


@dataclass(frozen=True)
class Search:
    """A study, the folder of its trials, what it searches, and how many trials it shall have."""

    study: optuna.Study
    folder: Path
    space: dict[str, Distribution]
    total: int
    seed: int

    def folder_of(self, number: int) -> Path:
        """Where a trial's record is."""
        return self.folder / f"{number:04d}"


def open_search(
    cfg: DictConfig, name: str, space: dict[str, Distribution], default: dict[str, Any]
) -> Search:
    """Creates or continues the study, whose first trial is the config as it is.

    Raises:
        UserError: The storage cannot be used.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder = Path(cfg.paths.runs_dir, "tune", name)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        study = optuna.create_study(
            study_name=name,
            storage=open_storage(cfg.tune.storage, folder),
            direction="minimize" if cfg.task.mode == "min" else "maximize",
            pruner=SuccessiveHalvingPruner(round(cfg.tune.epochs**0.5), REDUCTION),
            load_if_exists=True,
        )
        if not study.trials:
            study.enqueue_trial(default, user_attrs={DEFAULT: True})
    return Search(study, folder, space, cfg.tune.trials, cfg.seed)


def open_storage(url: str | None, folder: Path) -> JournalStorage | RDBStorage:
    """The journal in the study's folder, or a database; raises as `open_search` does."""
    if url is None:
        # Absolute: the lock links to the journal, and of a dangling one no age can be read.
        return JournalStorage(JournalFileBackend(str(folder.resolve() / "journal.log")))
    try:
        return connect(url)
    except Exception:  # workers that start at once on an empty database: one makes its tables
        time.sleep(1)
    try:
        return connect(url)
    except Exception as error:  # of SQLAlchemy or any driver; the address may hold a password
        first = str(error).strip().partition("\n")[0].replace(url, "…")
        raise UserError(
            f"tune.storage={url.partition('://')[0]}://… cannot be used: {first} Install its "
            "driver, check the address, or leave tune.storage out for a journal file."
        ) from error


def connect(url: str) -> RDBStorage:
    """A database with heartbeats; it is given its tables."""
    return RDBStorage(
        url,
        heartbeat_interval=BEAT_SECONDS,
        grace_period=GRACE_SECONDS,
        heartbeat_stale_trial_callback=RETRY,
    )


@contextmanager
def take_trial(search: Search) -> Iterator[optuna.Trial | None]:
    """A trial that no other worker has, held while the block runs; None when all are taken."""
    study, held = search.study, None
    with FileLock(search.folder / ".lock"):
        fail_killed(search)
        trial = None
        if count(study.trials) < search.total:
            study.sampler = make_sampler(search)
            trial = study.ask(dict(search.space))
            search.folder_of(trial.number).mkdir(exist_ok=True)
            held = FileLock(search.folder_of(trial.number) / ".lock")
            held.acquire()
    # Workers that share a database but no folder may have taken the last place at once.
    if trial and count(t for t in study.trials if t.number < trial.number) >= search.total:
        study.tell(trial, state=TrialState.FAIL)
        trial = None
    try:
        if trial is None:
            yield None
        else:
            with get_heartbeat_thread(trial._trial_id, study._storage):
                yield trial
    finally:
        if held:
            held.release()


def make_sampler(search: Search) -> TPESampler:
    """TPE, seeded by how far the study is: trials differ, and a resumed study goes on alike."""
    is_alone = isinstance(search.study._storage, JournalStorage)  # else others may be as far
    far = [search.seed, len(search.study.trials), 0 if is_alone else time.time_ns()]
    num_random = min(10, max(2, search.total // 3))  # TPE's usual 10, less in a short search
    return TPESampler(n_startup_trials=num_random, seed=int(hash_json(far)[:8], 16))


def count(trials: Iterable[Any]) -> int:
    """Trials that have a place in the total: all but the waiting and the killed ones."""
    return sum(
        WHY in t.user_attrs if t.state == TrialState.FAIL else t.state != TrialState.WAITING
        for t in trials
    )


def fail_killed(search: Search) -> None:
    """Marks trials as failed whose worker has died, and queues each once more."""
    if not isinstance(search.study._storage, JournalStorage):
        optuna.storages.fail_stale_trials(search.study)
        return
    for trial in search.study.get_trials(states=(TrialState.RUNNING,)):
        try:
            search.folder_of(trial.number).mkdir(exist_ok=True)
            with FileLock(search.folder_of(trial.number) / ".lock", timeout=0):
                give_up(search.study, trial)
        except Timeout:
            pass  # it is alive


def give_up(study: optuna.Study, trial: FrozenTrial) -> None:
    """Marks a trial as killed and queues its values once more."""
    study.tell(trial.number, state=TrialState.FAIL)
    RETRY(study, trial)


def find_best(study: optuna.Study) -> FrozenTrial | None:
    """The best trial that finished, if one did."""
    return study.best_trial if study.get_trials(states=(TrialState.COMPLETE,)) else None
