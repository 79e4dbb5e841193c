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

from .closure import Code
from .config import to_plain
from .errors import UserError
from .files import atomic
from .headlines import FOLDER, METRICS
from .inputs import describe_settled
from .monitoring.log import refresh_mark
from .stages import ALWAYS, Stage

if TYPE_CHECKING:
    from .project import Project

DVC, PARAMS, SETTLED = Path("dvc.yaml"), Path("params.yaml"), "made_from"
# What the composed config and the table of stages come from; modules at the root come after.
SOURCES = (
    "configs",
    "src",
    "kit/src",
    "kit/MANIFEST",
    "expectations",
    "project.yaml",
    "requirements.lock",
)
METRIC = "${task.metric}"  # DVC takes it from params.yaml
CURVES = {
    "Loss": ["train/loss", "val/loss"],
    "Metric": [f"train/{METRIC}", f"val/{METRIC}"],
    "Learning rate": ["learning_rate"],
}
# What `dvc metrics show` and `dvc plots show` show: ten numbers, a run's curves, three pictures.
SHOWN = {
    "metrics": [f"reports/{FOLDER}/{METRICS}"],
    "plots": [
        *(
            {title: {"x": "epoch", "y": {f"reports/{FOLDER}/curves.csv": columns}}}
            for title, columns in CURVES.items()
        ),
        *(f"reports/{name}.png" for name in ("find_lr", "evaluate", "monitor")),
    ],
}
HEAD = """\
# One stage per command; `make pipeline` runs those whose inputs changed. `make dvc` writes this
# file from the table of stages in project.py. `params` are keys of the composed config; digests of
# reports, which stay the same when a stage runs again with the same result; and under `made_from`
# what else a report is compared with: code, versions of packages, answers, files that the config
# names. The first stage writes both.
"""


def write_params(project: "Project", overrides: Sequence[str] = ()) -> Path:
    """Writes where DVC watches it the composed config, and what each stage is made from."""
    cfg = project.compose(overrides)
    refresh_mark(cfg.paths.data_dir)  # else DVC would miss what no stage makes
    code, plain = Code(project), to_plain(cfg)
    settled = {
        stage.name: describe_settled(code, stage, plain)
        for stage in project.stages.values()
        if stage.in_pipeline
    }
    content = OmegaConf.create({**plain, SETTLED: settled})
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
        "deps": [*filter(os.path.exists, SOURCES), *sorted(map(str, Path().glob("*.py")))],
        "outs": [{PARAMS.as_posix(): {"cache": False}}],
    }
    raw_key = "root" if "root" in project.compose().data else "path"
    stages = [stage for stage in project.stages.values() if stage.in_pipeline]
    listed = {stage.name: describe_stage(stage, command, raw_key) for stage in stages}
    content = {"stages": {"config": first} | listed, **SHOWN}
    return HEAD + yaml.safe_dump(content, sort_keys=False, width=100)


def describe_stage(stage: Stage, command: str, raw_key: str) -> dict[str, Any]:
    """One stage in DVC's words."""
    raw = ["${data." + raw_key + "}"] if stage.reads_raw else []
    reports = [path for path in stage.deps if path.startswith("reports/")]
    return {
        "cmd": f"{command} {stage.name}",
        "deps": [*raw, *(path for path in stage.deps if path not in reports)],
        "params": [*list_params(stage), *({path: ["digest"]} for path in reports)],
        "outs": [
            *(describe_out(stage, path) for path in stage.outs),
            {f"reports/{stage.name}.json": {"cache": False, "persist": True}},
        ],
    }


def list_params(stage: Stage) -> list[str]:
    """Keys of `params.yaml` that a stage depends on: a section by its hash where parts are out."""
    within = {key.partition(".")[0] for key in stage.without}
    sections = [*ALWAYS, *stage.settings]
    hashed = [f"{SETTLED}.{stage.name}.config.{key}" for key in sections if key in within]
    names = ["code", "kit", "packages", "named", *(["answers"] if stage.answers else [])]
    others = [f"{SETTLED}.{stage.name}.{name}" for name in names]
    return [*(key for key in sections if key not in within), *hashed, *others]


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
