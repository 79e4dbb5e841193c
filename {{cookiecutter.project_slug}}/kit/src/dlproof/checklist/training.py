"""Phase 4: is the run set up as it should be, and does it keep what resuming needs?"""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from ..cheatsheet import describe_range, is_usual, load_cheatsheet
from ..files import hash_file
from ..training.runs_page import is_as_written
from .bullets import Proof
from .evidence import Evidence, NotApplicableError, NotYetError, StaleError
from .verdict import Finding, prove_by_run

USUAL_MOMENTUM = (0.85, 0.99)
ADAMS = ("adam", "adamw")
BETTER_LOW = ("loss", "mae", "mse", "rmse", "error")  # metrics that fall as models get better
CHECKPOINT_PARTS = ("tensors", "optimizers", "schedules", "step", "data_version", "config")


def read_option(group: str, name: str) -> DictConfig:
    """The current content of an option's file.

    Raises:
        NotYetError: It is gone.
    """
    path = Path("configs", group, f"{name}.yaml")
    if not path.exists():
        raise NotYetError(f"{path.as_posix()} is missing: restore it from git or the template")
    option = OmegaConf.load(path)
    assert isinstance(option, DictConfig)
    return option


def list_options(project: Evidence, *names: str) -> list[DictConfig]:
    """The existing option files of these optimizers, and after them the chosen one's values.

    A project may have thrown out those that it has no use for.
    """
    there = [name for name in names if Path("configs", "optimizer", f"{name}.yaml").exists()]
    chosen = project.cfg.optimizer
    return [*(read_option("optimizer", name) for name in there), *[chosen] * (chosen.name in names)]


def prove_choice(project: Evidence, names: tuple[str, ...]) -> Proof:
    """Verified where a run that holds trained with one of these optimizers, present elsewhere."""
    return prove_by_run(project) if project.cfg.optimizer.name in names else "present"


def check_usual(
    project: Evidence,
    options: list[DictConfig],
    keys: tuple[str, ...],
    figure: str,
    proof: Proof,
) -> Finding:
    """Whether each value is within the cheat sheet; the chosen optimizer's may have a reason."""
    rows = [
        (k, row) for row in load_cheatsheet(Path("configs/cheatsheet.yaml")) for k in row["keys"]
    ]
    told: dict[str, str] = {}
    for option in options:
        whole = OmegaConf.create({"optimizer": option})
        for key, row in rows:
            value = OmegaConf.select(whole, key) if key.startswith(keys) else None
            if value is None or is_usual(value, row):
                continue
            found = f"{key}={value:g} (usual {describe_range(row)})"
            if option is not project.cfg.optimizer and value != OmegaConf.select(project.cfg, key):
                return Finding(False, f"configs/optimizer/{option.name}.yaml: {found}")
            told[key] = found
    figure = "; ".join(told.values()) or figure
    return Finding(not told, figure, proof=proof, choices=tuple(told))


def adamw_has_usual_rate_and_decay(project: Evidence) -> Finding:
    """AdamW, the default, has a rate and a decay within the cheat sheet; so has what is chosen."""
    options, chosen = list_options(project, "adamw"), project.cfg.optimizer
    options += [chosen] * (chosen.name != "adamw")
    figure = f"{chosen.name}: lr={chosen.lr}, weight_decay={chosen.weight_decay:g}"
    keys = ("optimizer.lr", "optimizer.weight_decay")
    return check_usual(project, options, keys, figure, prove_by_run(project))


def sgd_has_momentum(project: Evidence) -> Finding:
    """SGD, the alternative for vision, comes with a momentum of about 0.9."""
    low, high = USUAL_MOMENTUM
    options = list_options(project, "sgd") or [read_option("optimizer", "sgd")]
    momenta = [option.get("momentum") or 0.0 for option in options]
    usual = all(low <= momentum <= high for momentum in momenta)
    return Finding(usual, f"momentum={momenta[-1]:g}", proof=prove_choice(project, ("sgd",)))


