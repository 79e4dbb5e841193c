"""The kit's manifest: which files were released, and what each promises about results.

`kit/MANIFEST` has a line a file: SHA-256, a number, the path. A release that changes what the file
makes of the same inputs raises the number; any other leaves it, so that an update makes no trained
model stale for nothing. A file that was changed in a project counts by its bytes.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .errors import UserError
from .files import hash_file

PACKAGE = Path(__file__).parent
ROOT = PACKAGE.parents[1]  # of the kit, if it is in a project's tree
NAME = "MANIFEST"
# If the kit is installed as a wheel, its manifest is in the package.
PLACES = (ROOT / NAME, PACKAGE / NAME)
FIRST = 1  # the number of a file as it was first released


@dataclass(frozen=True)
class Manifest:
    """Released files.

    Attributes:
        files: Path below the kit's root -> SHA-256 and number; empty if there is no manifest.
    """

    files: dict[str, tuple[str, int]]

    def find_deviation(self, path: Path) -> tuple[str, int | str] | None:
        """How a file differs from its first release: by number, by content, or not at all."""
        released, number = self.files.get(name_below(path), ("", FIRST))
        content = hash_file(PACKAGE / path)
        if content != released:
            return path.as_posix(), content
        return None if number == FIRST else (path.as_posix(), number)

    def find_unreleased(self) -> list[Path]:
        """Python files of the kit in this environment that are in no release as they are."""
        paths = (path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py")))
        return [
            PACKAGE / path
            for path in paths
            if hash_file(PACKAGE / path) != self.files.get(name_below(path), ("", FIRST))[0]
        ]

    def find_patched(self, root: Path = ROOT) -> list[str]:
        """Released files that are changed or missing in a kit's folder."""
        return [
            name
            for name, (released, _) in self.files.items()
            if not (root / name).is_file() or hash_file(root / name) != released
        ]


def name_below(path: Path) -> str:
    """What a manifest calls a file of the package."""
    return f"src/{PACKAGE.name}/{path.as_posix()}"


@cache
def read_manifest(path: Path | None = None) -> Manifest:
    """A manifest, by default that of the kit in this environment; empty if there is none.

    Raises:
        UserError: It has a line of another form, such as conflict marks.
    """
    path = path or next((place for place in PLACES if place.exists()), ROOT / NAME)
    if not path.exists():
        return Manifest({})
    files = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            released, number, name = line.split(maxsplit=2)
            files[name] = (released, int(number))
        except ValueError:
            raise UserError(
                f"{path} has a line without hash, number and path ({line[:40]}): restore the file "
                "from one side of the merge, or from the release."
            ) from None
    return Manifest(files)
