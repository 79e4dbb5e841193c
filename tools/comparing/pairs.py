"""Which file of a project is which of the template's: by path, by content, by shared lines."""

import difflib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from .tree import Tree

ALIKE, FEWEST = 0.5, 5  # share and number of common lines from which on files are versions of one
BORN_HERE = 0.2  # share of the template's modules in a project that came from it
LINK = ".cruft.json"  # names the commit, which differs by nature
MAX_DIFF_LINES = 5_000  # a diff's time grows with their square


@dataclass(frozen=True)
class Pair:
    """A file of today's template, its path in the project if any, and same, changed or missing."""

    path: str
    theirs: str
    status: str
    moved: bool = False


class Pairing:
    """Pairs the files of today's project and another; `extra` are those of the other alone."""

    def __init__(self, ours: Tree, theirs: Tree, package: str, package_dir: str) -> None:
        self.ours, self.theirs = ours, theirs
        self.package, self.package_dir = f"src/{package}", package_dir
        self.words = {path: split_lines(text) for path, text in theirs.texts.items()}
        modules = [path for path in ours.texts if path.startswith("src/")]
        alike = [path for path in modules if self.are_alike(path, self.rename(path))]
        self.born_here = len(alike) >= BORN_HERE * len(modules)
        self.pairs: dict[str, Pair] = {}
        free = set(theirs.digests) - {LINK}
        for find in (self.find_in_place, self.find_moved):
            for path in ours.texts:
                there = "" if path in (*self.pairs, LINK) else find(path, free)
                if there:
                    self.pairs[path] = self.pair(path, there)
                    free.discard(there)
        for path in set(ours.texts) - set(self.pairs) - {LINK}:
            self.pairs[path] = Pair(path, "", "missing")
        self.extra = sorted(free)

    def rename(self, path: str) -> str:
        """A path of the template's with the project's package in it."""
        if self.package_dir and path.startswith(f"{self.package}/"):
            return self.package_dir + path.removeprefix(self.package)
        return path

    def read_ours(self, path: str) -> str:
        """A text of the template's with the name that the project's package has."""
        mine, name = PurePosixPath(self.package).name, PurePosixPath(self.package_dir).name
        text = self.ours.texts[path]
        renamed = self.package_dir.startswith("src/") and name.isidentifier() and mine != name
        return re.sub(rf"\b{mine}\b", name, text) if renamed else text

    @cached_property
    def own_words(self) -> dict[str, frozenset[str]]:
        """The lines of each file of the template's."""
        return {path: split_lines(self.read_ours(path)) for path in self.ours.texts}

    def share(self, path: str, theirs: str) -> float:
        """The share of lines that two files have in common, 0 where they are too few."""
        mine, other = self.own_words[path], self.words.get(theirs, frozenset())
        common = len(mine & other)
        return 2 * common / (len(mine) + len(other)) if common >= FEWEST else 0

    def are_alike(self, path: str, theirs: str) -> bool:
        """Whether two files are versions of one."""
        return self.share(path, theirs) >= ALIKE

    def pair(self, path: str, theirs: str) -> Pair:
        """Pairs two files."""
        same = self.theirs.texts.get(theirs) == self.read_ours(path)
        moved = theirs != self.rename(path)
        return Pair(path, theirs, "same" if same else "changed", moved)

    def find_in_place(self, path: str, free: set[str]) -> str:
        """The file that lies where the template's does; in a foreign project it must be alike."""
        there = self.rename(path)
        return there if there in free and (self.born_here or self.are_alike(path, there)) else ""

    def find_moved(self, path: str, free: set[str]) -> str:
        """The file elsewhere that is the same, or shares most lines."""
        suffix, size = PurePosixPath(path).suffix, len(self.own_words[path])
        scores = {
            self.share(path, other): other
            for other in sorted(free & set(self.words))
            if other.endswith(suffix) and size / 3 <= len(self.words[other]) <= 3 * size
        }
        best = max(scores, default=0)
        return scores[best] if best >= ALIKE else ""

    def diff(self, pair: Pair) -> str:
        """What the project changed in a file: a unified diff, or a sentence where it is long."""
        if pair.status != "changed":
            return ""
        if pair.theirs not in self.theirs.texts:
            return "The project's file was not read as text."
        before = self.read_ours(pair.path).splitlines()
        after = self.theirs.texts[pair.theirs].splitlines()
        if max(len(before), len(after)) > MAX_DIFF_LINES or pair.path.endswith(".lock"):
            count = len(set(before) ^ set(after))
            return f"{count} lines are in one of the two files only; not shown."
        names = f"template/{pair.path}", f"project/{pair.theirs}"
        return "\n".join(difflib.unified_diff(before, after, *names, lineterm=""))


def split_lines(text: str) -> frozenset[str]:
    """The lines of a text that say something."""
    return frozenset(line for line in map(str.strip, text.splitlines()) if len(line) > 8)
