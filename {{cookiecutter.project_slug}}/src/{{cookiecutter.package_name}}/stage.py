"""What every command shares: compose the config, run the stage, write its report."""

import ast
import importlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from .commands import STAGES, Stage
from .configuration import build, compose, to_plain, warn_outside_cheatsheet
from .errors import UserError
from .files import hash_file, hash_json, hash_tree
from .report import Report, load_report
from .revision import describe_revision

PACKAGE = Path(__file__).parent
SHARED = (PACKAGE, PACKAGE / "schema")  # what carries stages changes no result
MAKES_DATA = ("data", "clean", "split", "preprocess")  # sections that act before training
# What a report is made from and what a person calls it when it has changed.
INPUTS = {
    "config": "config",
    "code": "code",
    "raw": "raw data",
    "expectations": "expectations",
    "reports": "inputs",
}


def run_stage(stage: Stage, overrides: Sequence[str] = ()) -> Report | None:
    """Composes the config, runs one stage and writes its report; or hands both to a cluster.

    Raises:
        UserError: The config is wrong, an input is missing, or the stage's own reason.
    """
    return launch(stage, overrides, compose((*stage.options, *overrides)))


def launch(stage: Stage, overrides: Sequence[str], cfg: DictConfig) -> Report | None:
    """Runs one stage where `launcher` says; None if that is elsewhere.

    Raises:
        UserError: As `run_stage`.
    """
    if cfg.launcher.name == "local":
        return execute(stage, cfg)
    from .training.launch import submit

    warn_outside_cheatsheet(cfg)
    refuse_failed(stage.reads, cfg.paths.reports_dir)
    refuse_other_data(stage, cfg)
    submit(stage, overrides, cfg)
    return None


def execute(stage: Stage, cfg: DictConfig) -> Report:
    """Runs one stage with a composed config and writes its report, also of what did not pass.

    Raises:
        UserError: As `run_stage`, or something did not pass, here or in a stage before.
    """
    warn_outside_cheatsheet(cfg)
    if stage.reads_raw:  # embedded raw data is written where it is missing
        build(cfg.data).provide()
    made_from = describe_inputs(stage, cfg)
    refuse_failed(stage.reads, cfg.paths.reports_dir)
    refuse_other_data(stage, cfg)
    started = time.perf_counter()
    report: Report = importlib.import_module(f".{stage.module}", __package__).run(cfg)
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


def refuse_other_data(stage: Stage, cfg: DictConfig) -> None:
    """Stops a stage whose config makes other data than the stages before it have made.

    It would act on what there is, and the report would name what the config says.

    Raises:
        UserError: Names the stage to run again and the section of the config.
    """
    for name in list_upstream(stage):
        if not Path(cfg.paths.reports_dir, f"{name}.json").exists():
            continue  # of a stage further back, which this one does not read
        ran = load_report(name, cfg.paths.reports_dir).made_from.get("config", {})
        now = hash_config(STAGES[name], cfg)
        for section in [key for key in ran if key in MAKES_DATA and ran[key] != now.get(key)]:
            raise UserError(
                f"`{name}` ran with another {section} than this config's: set it in configs/ and "
                f"run `pipeline`, or run `{name}` and what follows it with the same key=value."
            )


def list_upstream(stage: Stage) -> list[str]:
    """Every stage before one, each once, in an order in which they can run."""
    return list(
        {name: None for read in stage.reads for name in (*list_upstream(STAGES[read]), read)}
    )


def describe_inputs(stage: Stage, cfg: DictConfig) -> dict[str, Any]:
    """What a report of this stage is made from; equal hashes mean that it still holds."""
    raw = {}
    if stage.reads_raw:
        raw["raw"] = hash_tree(cfg.data.get("root") or cfg.data.path)
        if cfg.data.expectations:
            raw["expectations"] = hash_tree(cfg.data.expectations)
    if "split" in stage.config and cfg.split.get("path"):
        raw["raw"] = hash_tree(cfg.split.path)
    return raw | {
        "config": hash_config(stage, cfg),
        "code": hash_code(stage.module, targets_in(select_config(stage, cfg))),
        "reports": {name: load_report(name, cfg.paths.reports_dir).digest for name in stage.reads},
        "lock": hash_file("requirements.lock") if Path("requirements.lock").exists() else None,
        **describe_revision(),
    }


def find_differences(stage: Stage, cfg: DictConfig, made_from: dict[str, Any]) -> list[str]:
    """Names of what differs between what a report was made from and what there is now."""
    now = describe_inputs(stage, cfg)
    return [name for key, name in INPUTS.items() if made_from.get(key) != now.get(key)]


def hash_config(stage: Stage, cfg: DictConfig) -> dict[str, str]:
    """Section of the config that the stage's result depends on -> its hash."""
    return {section: hash_json(part) for section, part in select_config(stage, cfg).items()}


def select_config(stage: Stage, cfg: DictConfig) -> dict[str, Any]:
    """The part of the config that the stage's result depends on, as plain containers."""
    keys = ("paths", "data", "task", *stage.config)
    selected = OmegaConf.masked_copy(cfg, list(keys))
    for key in stage.without:
        OmegaConf.update(selected, key, None)
    return to_plain(selected)


def targets_in(config: Any) -> tuple[str, ...]:
    """Modules of this package that `_target_` keys name anywhere in a config."""
    if isinstance(config, list):
        return tuple(module for value in config for module in targets_in(value))
    if not isinstance(config, dict):
        return ()
    found = [module for value in config.values() for module in targets_in(value)]
    target = config.get("_target_", "")
    if target.startswith(f"{__package__}."):
        found.append(target.removeprefix(f"{__package__}.").rpartition(".")[0])
    return tuple(found)


def hash_code(module: str, extra_modules: Sequence[str] = ()) -> str:
    """Hash of a module and all it imports from the phases: DVC watches the same bytes."""
    paths = set().union(*(source_closure(find_module(name)) for name in {module, *extra_modules}))
    paths = {path for path in paths if path.parent not in SHARED}
    return hash_json(sorted((p.relative_to(PACKAGE).as_posix(), hash_file(p)) for p in paths))


def find_module(name: str) -> Path:
    """The file of a module below this package."""
    path = PACKAGE.joinpath(*name.split("."))
    return path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"


def source_closure(path: Path) -> set[Path]:
    """A file and every file of this package that it imports, directly or not."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        current = waiting.pop()
        if current not in found and current.exists():
            found.add(current)
            waiting.extend(relative_imports(current))
    return found


@cache
def relative_imports(path: Path) -> tuple[Path, ...]:
    """Files that a file's relative imports name, also those inside functions."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1]
            parts = node.module.split(".") if node.module else []
            module = base.joinpath(*parts)
            candidates = [module.with_suffix(".py")] if parts else []
            candidates += [module / f"{alias.name}.py" for alias in node.names]
            candidates.append(module / "__init__.py")
            found += [candidate for candidate in candidates if candidate.exists()]
    return tuple(found)
