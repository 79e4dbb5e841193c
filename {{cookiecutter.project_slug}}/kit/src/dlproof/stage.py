"""What every command shares: compose the config, run the stage, write its report."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from .closure import hash_code
from .config import list_overrides, to_plain, warn_outside_cheatsheet
from .data.raw import provide
from .errors import UserError
from .files import hash_file, hash_json, hash_tree
from .parallel import use
from .report import Report, load_report
from .revision import describe_revision
from .stages import ALWAYS, Stage

if TYPE_CHECKING:
    from .project import Project

MAKES_DATA = ("data", "clean", "split", "preprocess")  # sections that act before training
# What a report is made from and what a person calls it when it has changed.
INPUTS = {
    "config": "config",
    "code": "code",
    "kit": "kit",
    "raw": "raw data",
    "expectations": "expectations",
    "reports": "inputs",
}


def execute(project: "Project", stage: Stage, cfg: DictConfig) -> Report:
    """Runs one stage with a composed config and writes its report, also of what did not pass.

    Raises:
        UserError: An input is missing, the stage's own reason, or something did not pass, here or
            in a stage before.
    """
    warn_outside_cheatsheet(cfg)
    if stage.reads_raw:
        provide(cfg)
    made_from = describe_inputs(project, stage, cfg)
    made_from["overrides"] = list_overrides(cfg, stage.options)
    refuse_failed(stage.reads, cfg.paths.reports_dir)
    refuse_other_data(project, stage, cfg)
    started = time.perf_counter()
    run = stage.load().run
    with use(cfg.executor):
        report: Report = run(cfg, project) if stage.is_tool else run(cfg)
    report.made_from = made_from
    report.created = datetime.now(UTC).isoformat(timespec="seconds")
    report.seconds = round(time.perf_counter() - started, 3)
    path = report.write(cfg.paths.reports_dir)
    if report.failures:
        raise UserError("\n  ".join([f"does not pass (see {path}):", *report.failures]))
    print(f"{stage.name}: {report.summary} [{report.seconds:.1f} s, {path}]", flush=True)
    return report


def refuse_failed(stages: Sequence[str], reports_dir: str) -> None:
    """Stops a stage that would build on one that did not pass.

    Raises:
        UserError: Names it.
    """
    for name in stages:
        if load_report(name, reports_dir).failures:
            raise UserError(f"`{name}` did not pass: mend what it says and run it again first.")


def refuse_other_data(project: "Project", stage: Stage, cfg: DictConfig) -> None:
    """Stops a stage whose config makes other data than the stages before it have made.

    It would act on what there is, and the report would name what the config says.

    Raises:
        UserError: Names the stage to run again and the section of the config.
    """
    for name in list_upstream(project, stage):
        if not Path(cfg.paths.reports_dir, f"{name}.json").exists():
            continue  # of a stage further back, which this one does not read
        ran = load_report(name, cfg.paths.reports_dir).made_from.get("config", {})
        now = hash_config(project.stages[name], cfg)
        for section in [key for key in ran if key in MAKES_DATA and ran[key] != now.get(key)]:
            raise UserError(
                f"`{name}` ran with another {section} than this config's: set it in configs/ and "
                f"run `pipeline`, or run `{name}` and what follows it with the same key=value."
            )


def list_upstream(project: "Project", stage: Stage) -> list[str]:
    """Every stage before one, each once, in an order in which they can run."""
    found: dict[str, None] = {}
    for read in stage.reads:
        found |= dict.fromkeys([*list_upstream(project, project.stages[read]), read])
    return list(found)


def describe_inputs(project: "Project", stage: Stage, cfg: DictConfig) -> dict[str, Any]:
    """What a report of this stage is made from; equal hashes mean that it still holds."""
    raw = {}
    if stage.reads_raw:
        raw["raw"] = hash_tree(cfg.data.get("root") or cfg.data.path)
        if cfg.data.expectations:
            raw["expectations"] = hash_tree(cfg.data.expectations)
    if "split" in stage.settings and cfg.split.get("path"):
        raw["raw"] = hash_tree(cfg.split.path)
    return raw | {
        "config": hash_config(stage, cfg),
        **hash_code(project, stage, select_config(stage, cfg)),
        "reports": {name: load_report(name, cfg.paths.reports_dir).digest for name in stage.reads},
        "lock": hash_file("requirements.lock") if Path("requirements.lock").exists() else None,
        **describe_revision(),
    }


def find_differences(
    project: "Project", stage: Stage, cfg: DictConfig, made_from: dict[str, Any]
) -> list[str]:
    """Names of what differs between what a report was made from and what there is now."""
    now = describe_inputs(project, stage, cfg)
    return [name for key, name in INPUTS.items() if made_from.get(key) != now.get(key)]


def hash_config(stage: Stage, cfg: DictConfig) -> dict[str, str]:
    """Section of the config that the stage's result depends on -> its hash."""
    return {section: hash_json(part) for section, part in select_config(stage, cfg).items()}


def select_config(stage: Stage, cfg: DictConfig) -> dict[str, Any]:
    """The part of the config that the stage's result depends on, as plain containers."""
    selected = OmegaConf.masked_copy(cfg, [*ALWAYS, *stage.settings])
    for key in stage.without:
        OmegaConf.update(selected, key, None)
    return to_plain(selected)
