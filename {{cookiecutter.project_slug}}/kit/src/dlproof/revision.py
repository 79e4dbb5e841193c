"""Which commit of the project ran, and what was changed since."""

import getpass
import subprocess
import sys
from functools import cache
from pathlib import PurePath
from typing import Any

# Everything but what the pipeline and `checklist` write, and what is only read by people.
WATCHED = (".", *(f":(exclude){name}" for name in ("docs", "reports", "params.yaml", "dvc.lock")))
CODE = {".cfg", ".ipynb", ".json", ".lock", ".py", ".sh", ".toml", ".yaml", ".yml"}
# A patch that `git apply` takes, whatever the user's configuration and attributes say.
PATCH = (
    "diff",
    "--binary",
    "--full-index",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--unified=3",
)
NOWHERE = ("not a git repository", "unknown revision", "ambiguous argument")  # or nothing committed


@cache
def describe_revision() -> dict[str, Any]:
    """Commit, and whether code or settings differ from it, files included that git does not know.

    Both are None outside git, and where git refuses, which is told.
    """
    commit = run_git("rev-parse", "HEAD")
    if commit is None:
        if reason := find_refusal():
            print(f"warning: no commit is recorded, since git refuses: {reason}", file=sys.stderr)
        return {"commit": None, "dirty": None}
    changed = run_git("diff", "--name-only", "--no-ext-diff", "HEAD", "--", *WATCHED)
    return {"commit": commit, "dirty": bool(changed or list_unknown())}


def find_person() -> str:
    """Who runs this: by name as git knows them, else by the account, which may have none."""
    try:
        return run_git("config", "user.name") or getpass.getuser()
    except (KeyError, OSError):  # as in a container whose user is a number
        return "unknown"


def list_unknown() -> list[str]:
    """Code and settings below the working directory that git neither has nor ignores."""
    listed = run_git("ls-files", "-z", "--others", "--exclude-standard", "--", *WATCHED)
    return [name for name in (listed or "").split("\0") if PurePath(name).suffix in CODE]


def read_diff() -> bytes:
    """The change since the commit as a patch: `git apply` of it on the commit rebuilds what ran.

    It holds the files that git has, binary ones too, and the code and settings that it does not
    know yet.
    """
    prefix = run_git("rev-parse", "--show-prefix")
    if prefix is None:
        return b""
    parts = [ask_git(*PATCH, "--no-relative", "--src-prefix=a/", "--dst-prefix=b/", "HEAD")]
    here = (f"--src-prefix=a/{prefix}", f"--dst-prefix=b/{prefix}")
    for name in list_unknown():
        # Files outside of the index differ by definition: git ends with 1.
        parts.append(ask_git(*PATCH, *here, "--no-index", "--", "/dev/null", name, ends=(0, 1)))
    return b"".join(part or b"" for part in parts)


def run_git(*arguments: str) -> str | None:
    """Output of one git command; None where git or the repository is missing, or git refuses."""
    found = ask_git(*arguments)
    return None if found is None else found.decode(errors="replace").strip()


def ask_git(*arguments: str, ends: tuple[int, ...] = (0,)) -> bytes | None:
    """As `run_git`, to the byte.

    Args:
        arguments: What follows `git`.
        ends: Exit codes of an answer.
    """
    done = start_git(*arguments)
    return done.stdout if done is not None and done.returncode in ends else None


def find_refusal() -> str:
    """What git says against this folder; empty where there is no git, repository or commit."""
    done = start_git("rev-parse", "HEAD")
    told = (
        " ".join(done.stderr.decode(errors="replace").split()) if done and done.returncode else ""
    )
    return "" if any(words in told for words in NOWHERE) else told


def start_git(*arguments: str) -> subprocess.CompletedProcess[bytes] | None:
    """What became of one git command; None where it cannot be started, or hangs."""
    try:
        return subprocess.run(["git", *arguments], capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
