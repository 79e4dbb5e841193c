"""The kit in a project's tree: as it was released, patched here, taken over, or not there.

An update of the template replaces it whole, merges what was patched, and leaves it alone where the
project has no folder of it and takes the kit from an index.
"""

import re
import shutil
import tomllib
from importlib import metadata
from pathlib import Path

from .manifest import NAME as MANIFEST_NAME
from .manifest import read_manifest

KIT, NAME = Path("kit"), "dlproof"
MANIFEST, ABOUT, PYPROJECT = KIT / MANIFEST_NAME, KIT / "pyproject.toml", Path("pyproject.toml")
REFERENCE = re.compile(r" @ \{root:uri\}/kit\b")  # of the project's pyproject to its own kit


def describe_kit() -> str:
    """Says whether the kit here is as released; names the files that are not."""
    if not ABOUT.exists():
        return f"not in this project's tree: {metadata.version(NAME)} is installed"
    version = read_version(Path())
    if not MANIFEST.exists():
        return f"{version}, taken over by this project: there is no {MANIFEST}"
    patched = read_manifest(MANIFEST).find_patched(KIT)
    return f"{version}, {name_patched(patched) if patched else 'as it was released'}"


def name_patched(patched: list[str]) -> str:
    """The files that are changed or removed here."""
    told = [name if (KIT / name).exists() else f"{name} (removed)" for name in patched]
    return f"patched here: {', '.join(told)}"


def is_released() -> bool:
    """Whether the kit here is identified by its version, not file by file."""
    return MANIFEST.exists()


def prepare(old: Path, new: Path) -> list[str]:
    """Makes two versions of the template, before they are merged, treat the kit as it is here.

    Args:
        old: Rendered files of the project's version of the template.
        new: The same of the version that is wanted.

    Returns:
        What becomes of the kit, in sentences.
    """
    if not (old / ABOUT).exists() or not (new / ABOUT).exists():
        return []  # a version of the template from before there was a kit
    before, after = read_version(old), read_version(new)
    versions = before if before == after else f"{before} -> {after}"
    if not ABOUT.exists():
        for folder, version in {old: before, new: after}.items():
            leave_out(folder, version)
        return [f"kit: {versions}, left alone: it is not in this project's tree"]
    if not MANIFEST.exists():
        return [f"kit: {versions}, merged file by file: this project has taken it over"]
    # The project's own says what was released to it; what is released now comes from the new one.
    shutil.copyfile(MANIFEST, old / MANIFEST)
    patched = read_manifest(MANIFEST).find_patched(KIT)
    changed = [name for name in patched if read(old / KIT / name) != read(new / KIT / name)]
    if (old / MANIFEST).read_bytes() == (new / MANIFEST).read_bytes():
        told = "nothing new in it"
    else:
        told = "replaced, except for patched files" if patched else "replaced as a whole"
    lines = [f"kit: {versions}, {told}"]
    if merged := [name for name in changed if (KIT / name).exists()]:
        lines.append(f"patched here, so merged: {', '.join(merged)}")
    if kept := [name for name in patched if name not in merged]:
        lines.append(name_patched(kept).replace("patched here", "patched here, and kept"))
    return lines


def leave_out(rendered: Path, version: str) -> None:
    """Takes the kit out of rendered files, and pins it where they refer to its folder."""
    shutil.rmtree(rendered / KIT)
    text = (rendered / PYPROJECT).read_text(encoding="utf-8")
    (rendered / PYPROJECT).write_text(REFERENCE.sub(f"=={version}", text), encoding="utf-8")


def read_version(project: Path) -> str:
    """The version of the kit in a project's folder."""
    about = tomllib.loads((project / ABOUT).read_text(encoding="utf-8"))
    return str(about["project"]["version"])


def read(path: Path) -> bytes:
    """A file's content; empty if it does not exist."""
    return path.read_bytes() if path.is_file() else b""
