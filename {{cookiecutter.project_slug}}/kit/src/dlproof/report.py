"""Reports: what a stage found, and what it was made from, in `reports/<stage>.json`.

Two hashes bind one. Its *seal* covers the whole content, so that a figure that was edited shows:
this guards against slips and tired people, not against an attacker with a debugger. Its *digest*
covers the outcome alone, and later stages name it: so reports are chained, and to repeat a stage
with the same outcome makes nothing after it stale.
"""

import json
import re
from collections.abc import Container
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .errors import UserError
from .files import hash_file, hash_json, hash_tree, leave_finite, read_json, write_json

# Figures that differ between two runs with the same outcome, as the units in their names tell.
MEASURED_ANEW = re.compile(r"(^|_|/)(seconds|ms|per_second|megabytes)$")


@dataclass
class Report:
    """The outcome of one stage.

    Attributes:
        stage: Name of the command that wrote it.
        figures: What was measured; JSON-able, units in the names.
        files: Outputs, as path relative to the project root -> SHA-256 (folders as a tree).
        pictures: Plots beside the report, as name -> SHA-256.
        failures: What did not pass, one sentence each: the command fails, and so do those after it.
        summary: One line for a person; a second one is printed last, by itself.
        made_from: Hashes of the config, code, data and reports it was made from.
        seconds: How long the stage ran.
        seal: Hash of all the above, written by the run; empty until then.
    """

    stage: str
    figures: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    summary: str = ""
    made_from: dict[str, Any] = field(default_factory=dict)
    created: str = ""
    seconds: float = 0.0
    seal: str = ""

    def add_file(self, path: Path | str) -> None:
        """Records an output file or folder with its content hash."""
        self.files[Path(path).as_posix()] = hash_tree(path)

    def add_picture(self, path: Path | str) -> None:
        """Records a picture, which no later stage builds on."""
        self.pictures[Path(path).name] = hash_file(path)

    @property
    def digest(self) -> str:
        """What later stages build on: files, figures and failures.

        Times and memory are left out, and so are the date and what the report was made from: they
        differ from run to run, and a model would have to be trained again for nothing.
        """
        figures = leave_out_measured(as_read(self.figures))
        return hash_json([self.stage, self.files, figures, self.failures])

    def digest_for(self, deps: Container[str]) -> str:
        """What one later stage builds on, by what it lists: this report, or only files of it.

        A figure more in the report of `preprocess` is no other data, and trains no other model.
        """
        taken = {path: content for path, content in self.files.items() if path in deps}
        return hash_json(taken) if taken and self.place not in deps else self.digest

    @property
    def place(self) -> str:
        """What the table of stages calls it."""
        return f"reports/{self.stage}.json"

    def compute_seal(self) -> str:
        """Hash of the whole content, as it is read back."""
        return hash_json(as_read({**asdict(self), "seal": ""}))

    @property
    def is_from_run(self) -> bool:
        """Whether it is as the run of its stage wrote it."""
        return self.seal == self.compute_seal()

    def write(self, reports_dir: Path | str) -> Path:
        """Writes the report atomically and returns its path."""
        path = Path(reports_dir) / f"{self.stage}.json"
        write_json(path, asdict(self) | {"digest": self.digest})  # the digest for DVC
        return path


def as_read(content: Any) -> Any:
    """A JSON-able value as it comes back from a file: keys are text, tuples lists, NaN null."""
    return json.loads(json.dumps(leave_finite(content)))


def leave_out_measured(figures: Any) -> Any:
    """Figures, at any depth, that equal runs have in common."""
    if isinstance(figures, dict):
        kept = {name: v for name, v in figures.items() if not MEASURED_ANEW.search(str(name))}
        return {str(name): leave_out_measured(value) for name, value in kept.items()}
    if isinstance(figures, list | tuple):
        return [leave_out_measured(value) for value in figures]
    return figures


def load_report(stage: str, reports_dir: Path | str) -> Report:
    """Reads the report of a stage.

    Raises:
        UserError: The stage has not run, or its report is not readable.
    """
    path = Path(reports_dir) / f"{stage}.json"
    if not path.exists():
        raise UserError(f"{path} does not exist: run `{stage}` first (or the whole `pipeline`).")
    try:
        content = read_json(path)
        content.pop("digest", None)
        return Report(**content)
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is damaged ({error}): run `{stage}` again.") from error
