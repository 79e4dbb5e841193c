"""What a report is made from: recorded before a stage runs, and compared later.

DVC watches the same: `pipeline` writes it into `params.yaml` and `dvc.yaml`.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .charter.charter import Answers, read_charter
from .closure import Code
from .files import hash_file, hash_json, hash_tree
from .report import load_report
from .revision import describe_revision
from .stages import ALWAYS, MARK, Stage

if TYPE_CHECKING:
    from .project import Project

CHARTER = Path("project.yaml")
# What a report is made from and what a person calls it when it has changed. The package, the lock,
# the commit and the overrides are recorded with it and not compared: none is a cause of its own.
INPUTS = {
    "config": "config",
    "code": "code",
    "kit": "kit",
    "packages": "packages",
    "answers": "answers in project.yaml",
    "named": "files that its config names",
    "raw": "raw data",
    "files": "files",
    "reports": "inputs",
}
TOLD = ("packages", "answers", "named", "files")  # of these, which ones is said


def describe_inputs(code: Code, stage: Stage, config: dict[str, Any]) -> dict[str, Any]:
    """What a report of this stage is made from; equal hashes mean that it still holds.

    Args:
        code: Of the project whose stage it is.
        stage: The command.
        config: The whole config as plain containers.

    `dvc.yaml` has the same: what stands in `describe_settled` by `params.yaml`, the rest as
    dependencies and as digests of reports.
    """
    data = config["data"]
    raw = {"raw": hash_tree(data.get("root") or data["path"])} if stage.reads_raw else {}
    folder = config["paths"]["reports_dir"]
    reports = {name: load_report(name, folder) for name in list_reads(stage, config)}
    return {
        **describe_settled(code, stage, config),
        **raw,
        "files": {path: hash_tree(path) for path in list_unmade(code.project, stage, config)},
        "reports": {name: report.digest_for(stage.deps) for name, report in reports.items()},
        "package": code.project.package,
        "lock": hash_file("requirements.lock") if Path("requirements.lock").exists() else None,
        **describe_revision(),
    }


def describe_settled(code: Code, stage: Stage, config: dict[str, Any]) -> dict[str, Any]:
    """The part of `describe_inputs` that people set: config, code, packages and answers."""
    return {
        "config": hash_config(stage, config),
        **code.hash(stage, select_config(stage, config)),
        "answers": hash_answers(stage.answers),
        "named": {path: hash_file(path) for path in list_named(code.project, stage, config)},
    }


def list_reads(stage: Stage, config: dict[str, Any]) -> list[str]:
    """Stages whose reports a stage reads; the finder's too, if it takes its rate from there."""
    takes = "optimizer" in stage.settings and "optimizer.lr" not in stage.without
    found = ["find_lr"] if takes and config["optimizer"]["lr"] == "auto" else []
    return [*dict.fromkeys([*stage.reads, *found])]


def list_unmade(project: "Project", stage: Stage, config: dict[str, Any]) -> list[str]:
    """Files that a stage reads and no stage makes."""
    made = {out for other in project.stages.values() for out in other.outs}
    unmade = [path for path in stage.deps if path not in made and not path.startswith("reports/")]
    if any(path.endswith(f"/{MARK}") for path in unmade):
        from .monitoring.log import refresh_mark

        refresh_mark(config["paths"]["data_dir"])
    return unmade


def list_named(project: "Project", stage: Stage, config: dict[str, Any]) -> list[str]:
    """Files that a stage's settings name, such as weights or a table of splits, and it reads."""
    named = set(find_texts({key: config[key] for key in stage.settings}))
    if stage.reads_raw and config["data"]["expectations"]:
        named.add(config["data"]["expectations"])
    written = {out for other in project.stages.values() for out in other.outs}
    return sorted(name for name in named - written if is_file(name))


def find_texts(settings: Any) -> Iterator[str]:
    """Every text in nested settings, but what is called `output`."""
    if isinstance(settings, str):
        yield settings
    elif isinstance(settings, dict):
        for key, value in settings.items():
            yield from find_texts(value if key != "output" else None)
    elif isinstance(settings, list):
        for value in settings:
            yield from find_texts(value)


def is_file(name: str) -> bool:
    """Whether a text is the path of a file; False if it is too long for a path."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def hash_answers(keys: Sequence[str]) -> dict[str, str]:
    """Key of the charter -> hash of its answer, and of whether it is done."""
    if not keys or not CHARTER.exists():
        return {}
    answers = Answers(*read_charter())
    found = {key: answers.get(key) for key in keys}
    return {key: hash_json([a.value, a.state, a.reason]) for key, a in found.items()}


def find_differences(
    code: Code, stage: Stage, config: dict[str, Any], made_from: dict[str, Any]
) -> list[str]:
    """Names of what differs between what a report was made from and the current state."""
    now = describe_inputs(code, stage, config)
    then = name_as_then(code.project, config, made_from)
    if then is not config:  # the package has another name: its classes are hashed by that of then
        now["config"] = hash_config(stage, then)
    names = []
    for key, name in INPUTS.items():
        before, after = made_from.get(key, {}), now.get(key, {})
        if key == "reports":  # one of a finder that another rate in the config makes needless
            before = {name: digest for name, digest in before.items() if name in after}
        if before != after:
            names.append(name + (name_changed(key, before, after) if key in TOLD else ""))
    return names


def name_changed(key: str, before: dict[str, str], after: dict[str, str]) -> str:
    """` (torch 2.9.1 -> 2.10.0)`, ` (data/vocabulary.txt)`: what is not as it was."""
    changed = sorted(name for name in before | after if before.get(name) != after.get(name))
    if key == "packages":
        changed = [f"{n} {before.get(n, 'none')} -> {after.get(n, 'none')}" for n in changed]
    return f" ({', '.join(changed)})"


def hash_config(stage: Stage, config: dict[str, Any]) -> dict[str, str]:
    """Section of the config that the stage's result depends on -> its hash."""
    return {section: hash_json(part) for section, part in select_config(stage, config).items()}


def name_as_then(project: "Project", settings: Any, made_from: dict[str, Any]) -> Any:
    """Nested settings in which the project's classes are called as when a report was made."""
    before = made_from.get("package", project.package)
    if isinstance(settings, list):
        return [name_as_then(project, value, made_from) for value in settings]
    if not isinstance(settings, dict) or before == project.package:
        return settings
    named = {key: name_as_then(project, value, made_from) for key, value in settings.items()}
    target = settings.get("_target_")
    if isinstance(target, str) and target.startswith(f"{project.package}."):
        named["_target_"] = before + target.removeprefix(project.package)
    return named


def select_config(stage: Stage, config: dict[str, Any]) -> dict[str, Any]:
    """The part of the config that the stage's result depends on."""
    selected = {key: deepcopy(config[key]) for key in (*ALWAYS, *stage.settings) if key in config}
    for key in stage.without:
        *sections, last = key.split(".")
        reduce(getitem, sections, selected)[last] = None
    return selected
