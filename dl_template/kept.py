"""What a user has where the template writes, kept out of the way while it does.

A project is generated over one that exists: the extension moves the files aside, into a folder
beside the project, and `post_gen_project` moves them back. Where that hook is not run, or something
fails in between, they move back when cookiecutter ends, or at the latest when it starts again.
"""

import json
import os
import shutil
import sys
from pathlib import Path

ADDED = ("LICENSE", ".cruft.json")  # what the hook writes itself
REPLACED = "kit"  # which cookiecutter copies as a folder, in place of one that is there


def list_written(root: Path, package: str) -> list[str]:
    """Names of all that the template writes into a project; those of folders end with a slash."""
    (source,) = root.glob("*cookiecutter.project_slug*")
    names = list(ADDED)
    for folder, inner, files in os.walk(source):
        below = Path(folder).relative_to(source)
        names += [f"{(below / name).as_posix()}/" for name in inner]
        names += [(below / name).as_posix() for name in files]
    return [name.replace("{{cookiecutter.package_name}}", package) for name in names]


def find_aside(project: Path) -> Path:
    """The folder in which a project's files wait."""
    project = project.resolve()
    return project.with_name(f"{project.name}.before")


def move_aside(project: Path, names: list[str]) -> None:
    """Moves what is there aside, if anything is: what cookiecutter writes over or removes.

    Raises:
        OSError: a file is where the template has a folder, or they cannot be moved.
    """
    there = {name for name in names if os.path.lexists(project / name)}
    for folder, inner, files in os.walk(project / REPLACED):
        paths = [Path(folder, name) for name in inner + files]
        there |= {p.relative_to(project).as_posix() for p in paths if p.is_symlink() or p.is_file()}
        linked = tuple(f"{p.relative_to(project).as_posix()}/" for p in paths if p.is_symlink())
        there = {name for name in there if not name.startswith(linked)}  # the link itself moves
    if not there:
        return
    for name in there:
        if name.endswith("/") and not (project / name).is_dir():
            raise FileExistsError(f"{name[:-1]} is a file here, and a folder of the template")
    aside = find_aside(project)
    aside.mkdir()
    try:
        (aside / "there.json").write_text(json.dumps(sorted(there)), encoding="utf-8")
    except OSError:
        shutil.rmtree(aside)
        raise
    for name in there:
        path = project / name
        # Cookiecutter leaves a folder alone where it would write a file.
        if not name.endswith("/") and (path.is_symlink() or not path.is_dir()):
            move(path, aside / "files" / name)


def read_there(project: Path) -> set[str]:
    """Names of what was there before this run; nothing, if the project is new."""
    record = find_aside(project) / "there.json"
    return set(json.loads(record.read_text(encoding="utf-8"))) if record.exists() else set()


def put_back(project: Path) -> list[str]:
    """Moves the files back in place of what was written there; names those that differ from it."""
    aside, differ = find_aside(project), []
    for name in sorted(read_there(project)):
        waiting, place = aside / "files" / name, project / name
        if name.endswith("/") or not os.path.lexists(waiting):
            continue
        written = read(place)
        if place.is_dir() and not place.is_symlink():  # written where a link to a folder was
            shutil.rmtree(place)
        move(waiting, place)
        if written is not None and read(place) != written:
            differ.append(name)
    if (aside / "there.json").exists():
        shutil.rmtree(aside)
    return differ


def put_back_late(project: Path) -> None:
    """Puts back what the hooks did not, and says so."""
    number = len(read_there(project))
    put_back(project)
    if number:
        print(f"Your files in {project} are as they were before.", file=sys.stderr)


def move(path: Path, place: Path) -> None:
    """Moves a file or a link itself, also to another disk."""
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(path, place)


def read(path: Path) -> bytes | None:
    """What a file holds; None where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None
