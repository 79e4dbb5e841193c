"""The kit that a project was made on: told in one line; file by file only where it is patched."""

import re
from dataclasses import dataclass, field

from .tree import Tree

FOLDER, PACKAGE = "kit/", "dlproof/"
ABOUT, MANIFEST = "kit/pyproject.toml", "kit/MANIFEST"


@dataclass(frozen=True)
class Kit:
    """What became of the kit.

    Attributes:
        status: `same`, `other` (as another version was released), `patched`, `taken over` (without
            its manifest) or `missing`.
        told: The same as a sentence.
        patched: Files below `kit/` that are not as they were released, or not as today's.
    """

    status: str
    told: str
    patched: list[str] = field(default_factory=list)


def is_kit(tree: Tree) -> bool:
    """Whether a project's folder `kit` is the template's kit, and not a folder of its own."""
    return bool(re.search(r'(?m)^name = "dlproof"$', tree.texts.get(ABOUT, "")))


def part(tree: Tree) -> tuple[Tree, Tree]:
    """A tree without the kit's files, and one of these alone."""
    parts, folder = [], FOLDER if is_kit(tree) else "\0"
    for wanted in (False, True):
        held = {name for name in tree.digests if name.startswith(folder) == wanted}
        texts = {name: text for name, text in tree.texts.items() if name in held}
        digests = {name: digest for name, digest in tree.digests.items() if name in held}
        parts.append(Tree(texts, digests, tree.folders, tree.notes))
    return parts[0], parts[1]


def judge_kit(ours: Tree, theirs: Tree) -> Kit:
    """Holds a project's kit against its own manifest, and its version against today's."""
    now = read_version(ours)
    if not theirs.digests:
        return Kit("missing", f"The kit is not in its tree (today's is {now}).")
    version = read_version(theirs)
    if MANIFEST not in theirs.digests:
        names = {*ours.digests, *theirs.digests} - {MANIFEST}
        patched = sorted(n for n in names if ours.digests.get(n) != theirs.digests.get(n))
        told = f"has no MANIFEST any more; {len(patched)} files are not as today's {now}"
        return Kit("taken over", f"The kit {version} {told}.", patched)
    rows = [line.split(maxsplit=2) for line in theirs.texts.get(MANIFEST, "").splitlines()]
    released = {FOLDER + row[2]: row[0] for row in rows if len(row) == 3}
    patched = sorted(name for name in released if theirs.digests.get(name) != released[name])
    if patched:
        named = ", ".join(name.removeprefix(FOLDER) for name in patched)
        return Kit("patched", f"The kit {version} is patched in {named}.", patched)
    if theirs.digests == ours.digests:
        return Kit("same", f"The kit is today's, {now}.")
    return Kit("other", f"The kit is that of {version} as it was released; today's is {now}.")


def read_version(tree: Tree) -> str:
    """The version of a kit."""
    found = re.search(r'(?m)^version = "([^"]+)"', tree.texts.get(ABOUT, ""))
    return found[1] if found else "of no version"
