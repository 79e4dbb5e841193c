"""What checks look at: the composed config, the charter, and reports that still hold."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from ..charter.charter import Answers, read_charter
from ..config import find_home
from ..files import read_json
from ..report import Report, load_report
from ..stage import find_differences, select_config
from ..training.runs import read_epochs, read_log

if TYPE_CHECKING:
    from ..project import Project


class NotYetError(Exception):
    """What a check needs is not there yet; the message says what to run."""


class StaleError(Exception):
    """What a check needs was made from something that has changed since."""


class NotApplicableError(Exception):
    """The bullet does not apply here; the message is the computed reason."""


class Figures(dict[str, Any]):
    """Figures of a report; one that is not there is to do, and no error of the check.

    Args:
        stage: Whose report it is.
        figures: Its content.
    """

    def __init__(self, stage: str, figures: dict[str, Any]) -> None:
        super().__init__(figures)
        self.stage = stage

    def __missing__(self, name: str) -> Any:
        """Raises a NotYetError, which names the figure and the stage."""
        raise NotYetError(f"the report of `{self.stage}` has no {name}: run `{self.stage}`")


def say_overrides(stage: str, overrides: list[str]) -> str:
    """What to do where a stage ran with values that configs/ does not have: keep what it made."""
    homes = ", ".join(f"{override} into {find_home(override)}" for override in overrides)
    return f"`{stage}` ran with values that configs/ does not hold: to keep them, write {homes}"


class Evidence:
    """The project in the working directory, as checks see it; everything is read once.

    Args:
        project: Its stages and seams.
    """

    def __init__(self, project: "Project") -> None:
        self.project = project

    @cached_property
    def cfg(self) -> DictConfig:
        """The composed config, without overrides."""
        return self.project.compose()

    @cached_property
    def charter(self) -> Answers:
        """The charter with the state of each answer."""
        return Answers(*read_charter())

    def answer(self, key: str) -> Any:
        """A charter value that is done.

        Raises:
            NotYetError: It is to do, wrong or expired.
        """
        answer = self.charter.get(key)
        if answer.state != "done":
            raise NotYetError(f"project.yaml: {key} {answer.reason}")
        return answer.value

    def figures(self, stage: str) -> dict[str, Any]:
        """Figures of a stage's report, if the report still holds.

        Raises:
            NotYetError: The stage has not run, or was skipped.
            StaleError: Something that the report was made from has changed.
        """
        return Figures(stage, self.report(stage).figures)

    def settings(self, stage: str) -> dict[str, Any]:
        """The part of the config that a stage's result depends on."""
        return select_config(self.project.stages[stage], self.cfg)

    def report(self, stage: str) -> Report:
        """A stage's report, if it still holds; raises as `figures` does."""
        report = self.raw_report(stage)
        if changed := self.find_changes(stage):
            raise StaleError(changed)
        if "skipped" in report.figures:
            raise NotYetError(f"`{stage}` was skipped: {report.figures['skipped']}")
        return report

    def raw_report(self, stage: str) -> Report:
        """A stage's report, whether it holds or not."""
        if stage not in self._reports:
            if not Path(self.cfg.paths.reports_dir, f"{stage}.json").exists():
                raise NotYetError(f"run `{stage}`")
            self._reports[stage] = load_report(stage, self.cfg.paths.reports_dir)
        return self._reports[stage]

    def find_changes(self, stage: str) -> str:
        """What changed since a stage ran, and what to do; empty when its report holds."""
        if stage not in self._changes:
            self._changes[stage] = self._compare(stage)
        return self._changes[stage]

    def _compare(self, stage: str) -> str:
        """Compares what a report was made from with what it would be made from now."""
        made_from = self.raw_report(stage).made_from
        for upstream in self.project.stages[stage].reads:
            try:
                changed = self.find_changes(upstream)
            except NotYetError:
                changed = f"the report of `{upstream}` is gone: run `pipeline`"
            if changed:
                return changed.replace(f": run `{upstream}`", ": run `pipeline`")
        names = find_differences(self.project, self.project.stages[stage], self.cfg, made_from)
        if names == ["config"] and made_from.get("overrides"):
            return say_overrides(stage, made_from["overrides"])
        return f"the {' and '.join(names)} of `{stage}` changed: run `{stage}`" if names else ""

    @cached_property
    def _reports(self) -> dict[str, Report]:
        return {}

    @cached_property
    def _changes(self) -> dict[str, str]:
        return {}

    @cached_property
    def run(self) -> dict[str, Any]:
        """The record of the run that made the current model."""
        name = self.figures("train")["run"]
        path = Path(self.cfg.paths.runs_dir, name, "record.json")
        if not path.exists():
            raise NotYetError("run `train`")
        record: dict[str, Any] = read_json(path)
        return record

    @cached_property
    def log(self) -> dict[str, list[float]]:
        """The run's log by epoch: column -> its values in order, empty cells left out."""
        return read_log(self.log_path)

    def epochs(self, column: str) -> list[int]:
        """The epoch of each value in a column of the log; one may have several validations."""
        return read_epochs(self.log_path, column)

    @cached_property
    def log_path(self) -> Path:
        """Where the run's log is.

        Raises:
            NotYetError: There is none.
        """
        path = Path(self.cfg.paths.runs_dir, self.figures("train")["run"], "metrics.csv")
        if not path.exists():
            raise NotYetError("run `train` with the csv logger")
        return path
