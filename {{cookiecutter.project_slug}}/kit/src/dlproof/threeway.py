"""Git, asked to merge the change between two folders into the working directory."""

import os
import subprocess
from pathlib import Path

from .errors import UserError

# A name for commits on no branch; a folder that the template moves does not take your files along.
SETTINGS = ("user.name=template", "user.email=t@localhost", "merge.directoryRenames=false")


def git(*arguments: str, folder: Path = Path(), **environment: str) -> str:
    """What git prints; UserError in its own words when it fails."""
    command = ["git", *(part for line in SETTINGS for part in ("-c", line)), *arguments]
    setting = os.environ | {"LC_ALL": "C"} | environment
    # Names of files come back as the bytes that they are, whatever the terminal's encoding.
    done = subprocess.run(
        command, cwd=folder, env=setting, capture_output=True, text=True, errors="surrogateescape"
    )
    if done.returncode:
        raise UserError(done.stderr.strip() or f"git {arguments[0]} failed.")
    return done.stdout


def merge(old: Path, new: Path, title: str) -> list[str]:
    """Merges the change between two versions into the project; lists what could not be merged."""
    change = commit_files(new, title, "-p", commit_files(old, title))
    unmerged: list[str] = []
    try:
        git("cherry-pick", "--no-commit", change)
    except UserError:
        listed = git("diff", "--name-only", "--relative", "--diff-filter=U", "-z")
        unmerged = listed.split("\0")[:-1]
        if not unmerged:
            raise
    return [place for name in unmerged for place in find_places(Path(name))]


def commit_files(rendered: Path, title: str, *parent: str) -> str:
    """Commits rendered files, on no branch, under the path of the project's folder."""
    root = rendered.parent.with_suffix(".tree")
    place = root / git("rev-parse", "--show-prefix").strip()
    place.parent.mkdir(parents=True, exist_ok=True)
    rendered.rename(place)
    git_dir = git("rev-parse", "--absolute-git-dir").strip()
    paths = {"GIT_DIR": git_dir, "GIT_WORK_TREE": str(root), "GIT_INDEX_FILE": f"{root}.index"}
    git("add", "--all", "--force", ".", folder=root, **paths)
    tree = git("write-tree", folder=root, **paths).strip()
    return git("commit-tree", tree, *parent, "-m", title).strip()


def find_places(path: Path) -> list[str]:
    """The lines where a file's conflicts start; of a file without lines, what happened to it."""
    lines = path.read_bytes().splitlines() if path.is_file() else []
    starts = [number for number, line in enumerate(lines, 1) if line.startswith(b"<<<<<<< ")]
    if starts:
        return [f"{path}:{n}  yours is above =======, the template's below" for n in starts]
    if " 3\t" not in git("ls-files", "--unmerged", str(path)):
        return [f"{path}  removed by the template: keep yours, or `git rm` it"]
    return [f"{path}  changed by both: keep yours, or `git checkout --theirs {path}`"]
