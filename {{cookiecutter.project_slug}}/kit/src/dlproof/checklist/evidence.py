"""What checks look at: the composed config, the charter, and reports that still hold."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from ..charter.charter import Answers, read_charter
from ..closure import Code
from ..config import find_home, to_plain
from ..errors import UserError
from ..files import hash_tree
from ..inputs import find_differences, list_reads, select_config
from ..report import Report, load_report
from ..training.runs import is_from_run, read_epochs, read_log, read_record, read_records

if TYPE_CHECKING:
    from ..project import Project


class NotYetError(Exception):
    """What a check needs is not there yet; the message says what to run."""


class StaleError(Exception):
    """What a check needs was made from something that has changed since."""


class NotApplicableError(Exception):
    """The bullet does not apply here; the message is the computed reason."""


class Figures(dict[str, Any]):
    """Figures of a report; a missing one, at any depth, makes a bullet *to do* instead of an error.

    Args:
        stage: Whose report it is.
        figures: Its content.
        within: Names of the figures that these are part of.
    """

    def __init__(self, stage: str, figures: dict[str, Any], within: tuple[str, ...] = ()) -> None:
        super().__init__({k: self._deepen(v, stage, (*within, str(k))) for k, v in figures.items()})
        self.stage, self.within = stage, within

    @staticmethod
    def _deepen(value: Any, stage: str, within: tuple[str, ...]) -> Any:
        """A figure whose parts are figures too."""
        if isinstance(value, list):
            return [Figures._deepen(item, stage, within) for item in value]
        return Figures(stage, value, within) if isinstance(value, dict) else value

    def __missing__(self, name: str) -> Any:
        """Raises a NotYetError, which names the figure and the stage."""
        told = ".".join([*self.within, str(name)])
        raise NotYetError(f"the report of `{self.stage}` has no {told}: run `{self.stage}`")


def say_overrides(stage: str, overrides: list[str]) -> str:
    """What to do where a stage ran with values that configs/ does not have: keep what it made."""
    homes = ", ".join(f"{override} into {find_home(override)}" for override in overrides)
    return f"`{stage}` ran with values that are not in configs/: to keep them, write {homes}"


class Evidence:
    """The project in the working directory, as checks see it; everything is read once.

    Args:
        project: Its stages and seams.
    """

    def __init__(self, project: "Project") -> None:
        self.project = project
        self.code = Code(project)
        self.checked: dict[str, Any] = {}  # name of a check -> its verdict

    @cached_property
    def cfg(self) -> DictConfig:
        """The composed config, without overrides."""
        return self.project.compose()

    @cached_property
    def _plain(self) -> dict[str, Any]:
        return to_plain(self.cfg)

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
        return self.report(stage).figures

    def settings(self, stage: str) -> dict[str, Any]:
        """The part of the config that a stage's result depends on."""
        return select_config(self.project.stages[stage], self._plain)

    def report(self, stage: str) -> Report:
        """A stage's report, if it still holds; raises as `figures` does."""
        report = self.raw_report(stage)
        if changed := self.find_changes(stage):
            raise StaleError(changed)
        if "skipped" in report.figures:
            raise NotYetError(f"`{stage}` was skipped: {report.figures['skipped']}")
        return report

    def raw_report(self, stage: str) -> Report:
        """A stage's report, stale or not, as long as it is as its run wrote it.

        Raises:
            NotYetError: The stage has not run.
            StaleError: It was edited, written by hand, or is damaged.
        """
        if stage not in self._reports:
            path = Path(self.cfg.paths.reports_dir, f"{stage}.json")
            if not path.exists():
                raise NotYetError(f"run `{stage}`")
            try:
                report = load_report(stage, self.cfg.paths.reports_dir)
            except UserError as error:
                raise StaleError(str(error)) from error
            if not report.is_from_run:
                told = f"{path.as_posix()} is not from a run, or was edited since"
                raise StaleError(f"{told}: run `{stage}`, or restore it from git")
            report.figures = Figures(stage, report.figures)
            self._reports[stage] = report
        return self._reports[stage]

    def find_changes(self, stage: str) -> str:
        """What changed since a stage ran, and what to do; empty while its report is valid."""
        if stage not in self._changes:
            self._changes[stage] = self._compare(stage)
        return self._changes[stage]

    def _compare(self, stage: str) -> str:
        """Compares what a report was made from, and what it made, with what there is now."""
        try:
            report = self.raw_report(stage)
        except StaleError as error:
            return str(error)
        for upstream in list_reads(self.project.stages[stage], self._plain):
            try:
                changed = self.find_changes(upstream)
            except NotYetError:
                changed = f"the report of `{upstream}` is missing: run `pipeline`"
            if changed:
                return changed.replace(f": run `{upstream}`", ": run `pipeline`")
        made_from = report.made_from
        names = find_differences(self.code, self.project.stages[stage], self._plain, made_from)
        if names == ["config"] and made_from.get("overrides"):
            return say_overrides(stage, made_from["overrides"])
        if names:
            return f"the {' and '.join(names)} of `{stage}` changed: run `{stage}`"
        kept = [path for path in report.files if path in self.project.stages[stage].outs]
        edits = (find_edit(stage, path, report.files[path]) for path in kept)
        return next(filter(None, edits), "")

    def file(self, stage: str, path: Path) -> Path:
        """A file as its stage wrote it; files that the pipeline does not keep may be missing.

        Raises:
            NotYetError: It is missing, or the stage wrote none.
            StaleError: It was changed since.
        """
        report, name = self.report(stage), path.as_posix()
        if name not in report.files or not path.exists():
            raise NotYetError(f"{name} does not exist: run `{stage}`")
        if changed := find_edit(stage, name, report.files[name]):
            raise StaleError(changed)
        return path

    def hold_picture(self, name: str) -> None:
        """Holds a picture against the reports that were read.

        Raises:
            StaleError: It is gone, or not the one that its stage drew.
        """
        path = Path(self.cfg.paths.reports_dir, name).as_posix()
        drawn = {s: r.pictures[name] for s, r in self._reports.items() if name in r.pictures}
        for stage, content in drawn.items():
            if changed := find_edit(stage, path, content):
                raise StaleError(changed)

    @cached_property
    def _reports(self) -> dict[str, Report]:
        return {}

    @cached_property
    def _changes(self) -> dict[str, str]:
        return {}

    @cached_property
    def run(self) -> dict[str, Any]:
        """The record of the run that made the current model.

        Raises:
            NotYetError: It is gone.
            StaleError: It, or a file beside it, was edited.
        """
        folder = Path(self.cfg.paths.runs_dir, self.figures("train")["run"])
        if not (folder / "record.json").exists():
            raise NotYetError("run `train`")
        return self._hold_record(folder)

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The records of all runs that have ended, the oldest first.

        Raises:
            StaleError: One of them, or a file beside it, was edited.
        """
        folder = Path(self.cfg.paths.runs_dir)
        ended = [record["id"] for record in read_records(folder) if "seal" in record]
        return [self._hold_record(folder / name) for name in ended]

    def _hold_record(self, folder: Path) -> dict[str, Any]:
        """The record of a run, refused if it was edited since."""
        record = read_record(folder)
        if not is_from_run(folder, record):
            told = f"{folder.as_posix()}/record.json or a file beside it was edited since the run"
            raise StaleError(f"{told}: run `train`")
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
        """The run's log, as the run left it.

        Raises:
            NotYetError: There is none.
            StaleError: It was changed since.
        """
        path = Path(self.cfg.paths.runs_dir, self.figures("train")["run"], "metrics.csv")
        if not path.exists():
            raise NotYetError("run `train` with the csv logger")
        return self.file("train", path)


def find_edit(stage: str, path: str, content: str) -> str:
    """What happened to a file that a stage wrote; empty if it has the same content."""
    if hash_tree(path) == content:
        return ""
    told = "is not as the run left it" if Path(path).exists() else "is missing"
    return f"{path} {told}: run `{stage}`"
