"""What a search found: figures, a picture, and the winner as configs/experiment/tuned.yaml."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import yaml
from omegaconf import DictConfig, OmegaConf
from optuna.trial import FrozenTrial, TrialState, create_trial

from ..config import keeps_results
from ..errors import UserError
from ..figure import figure, save
from ..files import atomic, hash_json
from ..report import Report
from .tune_space import GROUP, describe_space, to_overrides
from .tune_study import DEFAULT, VALUES, WHY, Search, count, find_best

TUNED = Path("configs/experiment/tuned.yaml")
PICTURE = "tune.png"
MARK = re.compile(r"^# Written by `tune`.*\(([0-9a-f]{12})\)\n", re.MULTILINE)
FEWEST = 4  # trials that say something about importance


def write_results(
    cfg: DictConfig, given: list[str], search: Search, version: str, asked: dict[str, Any]
) -> Report:
    """Reports the search; the winner's values become an experiment where they beat the config's.

    Raises:
        UserError: Every trial failed.
    """
    best = find_best(search.study)
    if best is None:
        why = [t.user_attrs[WHY] for t in search.study.trials if WHY in t.user_attrs]
        raise UserError(f"all {len(why)} trials of {search.folder} failed; the last {why[-1]}")
    # Options of the search change no training, and the storage's address may hold a password.
    kept = [override for override in given if not override.lstrip("+~").startswith("tune.")]
    figures = describe_study(cfg, search, best) | {"data_version": version, "overrides": kept}
    figures["default"]["asked"] = asked
    picture = Path(cfg.paths.reports_dir, PICTURE)
    draw(figures, picture)
    report = Report("tune", figures, summary=summarise(figures))
    report.add_picture(picture)
    if not keeps_results(cfg):
        return report
    if DEFAULT not in best.user_attrs and is_edited(TUNED):
        print(f"{TUNED} was edited since `tune` wrote it, and stays: the winner is in the report.")
    elif DEFAULT not in best.user_attrs:
        write_experiment(figures)
        report.add_file(TUNED)
    return report


def describe_study(cfg: DictConfig, search: Search, best: FrozenTrial) -> dict[str, Any]:
    """Figures of the study: its space, its trials, the best against the config as it is."""
    finished = [t for t in search.study.trials if t.state.is_finished() and count([t])]
    default = [t for t in search.study.trials if DEFAULT in t.user_attrs][-1]  # the last attempt
    return {
        "study": search.folder.name,
        "runs": search.folder.as_posix(),
        "metric": f"val/{cfg.task.metric}",
        "mode": cfg.task.mode,
        "epochs": cfg.tune.epochs,
        "space": describe_space(search.space),
        "default": describe_trial(default),
        "best": describe_trial(best),
        "importance": measure_importance(search.study),
        "trials": [describe_trial(t) for t in finished],
    }


def describe_trial(trial: FrozenTrial) -> dict[str, Any]:
    """How one trial ended, and with which values."""
    return {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "value": trial.value,
        "values": trial.user_attrs.get(VALUES, trial.params),
        "epochs": len(trial.intermediate_values),
        "why": trial.user_attrs.get(WHY, ""),
    }


def measure_importance(study: optuna.Study) -> dict[str, float]:
    """Key -> its share in how values differ (fANOVA, Hutter et al. 2014); {} of few.

    A pruned trial counts with the value at which it was stopped, which is among the worse ones.
    """
    copy = optuna.create_study(direction=study.direction)
    for t in study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED)):
        copy.add_trial(create_trial(value=t.value, params=t.params, distributions=t.distributions))
    if len(copy.trials) < FEWEST:
        return {}
    # PED-ANOVA, Optuna's own choice, names the wrong key where TPE has drawn most samples.
    judge = optuna.importance.FanovaImportanceEvaluator(seed=0)
    found = optuna.importance.get_param_importances(copy, evaluator=judge)
    return {key: round(float(share), 4) for key, share in found.items()}


def summarise(figures: dict[str, Any]) -> str:
    """The best of how many, and what the config reaches."""
    best, default = figures["best"], figures["default"]
    states = [trial["state"] for trial in figures["trials"]]
    told = f"{figures['metric']} {best['value']:.4g} is the best of {len(states)} trials"
    told += f" ({states.count('pruned')} pruned, {states.count('fail')} failed), so optimistic; "
    if default["value"] is None:
        return f"{told}the config as it is failed"
    if default["number"] == best["number"]:
        return f"{told}none beats the config as it is"
    return f"{told}the config as it is reaches {default['value']:.4g}"


def draw(figures: dict[str, Any], path: Path) -> None:
    """Draws how much each key mattered, and the best value after each trial."""
    canvas, (left, right) = figure((12, 4), 1, 2)
    shares = dict(reversed(figures["importance"].items()))
    left.barh(list(shares), list(shares.values()))
    left.set(title="Importance" if shares else f"Importance: fewer than {FEWEST} trials")
    for state, colour in (("complete", "tab:blue"), ("pruned", "tab:gray")):
        chosen = [trial for trial in figures["trials"] if trial["state"] == state]
        numbers, values = [t["number"] for t in chosen], [t["value"] for t in chosen]
        right.plot(numbers, values, "o", color=colour, label=state)
        if state == "complete":
            best = np.minimum if figures["mode"] == "min" else np.maximum
            right.step(numbers, best.accumulate(values), "k-", where="post", label="best so far")
    if figures["default"]["value"] is not None:
        right.axhline(figures["default"]["value"], color="tab:orange", ls="--", label="config")
    right.set(title=f"{figures['metric']} of each trial", xlabel="trial")
    right.legend()
    save(canvas, path, dpi=90)


def is_edited(path: Path) -> bool:
    """Whether the file was edited after `tune` wrote it: its mark is a hash of the rest."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    mark = MARK.search(text)
    return bool(text) and (mark is None or mark[1] != hash_json(MARK.sub("", text))[:12])


def write_experiment(figures: dict[str, Any]) -> None:
    """Writes the winner's values as an experiment, and in comments where they come from."""
    best, default = figures["best"], figures["default"]["value"]
    given = " ".join(figures["overrides"])
    chosen = to_overrides(best["values"])
    groups = {k.removesuffix(GROUP): v for k, v in best["values"].items() if k.endswith(GROUP)}
    own: dict[str, Any] = {}
    if groups:
        own["defaults"] = [*({f"override /{k}": v} for k, v in groups.items()), "_self_"]
    own["goal"] = f"Train with the best of a search for {figures['metric']}"
    own["change"] = f"{', '.join(chosen)} ({figures['study']})"
    content = OmegaConf.create(own)
    for key, value in best["values"].items():
        if not key.endswith(GROUP):
            OmegaConf.update(content, key, value)
    notes = [
        f"Study {figures['study']}, trial {best['number']} of {len(figures['trials'])}: "
        f"{figures['metric']} {best['value']:.4g} after {figures['epochs']} epochs.",
        f"The config as it was: {'failed' if default is None else f'{default:.4g}'}. "
        "The best of many is optimistic.",
        f"Data version {figures['data_version']}.",
        *([f"Also use the overrides of the search: {given}"] if given else []),
    ]
    body = yaml.safe_dump(OmegaConf.to_container(content), sort_keys=False, allow_unicode=True)
    rest = "".join(f"# {note}\n" for note in notes) + body
    head, mark = "# @package _global_\n", hash_json("# @package _global_\n" + rest)[:12]
    with atomic(TUNED) as draft:
        told = f"# Written by `tune`, which replaces it until it is edited ({mark})\n"
        draft.write_text(head + told + rest, encoding="utf-8")
