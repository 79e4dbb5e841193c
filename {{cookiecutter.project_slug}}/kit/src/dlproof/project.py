"""The project as the kit knows it: its commands, and the six places where the kit calls it."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .stages import ALWAYS, Stage
from .tools import TOOLS
from .trust import DECLARED

if TYPE_CHECKING:
    from fastapi import FastAPI
    from lightning.pytorch import LightningModule
    from omegaconf import DictConfig
    from torch import nn

    from .data.datamodule import DataModule
    from .report import Report
    from .schema.config import Config

SEAMS = ("config", "checks", "open_data", "build_module", "build_network", "create_app")


class Project:
    """A project's stages, and where the kit finds what only the project can decide.

    Places are `module:name` below the package, so that `--help` imports none of them.

    Args:
        package: Name of the project's package; its `project.py` calls this object `PROJECT`.
        stages: The project's own stages; the kit adds its tools.
        config: The schema of the whole config, a subclass of `dlproof.Config`.
        checks: The module with the project's own checks.
        open_data: `(cfg) -> dlproof.data.DataModule`, with `state`, `targets`, `balance` and
            `count_batches(world_size)`.
        build_module: `(cfg, data, world_size) -> LightningModule` with `network`, `train_loss`,
            `augment` and its config groups as hyperparameters.
        build_network: `(model, preprocess, state, num_outputs) -> nn.Module` with `normaliser`
            and `backbone`.
        create_app: `(service) -> FastAPI`.

    Attributes:
        stages: Name -> command, the project's and the kit's, by phase.
    """

    def __init__(
        self,
        *,
        package: str,
        stages: Sequence[Stage],
        config: str,
        checks: str,
        open_data: str,
        build_module: str,
        build_network: str,
        create_app: str,
    ) -> None:
        self.package = package
        DECLARED.add(package)
        own = [replace(stage, package=package) for stage in stages]
        self.stages = sort_stages([*own, *TOOLS])
        self.places = dict(
            zip(
                SEAMS,
                (config, checks, open_data, build_module, build_network, create_app),
                strict=True,
            )
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """What another process finds it by."""
        return load_project, (self.package,)

    @property
    def folder(self) -> Path:
        """Where the project's package is."""
        return Path(str(importlib.import_module(self.package).__file__)).parent

    def find(self, seam: str) -> Any:
        """What a seam names, imported."""
        module, _, name = self.places[seam].partition(":")
        found = importlib.import_module(f"{self.package}.{module}")
        return getattr(found, name) if name else found

    @property
    def config(self) -> "type[Config]":
        """The schema of the composed config."""
        schema: type[Config] = self.find("config")
        return schema

    @property
    def open_data(self) -> "Callable[[DictConfig], DataModule]":
        """The project's function of this name."""
        return self.find("open_data")

    @property
    def build_module(self) -> "Callable[..., LightningModule]":
        """The project's function of this name."""
        return self.find("build_module")

    @property
    def build_network(self) -> "Callable[..., nn.Module]":
        """The project's function of this name."""
        return self.find("build_network")

    @property
    def create_app(self) -> "Callable[..., FastAPI]":
        """The project's function of this name."""
        return self.find("create_app")

    def compose(self, overrides: Sequence[str] = (), stage: Stage | None = None) -> "DictConfig":
        """The config of the working directory with Hydra overrides, held against the schema.

        Args:
            overrides: Hydra's syntax.
            stage: Whose config it is; what classes of groups take that it does not use is not
                looked at. None: all that there is.

        Raises:
            UserError: An unknown key or option (with the nearest known one), a wrong type, or a
                required value (`???`) that was not given.
        """
        from .config import compose

        schema = self.config
        if stage is not None:
            used = {*ALWAYS, *stage.settings}
            schema = type(schema.__name__, (schema,), {"used": used, "__module__": __name__})
        return compose(overrides, schema)

    def run(self, name: str, overrides: Sequence[str] = ()) -> "Report":
        """Composes the config, runs one stage here and writes its report.

        Raises:
            UserError: The config is wrong, an input is missing, or the stage's own reason.
        """
        from .stage import execute

        stage = self.stages[name]
        return execute(self, stage, self.compose((*stage.options, *overrides), stage))

    def main(self, arguments: Sequence[str] | None = None) -> None:
        """The command line."""
        from .cli import main

        main(self, arguments)


def load_project(package: str) -> Project:
    """The project that a package describes."""
    project: Project = importlib.import_module(f"{package}.project").PROJECT
    return project


def sort_stages(stages: Sequence[Stage]) -> dict[str, Stage]:
    """By phase; in each phase those of the pipeline first, and each after what it reads."""
    known = {stage.name: stage for stage in stages}

    def depth(stage: Stage) -> int:
        """How many stages must run before one, and itself."""
        return 1 + max((depth(known[name]) for name in stage.reads), default=0)

    order = sorted(stages, key=lambda s: (s.phase, not s.in_pipeline, depth(s)))
    return {stage.name: stage for stage in order}
