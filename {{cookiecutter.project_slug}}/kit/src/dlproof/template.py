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

from . import kit
from .cli import print_any_letter
from .errors import UserError, explain
from .files import read_json, write_json
from .origin import take_own
from .threeway import git, merge

STATE = Path(".cruft.json")
CRUFT = (sys.executable, "-m", "cruft")
NEXT = """\
Next: make setup, python -m {package} checklist --map, make test, git commit --all
To undo: git reset --hard"""


def main(arguments: list[str]) -> None:
    """Runs `check`, `diff` or `update`; exits with 1 where something is left to do."""
    print_any_letter()
    command, *rest = arguments
    try:
        take_own(kit.NAME, Path.cwd(), is_typed=False)
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
        print(f"{'kit':14}{kit.describe_kit()}")
        print(read_notes(clone, current, target) if newer else "Up to date.")
    return 0


def diff() -> int:
    """Shows what the project changed of its version of the template."""
    state = read_state()
    with cloned(state["template"]) as clone:
        current, _ = find_versions(clone, "")
        old = render(clone, state["context"], current)
        kit.prepare(old, old)
        skip(old)
        place = clone.with_name("diff")
        for name in filter(os.path.isfile, list_files(old)):
            (place / "b" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, place / "b" / name)
        old.rename(place / "a")
        print(f"kit: {kit.describe_kit()}", flush=True)
        subprocess.run(["git", "diff", "--no-index", "--no-prefix", "a", "b"], cwd=place)
    return 0


def update(wanted: str = "") -> int:
    """Merges the newest version, or the one that is wanted; 1 where a person has to finish it."""
    state = read_state()
    if changed := git("status", "--porcelain").splitlines():
        raise UserError(
            f"{len(changed)} files differ from the last commit (such as {changed[0][3:]}): commit "
            "or stash them, so that the update can be reviewed and undone on its own."
        )
    with cloned(state["template"]) as clone:
        current, target = find_versions(clone, wanted)
        if contains(clone, current, target):
            print(f"Nothing to update: this is {name_version(clone, current)}.")
            return 0
        title = f"from {name_version(clone, current)} to {name_version(clone, target)}"
        old, new = (render(clone, state["context"], version) for version in (current, target))
        fresh, is_released = read_json(new / STATE), kit.is_released()
        told = kit.prepare(old, new)
        leave_alone(old, new)
        conflicts = merge(old, new, f"Update the template {title}")
        adopt(state, fresh)
        own = ("--", ".", f":!{kit.KIT}") if is_released else ()
        print(git("diff", "--cached", "--stat=90", "--diff-filter=u", "HEAD", *own), end="")
        print("\n".join(told))
        print(f"Updated {title}, not committed yet.\n{read_notes(clone, current, target)}")
    if conflicts:
        print("\n  ".join(["Resolve these, and `git add` each file:", *conflicts]))
        print("(a lock: `git checkout --theirs requirements.lock`, then `make lock`)")
    print(NEXT.format(package=state["context"]["cookiecutter"]["package_name"]))
    return int(bool(conflicts))


def read_state() -> dict[str, Any]:
    """Cruft's record: the template's address, this project's commit of it, and the answers."""
    if not STATE.exists():
        raise UserError(f"no {STATE} links this project to its template: see `cruft link --help`.")
    return read_json(STATE)


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
    """Commits of this project's version and of the wanted one, by default the newest release."""
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
    # Cookiecutter leaves rendered hooks behind in the temporary folder. Its last words, why it
    # refuses an answer, stay on one line if the terminal is wide enough.
    environment = os.environ | {"TMPDIR": str(clone.parent), "COLUMNS": "10000"}
    done = subprocess.run(
        [*command, *options],
        env=environment,
        capture_output=True,
        text=True,
        errors="backslashreplace",
    )
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise UserError(f"the template's {commit[:9]} refuses the answers in {STATE}: {words[-1]}")
    return next(made.iterdir())


def leave_alone(old: Path, new: Path) -> None:
    """Takes out of both versions what no update touches: the user's files, and those removed."""
    held = set(git("ls-files", "-z").split("\0"))
    removed = [name for name in list_files(old) if name not in held]
    for folder in (old, new):
        skip(folder)
        for name in removed:
            (folder / name).unlink(missing_ok=True)
    for name in list_files(new):
        if name not in held and os.path.lexists(name):
            raise UserError(f"the template adds {name}, which git ignores here: move yours away.")


def skip(rendered: Path) -> None:
    """Takes out of rendered files those that are the user's, as pyproject.toml says."""
    pyproject = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    patterns = [*pyproject.get("tool", {}).get("cruft", {}).get("skip", []), STATE.name]
    for path in [path for pattern in patterns for path in rendered.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def list_files(folder: Path) -> list[str]:
    """Names of all files below a folder."""
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()]


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