def adam_has_usual_betas(project: Evidence) -> Finding:
    """The betas and epsilon of Adam and AdamW lie within the cheat sheet."""
    options = list_options(project, *ADAMS)
    if not options:
        raise NotApplicableError(
            f"optimizer={project.cfg.optimizer.name}, and configs/ has no Adam"
        )
    shown = options[-1]
    figure = f"{shown.name}: betas={list(shown.betas)}, eps={shown.eps:g}"
    keys = ("optimizer.betas", "optimizer.eps")
    return check_usual(project, options, keys, figure, prove_choice(project, ADAMS))


def precision_suits_the_device(project: Evidence) -> Finding:
    """On a GPU the run was mixed; on a CPU at full precision, unless the config asks."""
    figures, asked = project.figures("train"), project.cfg.trainer.precision
    device, precision = figures["device"], figures["precision"]
    wanted = ("bf16-mixed", "16-mixed") if device == "cuda" else ("32-true",)
    asked_so = device != "cuda" and asked != "auto"
    return Finding(precision in wanted or asked_so, f"{precision} on {device}")


def float16_gradients_are_scaled(project: Evidence) -> Finding:
    """A run in float16 scaled its loss; other precisions have no need."""
    figures = project.figures("train")
    if figures["precision"] != "16-mixed":
        return Finding(True, f"{figures['precision']} has enough range to need no scaling")
    scale = figures["loss_scale"]
    told = "no scaler" if scale is None else f"scaled by {scale:g} at the end"
    return Finding(bool(scale), f"16-mixed, {told}")


def gradients_are_clipped(project: Evidence) -> Finding:
    """Gradients are clipped in the usual range, and no norm after clipping is above it."""
    clip = project.cfg.trainer.gradient_clip_val
    if clip is None or not 0.5 <= clip <= 5.0:
        shown = "null" if clip is None else f"{clip:g}"
        told = f"trainer.gradient_clip_val={shown}; usual is 0.5 to 5"
        return Finding(False, told, choices=("trainer.gradient_clip_val",))
    norms = project.log.get("train/gradient_norm_clipped", [])
    if not norms:
        return Finding(False, "no norm after clipping in the log")
    figure = f"clipped to {clip:g}; the largest norm after it is {max(norms):.4g}"
    if project.cfg.trainer.get("gradient_clip_algorithm") == "value":  # of each entry
        clip *= project.figures("train")["parameters"] ** 0.5
    return Finding(max(norms) <= clip * 1.001, figure)


def clip_is_suggested_from_norms(project: Evidence) -> Finding:
    """The run's gradient norms give percentiles, which the log bears out, and a clip."""
    norms = project.figures("train").get("gradient_norms") or {}
    suggested, quantiles = norms.get("suggested_clip"), norms.get("quantiles", {})
    if suggested is None or not quantiles:
        return Finding(False, "no clip is suggested")
    logged = max(project.log.get("train/gradient_norm_max", [0.0]))
    agrees = abs(quantiles["1.0"] - logged) <= 1e-3 * logged
    clip = project.cfg.trainer.gradient_clip_val
    shown = f"half of {norms['steps']:,} steps below {quantiles['0.5']:.3g}"
    figure = f"{shown}, nine tenths below {quantiles['0.9']:.3g}: suggested {suggested}, set {clip}"
    return Finding(agrees and 0.5 <= suggested <= 5.0, figure)


def runs_follow_the_success_metric(project: Evidence) -> Finding:
    """Early stopping and the best checkpoint watch the success metric, in its direction."""
    answer = project.charter.get("success.metric")
    metric = answer.value if answer.state == "done" else project.cfg.task.metric
    watchers = {name: project.cfg.callbacks.get(name) for name in ("best", "early_stopping")}
    for name, watcher in watchers.items():
        if watcher is None:
            choices = (f"callbacks.{name}",) if name == "early_stopping" else ()
            return Finding(False, f"callbacks.{name} is off", choices=choices)
        wanted = "min" if any(word in watcher.monitor for word in BETTER_LOW) else "max"
        if watcher.monitor != f"val/{metric}" or watcher.mode != wanted:
            told = f"callbacks.{name} follows the {watcher.mode} of {watcher.monitor}"
            return Finding(False, f"{told}; success is val/{metric}")
    figure = f"both follow the {watchers['best'].mode} of val/{metric}"
    return Finding(True, figure, proof=prove_by_run(project))


