"""The table of commands: what each does, where its code is, what its result depends on."""

import importlib
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

KIT = __package__
PHASES = {
    1: "Problem",
    2: "Data",
    3: "Model",
    4: "Training",
    5: "Evaluation",
    6: "Deployment",
    7: "Monitoring",
}
RUNNING: ContextVar[str] = ContextVar("running", default="")  # the stage that runs in this process
ALWAYS = ("paths", "data", "task")  # sections of the config that every result depends on


@dataclass(frozen=True)
class Stage:
    """One command.

    Attributes:
        name: The command's name, and its report's.
        phase: Phase of the checklist, 1 to 7.
        module: Module below the package that holds `run(cfg) -> Report`.
        summary: One line for the help page.
        settings: Top-level config keys that change its result, besides `ALWAYS`.
        reads: Stages whose reports it reads.
        reads_raw: Whether it reads the raw data.
        deps: Outputs of stages before it, reports whose figures it uses, files that no stage makes.
        answers: Keys of the charter that it reads.
        outs: Files that it writes and DVC keeps.
        kept: Of these, the ones that stay where they are until the stage replaces them.
        uncached: Of these, the ones that git keeps in place of DVC.
        in_pipeline: Whether `dvc.yaml` runs it.
        options: Options of config groups that it always takes.
        without: Keys below `settings` that do not change its result after all.
        package: That `module` is in: a project's, or the kit, whose tools take `(cfg, project)`.
    """

    name: str
    phase: int
    module: str
    summary: str
    settings: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    reads_raw: bool = False
    deps: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    uncached: tuple[str, ...] = ()
    in_pipeline: bool = True
    options: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    package: str = KIT

    @property
    def is_tool(self) -> bool:
        """Whether the kit brings it."""
        return self.package == KIT

    def load(self) -> Any:
        """Its module, imported."""
        return importlib.import_module(f"{self.package}.{self.module}")


TRAINING = (
    "augmentation",
    "balance",
    "loader",
    "model",
    "optimizer",
    "preprocess",
    "schedule",
    "seed",
    "trainer",
)
MARK = "predictions_newest.json"  # beside the log of predictions: which row is the newest
