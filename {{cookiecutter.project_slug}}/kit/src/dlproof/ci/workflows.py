"""CI's own files: the scripts that they run at every push and at every request to merge."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .github import read_github
from .gitlab import read_gitlab
from .script import Script, flatten, is_true, read_yaml

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
    """Every script that a job of this repository runs and whose failure counts."""
    for path in sorted(Path(".github/workflows").glob("*.y*ml")):
        yield from read_github(path)
    if Path(".gitlab-ci.yml").is_file():
        yield from read_gitlab(Path(".gitlab-ci.yml"))
    for name in OTHERS:
        if Path(name).is_file():
            lines = find_commands(read_yaml(Path(name)))
            yield from (Script(name, text, pipefail=True) for text in lines)


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
