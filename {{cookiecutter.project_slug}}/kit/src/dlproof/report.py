"""Reports: what a stage found, and what it was made from, in `reports/<stage>.json`."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .errors import UserError
from .files import hash_json, hash_tree, read_json, write_json


@dataclass
class Report:
    """The outcome of one stage.

    Attributes:
        stage: Name of the command that wrote it.
        figures: What was measured; JSON-able, units in the names.
        files: Outputs, as path relative to the project root -> SHA-256 (folders as a tree).
        pictures: Plots that lie beside the report.
        failures: What did not pass, a sentence each: the command fails, and so do those after it.
        summary: One line for a person.
        made_from: Hashes of the config, code, data and reports it was made from.
        seconds: How long the stage ran.
    """

    stage: str
    figures: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    summary: str = ""
    made_from: dict[str, Any] = field(default_factory=dict)
    created: str = ""
    seconds: float = 0.0

    def add_file(self, path: Path | str) -> None:
        """Records an output file or folder with its content hash."""
        self.files[Path(path).as_posix()] = hash_tree(path)

    @property
    def digest(self) -> str:
        """What later stages build on: the outputs, or the figures where there are none."""
        return hash_json(self.files or self.figures)

    def write(self, reports_dir: Path | str) -> Path:
        """Writes the report atomically and returns its path."""
        path = Path(reports_dir) / f"{self.stage}.json"
        write_json(path, asdict(self))
        return path


def load_report(stage: str, reports_dir: Path | str) -> Report:
    """Reads the report of a stage.

    Raises:
        UserError: The stage has not run, or its report is not readable.
    """
    path = Path(reports_dir) / f"{stage}.json"
    if not path.exists():
        raise UserError(f"{path} is not there: run `{stage}` first (or the whole `pipeline`).")
    try:
        return Report(**read_json(path))
    except (ValueError, TypeError) as error:
        raise UserError(f"{path} is damaged ({error}): run `{stage}` again.") from error