def best_checkpoint_is_the_best_epoch(project: Evidence) -> Finding:
    """The model is the file that the run kept, from the last of the best epochs in the log."""
    report, task = project.report("train"), project.cfg.task
    path = Path(project.cfg.paths.models_dir, "model.ckpt")
    if not path.exists() or hash_file(path) != report.files.get(path.as_posix()):
        return Finding(False, f"{path.as_posix()} is not the file that `train` wrote")
    values = project.log.get(f"val/{task.metric}", [])
    best = (max if task.mode == "max" else min)(values, default=float("nan"))
    kept = report.figures["checkpoint"]
    epochs = project.epochs(f"val/{task.metric}")
    epoch = max((e for e, value in zip(epochs, values, strict=True) if value == best), default=-1)
    same = abs((kept["score"] or 0.0) - best) <= 1e-6 * max(1.0, abs(best))
    figure = f"epoch {kept['epoch']} with {kept['score']}; the log's best is epoch {epoch}, {best}"
    return Finding(same and kept["epoch"] == epoch, figure)


def checkpoint_holds_what_resuming_needs(project: Evidence) -> Finding:
    """Weights, optimizer, schedule, epoch, step, score, data version and config are in it."""
    kept: dict[str, Any] = project.figures("train")["checkpoint"]
    missing = [name for name in CHECKPOINT_PARTS if not kept.get(name)]
    missing += [name for name in ("epoch", "score") if kept.get(name) is None]
    if missing:
        return Finding(False, f"missing: {', '.join(missing)}")
    same = kept["data_version"] == project.run["data_version"]
    figure = f"{kept['tensors']} tensors, optimizer, schedule, epoch {kept['epoch']}, data, config"
    return Finding(same, figure if same else "its data version is not the run's")


def checkpoints_come_at_intervals(project: Evidence) -> Finding:
    """Checkpoints are kept every few epochs during training, and their number is bounded."""
    settings = project.cfg.callbacks.get("periodic")
    if settings is None or not 0 < settings.get("save_top_k", 1) <= 20:
        return Finding(False, "callbacks.periodic is off or keeps every checkpoint")
    every, keep = settings.every_n_epochs, settings.save_top_k
    figures = project.figures("train")
    found = [name for name in figures["checkpoints"] if name.startswith("epoch-")]
    wanted = min(keep, figures["epochs"] // every)
    figure = f"every {every} epochs, the last {keep} kept: {', '.join(found) or 'none yet'}"
    return Finding(len(found) == wanted, figure)


def runs_can_be_compared(project: Evidence) -> Finding:
    """The page of runs exists and shows every run; the charter says where it is."""
    project.figures("train")
    path = Path(project.cfg.paths.reports_dir, "runs.html")
    if not path.exists():
        return Finding(False, f"{path.as_posix()} is missing: run `experiments list`")
    page = path.read_text(encoding="utf-8")
    if not is_as_written(page):
        raise StaleError(f"{path.as_posix()} was edited: run `experiments list`")
    runs = [record["id"] for record in project.records]
    shown = {name: (f">{name}<", f">{name}-") for name in runs}  # its file's, where clones share it
    missing = [name for name, cells in shown.items() if not any(cell in page for cell in cells)]
    address = project.answer("serving.runs_page")
    if "://" not in address and not Path(address).exists():
        return Finding(False, f"serving.runs_page is {address}, which does not exist")
    figure = f"{len(runs) - len(missing)} of {len(runs)} runs in {path.as_posix()}; {address}"
    return Finding(not missing, figure)
