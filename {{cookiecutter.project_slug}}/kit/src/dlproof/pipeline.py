"""The stages as DVC runs them: `dvc.yaml` and `params.yaml`, both written from the table.

Run: `pipeline`, `config`, `dvc`.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from omegaconf import OmegaConf

from .closure import hash_code
from .config import to_plain
from .errors import UserError
from .files import atomic, hash_json
from .stage import select_config
from .stages import ALWAYS, Stage

if TYPE_CHECKING:
    from .project import Project

DVC, PARAMS, CODE = Path("dvc.yaml"), Path("params.yaml"), "code"
SOURCES = ("configs", "src", "kit/src", "kit/MANIFEST")
HEAD = """\
# One stage a command; `make pipeline` runs those whose inputs changed. `make dvc` writes this file
# from the table of stages in project.py. `params` are keys of the composed config and a hash of the
# code that a stage really uses; the first stage writes both.
"""


def write_params(project: "Project", overrides: Sequence[str] = ()) -> Path:
    """Writes where DVC watches it the composed config, and a hash of each stage's code."""
    cfg = project.compose(overrides)
    codes = {
        stage.name: hash_json(hash_code(project, stage, select_config(stage, cfg)))
        for stage in project.stages.values()
        if stage.in_pipeline
    }
    content = OmegaConf.create({**to_plain(cfg), CODE: codes})
    with atomic(PARAMS) as draft:
        draft.write_text(OmegaConf.to_yaml(content), encoding="utf-8")
    return PARAMS


def write_dvc(project: "Project") -> Path:
    """Writes `dvc.yaml`."""
    with atomic(DVC) as draft:
        draft.write_text(render_dvc(project), encoding="utf-8")
    return DVC


def render_dvc(project: "Project") -> str:
    """`dvc.yaml` as the table of stages has it."""
    command = f"python -m {project.package}"
    first: dict[str, Any] = {
        "cmd": f"{command} config",
        "deps": [name for name in SOURCES if Path(name).exists()],
        "outs": [{PARAMS.as_posix(): {"cache": False}}],
    }
    raw = project.compose().data
    raw_key = "root" if "root" in raw else "path"
    stages = [stage for stage in project.stages.values() if stage.in_pipeline]
    listed = {stage.name: describe_stage(stage, command, raw_key) for stage in stages}
    text = yaml.safe_dump({"stages": {"config": first} | listed}, sort_keys=False, width=100)
    return HEAD + text


def describe_stage(stage: Stage, command: str, raw_key: str) -> dict[str, Any]:
    """One stage in DVC's words."""
    raw = ["${data." + raw_key + "}", "expectations"] if stage.reads_raw else []
    found: dict[str, Any] = {
        "cmd": f"{command} {stage.name}",
        "deps": [*raw, *stage.deps],
        "params": [*ALWAYS, *stage.settings, f"{CODE}.{stage.name}"],
    }
    if stage.outs:
        found["outs"] = [describe_out(stage, path) for path in stage.outs]
    report = {f"reports/{stage.name}.json": {"cache": False, "persist": True}}
    return found | {"metrics": [report]}


def describe_out(stage: Stage, path: str) -> str | dict[str, dict[str, bool]]:
    """An output, with how DVC keeps it where that is not the usual way."""
    how = {}
    if path in stage.uncached:
        how["cache"] = False
    if path in stage.kept:
        how["persist"] = True
    return {path: how} if how else path


def run_pipeline(arguments: list[str]) -> None:
    """Replaces this process by `dvc repro`, whose stages call this very Python."""
    if any("=" in argument for argument in arguments):
        raise UserError(
            "the pipeline takes its values from configs/: edit configs/config.yaml (or run "
            "`dvc exp run -S configs/optimizer/adamw.yaml:lr=0.001`); single stages take key=value."
        )
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    }
    os.execvpe(sys.executable, [sys.executable, "-m", "dvc", "repro", *arguments], environment)
