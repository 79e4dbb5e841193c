"""Which commit of the project ran, and what was changed since."""

import subprocess
from functools import cache
from typing import Any


@cache
def describe_revision() -> dict[str, Any]:
    """Commit and whether tracked files that can run differ from it; commit is None outside git."""
    commit = run_git("rev-parse", "HEAD")
    changed = run_git("status", "--porcelain", "-uno", "--", ".", ":(exclude)docs")
    return {"commit": commit, "dirty": bool(changed)}


def read_diff() -> str:
    """The uncommitted change of tracked files, so that a run can be rebuilt from commit + diff."""
    return run_git("diff", "HEAD") or ""


def run_git(*arguments: str) -> str | None:
    """Output of one git command; None where git or the repository is missing."""
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
