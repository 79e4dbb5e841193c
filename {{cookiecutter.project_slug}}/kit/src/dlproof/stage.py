"""What every command shares: compose the config, run the stage, write its report."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from .aside import set_aside
from .closure import Code
from .config import keeps_results, list_overrides, to_plain, warn_outside_cheatsheet
from .data.raw import provide
from .errors import UserError
from .files import hash_tree
from .headlines import write_headlines
from .inputs import describe_inputs, hash_config, list_reads, name_as_then
from .parallel import use
from .report import Report, load_report
from .stages import RUNNING, Stage

if TYPE_CHECKING:
    from .project import Project

MAKES_DATA = ("data", "clean", "split", "preprocess")  # sections that act before training


def execute(project: "Project", stage: Stage, cfg: DictConfig) -> Report:
    """Runs one stage with a composed config and writes its report, also of what did not pass.

    Raises:
        UserError: An input is missing, the stage's own reason, or something did not pass, here or
            in a stage before.
    """
    warn_outside_cheatsheet(cfg)
    refuse_idle_debugging(stage, cfg)
    if stage.reads_raw:
        provide(cfg)
    config = to_plain(cfg)
    made_from = describe_inputs(Code(project), stage, config)
    made_from["overrides"] = list_overrides(cfg, stage.options)
    refuse_failed(list_reads(stage, config), cfg.paths.reports_dir)
    refuse_swapped(stage.reads, stage.deps, cfg)
    refuse_other_data(project, stage, cfg)
    if not keeps_results(cfg):
        cfg = set_aside(stage, cfg)
    started = time.perf_counter()
    with use(cfg.executor):
        report = run_stage(project, stage, cfg)
    report.made_from = made_from
    report.created = datetime.now(UTC).isoformat(timespec="seconds")
    report.seconds = round(time.perf_counter() - started, 3)
    report.seal = report.compute_seal()
    path = report.write(cfg.paths.reports_dir)
    write_headlines(cfg)
    if report.failures:
        raise UserError("\n  ".join([f"did not pass (see {path}):", *report.failures]))
    told, end, verdict = report.summary.partition("\n")
    print(f"{stage.name}: {told} [{report.seconds:.1f} s, {path}]{end}{verdict}", flush=True)
    return report


def run_stage(project: "Project", stage: Stage, cfg: DictConfig) -> Report:
    """Runs a stage and records it as the running one, which access to the test split depends on."""
    run = stage.load().run
    before = RUNNING.set(stage.name)
    try:
        report: Report = run(cfg, project) if stage.is_tool else run(cfg)
    finally:
        RUNNING.reset(before)
    return report


def refuse_idle_debugging(stage: Stage, cfg: DictConfig) -> None:
    """Raises a UserError where `debug` comes with a command that trains nothing."""
    if not keeps_results(cfg) and "trainer" not in stage.settings:
        raise UserError(
            f"`{stage.name}` does not train, so there is nothing to debug: leave out `debug` "
            "(keep=false)."
        )


def refuse_failed(stages: Sequence[str], reports_dir: str) -> None:
    """Stops a stage that would build on one that did not pass, or on figures that were edited.

    Raises:
        UserError: Names it.
    """
    for name in stages:
        report = load_report(name, reports_dir)
        if report.seal and not report.is_from_run:
            raise UserError(
                f"{reports_dir}/{name}.json is not from a run, or was edited: run `{name}` again."
            )
        if report.failures:
            raise UserError(f"`{name}` did not pass: fix what it reports and run it again first.")


def refuse_swapped(stages: Sequence[str], deps: Sequence[str], cfg: DictConfig) -> None:
    """Stops a stage that would take another model for the one that the reports describe.

    Raises:
        UserError: Names the file, the stage that left another one, and how to get that back.
    """
    for name in stages:
        report = load_report(name, cfg.paths.reports_dir)
        models = [path for path in report.files if Path(path).is_relative_to(cfg.paths.models_dir)]
        for path in [path for path in models if path in deps and Path(path).exists()]:
            if hash_tree(path) != report.files[path]:
                run = f" of {report.figures['run']}" if "run" in report.figures else ""
                raise UserError(
                    f"{path} is not the one that `{name}` left{run}: put that one back, or run "
                    f"`{name}` again, so that the record names what is used."
                )


def refuse_other_data(project: "Project", stage: Stage, cfg: DictConfig) -> None:
    """Stops a stage whose config makes other data than the stages before it have made.

    It would act on what there is, and the report would name what the config says.

    Raises:
        UserError: Names the stage to run again and the section of the config.
    """
    config = to_plain(cfg)
    for name in list_upstream(project, stage):
        if not Path(cfg.paths.reports_dir, f"{name}.json").exists():
            continue  # of a stage further back, which this one does not read
        made_from = load_report(name, cfg.paths.reports_dir).made_from
        ran = made_from.get("config", {})
        now = hash_config(project.stages[name], name_as_then(project, config, made_from))
        for section in [key for key in ran if key in MAKES_DATA and ran[key] != now.get(key)]:
            raise UserError(
                f"`{name}` ran with a different {section} from this config's: set it in configs/ "
                f"and run `pipeline`, or run `{name}` and what follows it with the same key=value."
            )


def list_upstream(project: "Project", stage: Stage) -> list[str]:
    """Every stage before one, each once, in an order in which they can run."""
    found: dict[str, None] = {}
    for read in stage.reads:
        found |= dict.fromkeys([*list_upstream(project, project.stages[read]), read])
    return list(found)
