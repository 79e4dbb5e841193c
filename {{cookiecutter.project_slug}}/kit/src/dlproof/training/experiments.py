"""What a team keeps of every run: a file a run in `docs/experiments`, which goes into git.

A run's folder stays on the machine that trained it. Its file has the run's record, the settings
that its result depends on, and what only people know: goal, change, notes and conclusion. Clones
number their runs alike, so that the names of files end with a hash, and branches merge.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from omegaconf import DictConfig

from ..config import flatten
from ..errors import UserError, nearest
from ..files import atomic, hash_json
from ..inputs import select_config
from ..markup import read_yaml
from ..report import as_read
from .runs import LOST, read_records

if TYPE_CHECKING:
    from ..project import Project

PEOPLES = {"goal": "", "change": "", "notes": [], "conclusion": ""}  # and what they are at first
HEAD = "# A run, written by `train`. Goal, change, notes and conclusion are people's: edit them.\n"


@dataclass(frozen=True)
class Experiment:
    """A run as people keep it.

    Attributes:
        name: Its id; where clones have given that to several, the name of its file.
        path: Its file in `docs/experiments`, which a killed run has not got.
        record: Its record, with what people wrote.
        config: The sections of the config that its result depends on.
        folder: The run's, where it is on this machine.
    """

    name: str
    path: Path
    record: dict[str, Any]
    config: dict[str, Any]
    folder: Path | None

    @cached_property
    def settings(self) -> dict[str, Any]:
        """`optimizer.lr` -> its value, for all of the config."""
        return dict(flatten(self.config))

    def differences(self, other: "Experiment") -> dict[str, tuple[Any, Any]]:
        """Key of the config -> its value here and there, where the two differ."""
        keys = sorted({*self.settings, *other.settings})
        pairs = {key: (self.settings.get(key), other.settings.get(key)) for key in keys}
        return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def keep_experiment(project: "Project", cfg: DictConfig, record: dict[str, Any]) -> None:
    """Writes the file of a run that ends; one that is there and cannot be read fails no training.

    Where nobody said what the run is for, it prints how to add that.
    """
    try:
        path = rewrite(project, cfg, record)
    except UserError as error:
        print(f"warning: {error}", flush=True)
        return
    if missing := [key for key in ("goal", "change") if not record.get(key)]:
        flags = " ".join(f'--{key} "…"' for key in missing)
        told = f'`experiments note {record["id"]} {flags} --conclusion "…"` adds them'
        print(f"{path} lacks {' and '.join(missing)}: {told}.", flush=True)


def rewrite(project: "Project", cfg: DictConfig, record: dict[str, Any]) -> Path:
    """Writes the file of a run, in which what people wrote before stays; returns its path.

    Raises:
        UserError: There is one, and it cannot be read.
    """
    path = Path(cfg.paths.experiments_dir, name_file(record))
    config = read_settings(project, Path(cfg.paths.runs_dir, record["id"]))
    written = read_file(path)[0] if path.exists() else {}
    peoples = {key: written.get(key) or record.get(key) or empty for key, empty in PEOPLES.items()}
    write_file(path, {**record, **peoples}, config)
    return path


def name_file(record: dict[str, Any]) -> str:
    """`exp-2026-12-01-001-3fa9c1.yaml`: the same in every life of a run, another in each clone."""
    told = [record.get(key) for key in ("id", "started", "commit", "seed")]
    return f"{record['id']}-{hash_json(told)[:6]}.yaml"


def write_file(path: Path, record: dict[str, Any], config: dict[str, Any]) -> None:
    """Writes what is kept of a run: people's words on top, the settings below."""
    kept = {key: value for key, value in as_read(record).items() if key != "seal"}
    first = {key: kept.pop(key) for key in ("id", *PEOPLES)}
    content = {**first, **kept, "config": as_read(config)}
    with atomic(path) as draft:
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
        draft.write_text(HEAD + text, encoding="utf-8")


def read_file(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The record and the config in a run's file.

    Raises:
        UserError: It is none, such as one with a conflict of git in it.
    """
    content = read_yaml(path)
    lacks = not isinstance(content, dict) or not {"id", "started"} <= content.keys()
    if lacks or not isinstance(content.get("notes", []), list):
        raise UserError(f"{path} is not what `train` writes: `git checkout` gives it back.")
    config = content.pop("config", None)
    return content, config if isinstance(config, dict) else {}


def read_settings(project: "Project", run_dir: Path) -> dict[str, Any]:
    """The sections of a run's config that its result depends on; none where it has no config."""
    path = run_dir / "config.yaml"
    config = read_yaml(path) if path.exists() else {}
    if not isinstance(config, dict):
        raise UserError(f"{path} {LOST}")
    selected = select_config(project.stages["train"], config)
    return {section: part for section, part in selected.items() if section != "paths"}


def read_experiments(
    project: "Project", cfg: DictConfig, damaged: list[str] | None = None
) -> list[Experiment]:
    """Every run of this machine and every one that is kept, the best first.

    Args:
        project: Whose runs they are.
        cfg: The composed config.
        damaged: Takes a sentence for each file that cannot be read; without it, the first raises.

    Raises:
        UserError: A record, or a file that is kept, is damaged.
    """
    runs_dir, kept = Path(cfg.paths.runs_dir), {}
    for path in sorted(Path(cfg.paths.experiments_dir).glob("*.yaml")):
        try:
            kept[path] = read_file(path)
        except UserError as error:
            if damaged is None:
                raise
            damaged.append(str(error))
    folders = {}
    for record in read_records(runs_dir):
        path, folder = Path(cfg.paths.experiments_dir, name_file(record)), runs_dir / record["id"]
        folders[path] = folder
        if path not in kept:
            kept[path] = {**PEOPLES, **record}, read_settings(project, folder)
    ids = Counter(record["id"] for record, _ in kept.values())
    found = [
        Experiment(
            record["id"] if ids[record["id"]] == 1 else path.stem,
            path,
            record,
            config,
            folders.get(path),
        )
        for path, (record, config) in kept.items()
    ]
    return rank(found, cfg.task)


def rank(found: Iterable[Experiment], task: DictConfig) -> list[Experiment]:
    """The best value of the task's metric on validation first; runs without one come last."""
    sign = -1 if task.mode == "max" else 1

    def place(experiment: Experiment) -> tuple[bool, float, str]:
        value = experiment.record.get(f"best_val_{task.metric}")
        return value is None, sign * (value or 0.0), experiment.name

    return sorted(found, key=place)


def find_experiment(found: list[Experiment], wanted: str) -> Experiment:
    """The run of a name, of its first characters or of its folder; `latest` is the newest.

    Raises:
        UserError: There is none, or several.
    """
    if not found:
        raise UserError("there are no runs yet: `train` makes the first one.")
    if wanted == "latest":
        return max(found, key=lambda experiment: (experiment.record["started"], experiment.name))
    name = Path(wanted).name.removesuffix(".yaml")
    matches = [each for each in found if name in (each.name, each.path.stem)]
    matches = matches or [each for each in found if name and each.name.startswith(name)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        names = ", ".join(each.name for each in matches)
        raise UserError(f"{wanted} is several runs: name one of {names}.")
    close = nearest(name, [each.name for each in found])
    raise UserError(f"there is no run {wanted}{close} `experiments list` lists them.")
