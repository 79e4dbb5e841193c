"""Searches hyperparameters over the cheat sheet's ranges. Run: `tune`, also several at once.

Trials learn from the training split and are scored on validation; nothing reads the test split.
"""

import gc
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import DictConfig, OmegaConf
from optuna.trial import TrialState

from ..aside import redirect
from ..closure import Code
from ..config import given_overrides, to_plain
from ..data.store import load_state
from ..errors import Terminated, UserError, explain
from ..files import hash_json, read_json
from ..inputs import select_config
from ..report import Report
from ..stage import refuse_failed
from .rate import set_rate, settle_rate
from .record import finish_record
from .tune_report import write_results
from .tune_space import build_space, describe_space, to_overrides
from .tune_study import DEFAULT, VALUES, WHY, Search, find_best, give_up, open_search, take_trial

if TYPE_CHECKING:
    from ..project import Project

POLL_SECONDS = 1  # while other workers finish theirs


def run(cfg: DictConfig, project: "Project") -> Report:
    """Searches until the study has `tune.trials`, and writes the winner as an experiment.

    Raises:
        UserError: The options do not suit, the storage cannot be used, or every trial failed.
    """
    given = given_overrides(cfg)
    if cfg.trainer.devices != 1 or cfg.trainer.num_nodes != 1:
        raise UserError(
            "tune trains one process per trial: use trainer.devices=1 on one node, and start "
            "`tune` once for each device (CUDA_VISIBLE_DEVICES=0, 1, …); they share the trials."
        )
    refuse_failed(("sanity",), cfg.paths.reports_dir)
    asked = {"optimizer.lr": cfg.optimizer.lr}  # may be `auto`
    cfg = settle_rate(project, cfg)
    space = build_space(cfg)
    default = {key: OmegaConf.select(cfg, key) for key in space}
    version = load_state(cfg.paths.data_dir)["version"]
    search = open_search(
        cfg, name_study(project, cfg, describe_space(space), version), space, default
    )
    while True:
        with take_trial(search) as trial:
            if trial is not None:
                run_trial(project, cfg, given, search, trial)
            elif search.study.get_trials(states=(TrialState.RUNNING,)):
                time.sleep(POLL_SECONDS)  # another worker's: it may die, and leave its place
            else:
                return write_results(cfg, given, search, version, asked)


def name_study(project: "Project", cfg: DictConfig, space: dict[str, Any], version: str) -> str:
    """A name that differs where trials could not be compared: config, space, data, metric, code."""
    stage = project.stages["tune"]
    config = select_config(stage, to_plain(cfg))
    code = Code(project).hash(stage, config)
    config |= {"paths": None, "tune": cfg.tune.epochs}
    return f"{cfg.model.name}-{hash_json([config, space, version, code])[:8]}"


def run_trial(
    project: "Project", cfg: DictConfig, given: list[str], search: Search, trial: optuna.Trial
) -> None:
    """Trains one trial and tells the study how it ended; a failure's sentence is kept.

    Raises:
        KeyboardInterrupt, Terminated: With how to go on; the trial waits for its next worker.
    """
    study, started = search.study, time.perf_counter()
    # Four digits: more say nothing, and a person reads them.
    values = {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in trial.params.items()}
    trial.set_user_attr(VALUES, trial.params if DEFAULT in trial.user_attrs else values)
    try:
        value = score(project, cfg, given, trial, search.folder_of(trial.number))
        study.tell(trial, value)
        end = f"{value:.4g}"
    except optuna.TrialPruned as pruned:
        study.tell(trial, state=TrialState.PRUNED)
        end = str(pruned)
    except Exception as error:
        first = str(error).partition("\n")[0]
        end = f"failed: {explain(error) or f'{type(error).__name__}: {first}'}"
        trial.set_user_attr(WHY, end)
        study.tell(trial, state=TrialState.FAIL)
    except (KeyboardInterrupt, Terminated) as stop:
        give_up(study, study.trials[trial.number])
        raise type(stop)("run `tune` again to continue the search") from None
    remove_large(search)
    if torch.cuda.is_available():  # the next trial may need the memory
        gc.collect()
        torch.cuda.empty_cache()
    told = " ".join(to_overrides(trial.user_attrs[VALUES]))
    seconds = time.perf_counter() - started
    print(f"trial {trial.number} ({told}): {end} [{seconds:.1f} s]", flush=True)


def score(
    project: "Project", cfg: DictConfig, given: list[str], trial: optuna.Trial, folder: Path
) -> float:
    """The best epoch's metric on validation of a training run with the trial's values.

    Raises:
        optuna.TrialPruned: It was stopped early; its record says so.
    """
    own = compose_trial(project, cfg, given, trial, folder)
    ReportEpoch.trial = trial
    try:
        return float(project.stages["train"].load().run(own).figures[f"best_val_{cfg.task.metric}"])
    except optuna.TrialPruned:
        for path in folder.glob("*/record.json"):
            finish_record(path.parent, read_json(path), status="pruned")
        raise


def compose_trial(
    project: "Project", cfg: DictConfig, given: list[str], trial: optuna.Trial, folder: Path
) -> DictConfig:
    """The config of one trial through Hydra and the schema; all that it writes is in a folder."""
    # The config as it is stays as it is, also where a group's choice would reset its values.
    chosen = [] if DEFAULT in trial.user_attrs else to_overrides(trial.user_attrs[VALUES])
    report = f"+callbacks.report_epoch._target_={ReportEpoch.__module__}.ReportEpoch"
    own = project.compose([*given, *chosen, f"trainer.max_epochs={cfg.tune.epochs}", report])
    if own.optimizer.lr == "auto":
        own = set_rate(own, cfg.optimizer.lr)
    written = {name: folder / name for name in ("models", "reports")}
    own = redirect(own, runs=folder, **written)
    own.goal = f"Trial {trial.number} of {folder.parent.name}"
    own.change = " ".join(chosen) or "The config as it is"
    own.tune.storage = None  # may hold a password, and configs are kept
    own.trainer.enable_progress_bar = False
    for path in written.values():
        path.mkdir(exist_ok=True)
    shutil.copy(Path(cfg.paths.reports_dir, "preprocess.json"), folder / "reports")
    if "resume" in own.callbacks:
        own.callbacks.resume = None  # a trial that was stopped starts again
    return own


def remove_large(search: Search) -> None:
    """Removes the checkpoints of all trials that are over but the best."""
    best = find_best(search.study)
    for trial in search.study.trials:
        folder = search.folder_of(trial.number)
        if trial.state.is_finished():
            shutil.rmtree(folder / "models", ignore_errors=True)
        if trial.state.is_finished() and (best is None or trial.number != best.number):
            for path in folder.glob("*/checkpoints"):
                shutil.rmtree(path, ignore_errors=True)


class ReportEpoch(Callback):
    """Tells the running trial each epoch's metric; stops it where the study's pruner says so."""

    trial: optuna.Trial  # Lightning's callbacks are built from configs, which hold no objects

    def on_validation_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Reports; the config as it is is never stopped, since all are compared with it.

        Raises:
            optuna.TrialPruned: Too far behind the others at this epoch.
        """
        metric = f"val/{module.hparams['task']['metric']}"
        value, epoch = float(trainer.callback_metrics[metric]), trainer.current_epoch + 1
        self.trial.report(value, epoch)
        spared = DEFAULT in self.trial.user_attrs or epoch == trainer.max_epochs
        if not spared and self.trial.should_prune():
            raise optuna.TrialPruned(f"pruned at epoch {epoch} with {value:.4g}")
