"""Follow the template this project was made from: `make template-check`, `-diff`, `-update`.

Cruft renders the template as it was and as it is; git merges the difference, file by file.
`cruft update` applies it as one patch instead, and where one file does not take that, it merges
nothing, leaves `.rej` files or drops the template's change without one, and exits with 0.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .errors import UserError, explain
from .files import read_json, write_json

STATE = Path(".cruft.json")
CRUFT = (sys.executable, "-m", "cruft")
# A name for commits on no branch; a folder that the template moves does not take your files along.
SETTINGS = ("user.name=template", "user.email=t@localhost", "merge.directoryRenames=false")
NEXT = f"""\
Next: make setup, python -m {__package__} checklist --map, make test, git commit --all
Back to before: git reset --hard"""


def main(arguments: list[str]) -> None:
    """Runs `check`, `diff` or `update`; exits with 1 where something is left to do."""
    command, *rest = arguments
    try:
        sys.exit({"check": check, "diff": diff, "update": update}[command](*rest))
    except Exception as error:
        if (sentence := explain(error)) is None:
            raise
        sys.exit(f"template {command}: {sentence}")


def check(wanted: str = "") -> int:
    """Prints the project's version, the newest, and the migration notes between them."""
    address = read_state()["template"]
    with cloned(address) as clone:
        print(f"template      {address}")
        current, target = find_versions(clone, wanted)
        for title, version in (("project", current), ("newest", target), ("VERSION=HEAD", "HEAD")):
            print(f"{title:14}{name_version(clone, version)}")
        newer = not contains(clone, current, target)
        print(read_notes(clone, current, target) if newer else "Up to date.")
    return 0


def diff() -> int:
    """Shows how the project differs from its version of the template."""
    with cloned(read_state()["template"]) as clone:
        find_versions(clone, "")  # cruft's own words for what it cannot read are a traceback
        return subprocess.run([*CRUFT, "diff"]).returncode


def update(wanted: str = "") -> int:
    """Merges the newest version, or the one that is wanted; 1 where a person has to finish it."""
    state = read_state()
    if changed := git("status", "--porcelain").splitlines():
        raise UserError(
            f"{len(changed)} files differ from the last commit (such as {changed[0][3:]}): commit "
            "or stash them, so that the update can be seen and undone alone."
        )
    with cloned(state["template"]) as clone:
        current, target = find_versions(clone, wanted)
        if contains(clone, current, target):
            print(f"Nothing to update: this is {name_version(clone, current)}.")
            return 0
        title = f"from {name_version(clone, current)} to {name_version(clone, target)}"
        old, new = (render(clone, state["context"], version) for version in (current, target))
        fresh = read_json(new / STATE)
        leave_alone(old, new)
        conflicts = merge(old, new, f"Update the template {title}")
        adopt(state, fresh)
        print(git("diff", "--cached", "--stat=90", "--diff-filter=u", "HEAD"), end="")
        print(f"Updated {title}, not committed yet.\n{read_notes(clone, current, target)}")
    if conflicts:
        print("\n  ".join(["Mend these, and `git add` each file:", *conflicts]))
        print("(a lock: `git checkout --theirs requirements.lock`, then `make lock`)")
    print(NEXT)
    return int(bool(conflicts))


def read_state() -> dict[str, Any]:
    """Cruft's record: the template's address, this project's commit of it, and the answers."""
    if not STATE.exists():
        raise UserError(f"no {STATE} links this project to its template: see `cruft link --help`.")
    return read_json(STATE)


def git(*arguments: str, folder: Path = Path(), **environment: str) -> str:
    """What git prints; UserError in its own words when it fails."""
    command = ["git", *(part for line in SETTINGS for part in ("-c", line)), *arguments]
    setting = os.environ | {"LC_ALL": "C"} | environment
    done = subprocess.run(command, cwd=folder, env=setting, capture_output=True, text=True)
    if done.returncode:
        raise UserError(done.stderr.strip() or f"git {arguments[0]} failed.")
    return done.stdout


@contextmanager
def cloned(address: str) -> Iterator[Path]:
    """Yields a bare clone of the template, in a folder that is removed afterwards."""
    with TemporaryDirectory(prefix="template-") as folder:
        clone = Path(folder, "clone")
        try:
            # No question for a password: nobody is there to answer it in CI.
            git("clone", "--quiet", "--bare", address, str(clone), GIT_TERMINAL_PROMPT="0")
        except UserError as error:
            reason = re.search(r"fatal: (.+?)\.?$", str(error), re.MULTILINE)
            raise UserError(
                f"the template at {address} cannot be read ({reason[1] if reason else error}): "
                f"check the network, and `template` in {STATE}, which says where it is."
            ) from None
        yield clone


