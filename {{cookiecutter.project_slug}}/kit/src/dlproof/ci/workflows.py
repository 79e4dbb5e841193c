"""CI's own files: the scripts that they run at every push and at every request to merge."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .github import read_github
from .gitlab import read_gitlab
from .script import Script, UnreadableError, flatten, is_true, read_yaml, reading

# Services other than GitHub and GitLab; of these, everything under keys that hold commands.
OTHERS: tuple[str, ...] = (
    ".circleci/config.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    ".travis.yml",
)
OTHERS += (".woodpecker.yml", ".drone.yml")
COMMANDS = ("run", "script", "bash", "command", "commands", "before_script")
MAY_FAIL = ("continue-on-error", "continueOnError", "allow_failure", "ignore_failure")


def list_scripts() -> Iterator[Script]:
    """Every script that a job of this repository runs and whose failure counts.

    A file that cannot be read is one script without commands, which says so.
    """
    files: list[tuple[Path, Callable[[Path], Iterator[Script]]]] = [
        *((path, read_github) for path in sorted(Path(".github/workflows").glob("*.y*ml"))),
        (Path(".gitlab-ci.yml"), read_gitlab),
        *((Path(name), read_other) for name in OTHERS),
    ]
    for path, read in files:
        if path.is_file():
            try:
                with reading(path):
                    yield from list(read(path))
            except UnreadableError as error:
                yield Script(path.as_posix(), "", damage=str(error))


def read_other(path: Path) -> Iterator[Script]:
    """The scripts of a file of another kind of CI."""
    for text in find_commands(read_yaml(path)):
        yield Script(path.as_posix(), text, pipefail=True)


def find_commands(part: Any) -> Iterator[str]:
    """Everything under keys that hold commands, except for what may fail."""
    if isinstance(part, list):
        for item in part:
            yield from find_commands(item)
    elif isinstance(part, dict) and not any(is_true(part.get(key)) for key in MAY_FAIL):
        for key, value in part.items():
            if key in COMMANDS and not isinstance(value, dict):
                yield "\n".join(flatten(value))
            else:
                yield from find_commands(value)