def find_versions(clone: Path, wanted: str) -> tuple[str, str]:
    """Commits of this project's version and of the one wanted: if none is, the newest release."""
    tags = git("tag", "--sort=-version:refname", folder=clone).split()
    releases = [tag for tag in tags if re.fullmatch(r"v\d+(\.\d+)*", tag)]
    commits = []
    for name in (read_state()["commit"], wanted or next(iter(releases), "HEAD")):
        found = git("rev-list", "--max-count=1", "--ignore-missing", name, "--", folder=clone)
        if not found:
            known = ", ".join(releases) or "no releases yet"
            raise UserError(f"the template has no version {name}; it has {known}.")
        commits.append(found.strip())
    return commits[0], commits[1]


def name_version(clone: Path, commit: str) -> str:
    """A commit's release, or the release before it and the distance from there."""
    return git("describe", "--tags", "--always", "--match=v[0-9]*", commit, folder=clone).strip()


def contains(clone: Path, commit: str, other: str) -> bool:
    """Whether a commit of the template has another one in its history."""
    return not git("rev-list", "--max-count=1", other, "--not", commit, folder=clone)


def read_notes(clone: Path, old: str, new: str) -> str:
    """The `### Migration` of each version of CHANGELOG.md that came between two commits."""
    notes: dict[str, None] = {}
    for commit in (new, old):
        listed = git("ls-tree", "--name-only", commit, "CHANGELOG.md", folder=clone)
        text = git("show", f"{commit}:CHANGELOG.md", folder=clone) if listed else ""
        for section in text.split("\n## ")[1:]:
            head, _, note = section.partition("### Migration\n")
            line = f"{head.splitlines()[0]}: {note.partition('### ')[0].strip()}"
            notes.pop(line, None) if commit == old or not note else notes.setdefault(line)
    return "\n".join(["Migration notes:", *notes] if notes else ["No migration notes."])


def render(clone: Path, context: dict[str, Any], commit: str) -> Path:
    """Generates one version of the template with this project's answers, beside the clone."""
    made, known = clone.with_name(commit), context["cookiecutter"]
    answers = json.dumps({name: known[name] for name in known if not name.startswith("_")})
    command = (*CRUFT, "create", str(clone), "--checkout", commit, "--output-dir", str(made))
    # No config of a person's: a new question is answered by its default for everyone.
    options = ("--no-input", "--default-config", "--extra-context", answers)
    # Cookiecutter leaves the hooks that it rendered behind, in what it takes for /tmp.
    environment = os.environ | {"TMPDIR": str(clone.parent)}
    done = subprocess.run([*command, *options], env=environment, capture_output=True, text=True)
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise UserError(f"the template's {commit[:9]} refuses the answers in {STATE}: {words[-1]}")
    return next(made.iterdir())


def leave_alone(old: Path, new: Path) -> None:
    """Takes out of both versions what no update touches: the user's files, and those removed."""
    pyproject = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    skip = [*pyproject.get("tool", {}).get("cruft", {}).get("skip", []), STATE.name]
    held = set(git("ls-files", "-z").split("\0"))
    removed = [name for name in list_files(old) if name not in held]
    for folder in (old, new):
        ours = [path for pattern in skip for path in folder.glob(pattern)]
        for path in (*ours, *(folder / name for name in removed)):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for name in list_files(new):
        if name not in held and os.path.lexists(name):
            raise UserError(f"the template brings {name}, which git ignores here: move yours away.")


def list_files(folder: Path) -> list[str]:
    """Names of all files below a folder."""
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()]


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
    """Makes a commit of rendered files, which lies on no branch, where the project's folder is."""
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


def adopt(state: dict[str, Any], fresh: dict[str, Any]) -> None:
    """Takes over cruft's record of the new version, and names the questions that it added."""
    known, answers = (record["context"]["cookiecutter"] for record in (state, fresh))
    for name in answers:
        if name not in known and not name.startswith("_"):
            print(f"New question, answered by its default: {name}={answers[name]}")
    answers["_template"] = state["template"]
    write_json(STATE, state | {"commit": fresh["commit"], "context": fresh["context"]})
    git("add", "--force", str(STATE))


if __name__ == "__main__":
    main(sys.argv[1:])
