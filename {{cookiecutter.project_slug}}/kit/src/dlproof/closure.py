"""What code a stage runs: the files of the project and of the kit that it reaches."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .files import hash_file, hash_json
from .imports import Reached, read_module
from .manifest import read_manifest
from .packages import describe_packages
from .stages import KIT, Stage

if TYPE_CHECKING:
    from .project import Project

KIT_FOLDER = Path(__file__).parent
TABLE = "project"  # the module with the project's table of stages
# What carries stages, and changes no result of theirs.
CARRIERS = frozenset(
    {
        "",
        "public",
        "pipeline",
        "cli",
        "closure",
        "headlines",
        "imports",
        "inputs",
        "kit",
        "launch",
        "manifest",
        "origin",
        "packages",
        "page",
        "project",
        "report",
        "revision",
        "stage",
        "stages",
        "sweep",
        "template",
        "threeway",
        "tools",
        "trust",
    }
)


@dataclass
class Traced:
    """What a stage runs.

    Attributes:
        own: Files of the project: of its package, relative to it, and of modules beside it.
        kit: Files of the kit, relative to it.
        imported: Names of everything else that is imported, Python's own modules too.
    """

    own: dict[str, Path] = field(default_factory=dict)
    kit: set[Path] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Step:
    """What one module brings: files, names of packages of others, and the modules it leads to."""

    own: dict[str, Path] = field(default_factory=dict)
    kit: tuple[Path, ...] = ()
    imported: tuple[str, ...] = ()
    leads_to: tuple[str, ...] = ()


class Code:
    """The current code of a project and of its kit; each module is read once.

    Args:
        project: Its stages and seams.
    """

    def __init__(self, project: "Project") -> None:
        self.project = project
        self._steps: dict[str, Step] = {}

    def hash(self, stage: Stage, config: Any) -> dict[str, Any]:
        """Hashes of all code that a stage's result depends on.

        Args:
            stage: The command.
            config: The part of the config that it reads: its `_target_`s are code too.

        Returns:
            `code`: of the project's files, by their bytes; `kit`: of the kit's, by what its
            manifest promises of each, or by its bytes where it was changed here; `packages`: the
            versions of what these files import.
        """
        traced, manifest = self.trace(stage, config), read_manifest()
        own = [(name, hash_file(path)) for name, path in sorted(traced.own.items())]
        kit = [
            told
            for path in sorted(traced.kit)
            if (told := manifest.find_deviation(path)) is not None
        ]
        return {
            "code": hash_json(own),
            "kit": hash_json(kit),
            "packages": describe_packages(traced.imported),
        }

    def trace(self, stage: Stage, config: Any) -> Traced:
        """The files that a stage reaches, without what carries stages, and what these import.

        Stages that make data import no torch. They name classes with networks, losses and metrics
        in their config and build none: what only such classes import does not count for them.
        """
        traced = Traced()
        start = [f"{stage.package}.{stage.module}", *find_targets(config.get("data"))]
        self._follow(traced, start)
        imported = set(traced.imported)
        self._follow(traced, [*find_targets(config)])
        if "torch" not in imported:
            traced.imported = imported
        return traced

    def _follow(self, traced: Traced, waiting: list[str]) -> None:
        """Adds all that some modules reach to what is traced."""
        found = set()
        while waiting:
            module = waiting.pop()
            if module in found:
                continue
            found.add(module)
            if module not in self._steps:
                self._steps[module] = self._take_step(module)
            step = self._steps[module]
            traced.own |= step.own
            traced.kit.update(step.kit)
            traced.imported.update(step.imported)
            waiting += step.leads_to

    def _take_step(self, module: str) -> Step:
        """Reads one module."""
        project, package = self.project, module.partition(".")[0]
        if is_carrier(module, project.package):
            table = f"{project.package}.{TABLE}"
            names_constant = module.startswith(f"{table}.") and module != f"{table}.PROJECT"
            own = {f"{TABLE}.py": project.folder / f"{TABLE}.py"} if names_constant else {}
            return Step(own)
        folder = find_folder(package, project)
        if folder is None:
            return Step(imported=(package,))
        path = find_module(module, folder)
        if path is None or (package == KIT and path.name == "__init__.py"):
            return Step()  # a room's list of public names carries too
        reached = read_module(path, module)
        called = [project.stages[name] for name in reached.stages if name in project.stages]
        leads_to = (*reached.modules, *(f"{stage.package}.{stage.module}" for stage in called))
        if package == KIT:
            seams = find_seams(project, reached)
            return Step(kit=(path.relative_to(folder),), leads_to=(*leads_to, *seams))
        own = find_own(path, folder if package == project.package else folder.parent)
        above = module.rpartition(".")[0] or module  # a package's `__init__` runs too
        return Step(own, leads_to=(*leads_to, above))


def find_own(path: Path, base: Path) -> dict[str, Path]:
    """A file of the project's and those beside it that it names, by their path below a folder."""
    names = read_module(path, path.stem).names
    beside = [file for name in names if (file := path.parent / name).is_file()]
    return {file.relative_to(base).as_posix(): file for file in (path, *beside)}


def find_seams(project: "Project", reached: Reached) -> list[str]:
    """Modules of the project that a file of the kit calls."""
    return [
        f"{project.package}.{place.partition(':')[0]}"
        for seam, place in project.places.items()
        if seam in reached.words
    ]


def find_folder(package: str, project: "Project") -> Path | None:
    """Where a package is, or would be as a folder; None for packages of others.

    Python finds modules of the project beside its package, and at its root, where commands start.
    """
    if package in (KIT, project.package):
        return KIT_FOLDER if package == KIT else project.folder
    for root in (Path.cwd(), project.folder.parent):
        if find_module(package, root / package) or any((root / package).glob("*.py")):
            return root / package
    return None


def is_carrier(module: str, project: str) -> bool:
    """Whether a module only carries stages: some of the kit, and the table of the project's."""
    package, _, rest = module.partition(".")
    first = rest.partition(".")[0]
    return first == TABLE if package == project else package == KIT and first in CARRIERS


def find_targets(config: Any) -> Iterator[str]:
    """Modules that `_target_` keys name anywhere in a config."""
    if isinstance(config, list):
        for value in config:
            yield from find_targets(value)
    elif isinstance(config, dict):
        for value in config.values():
            yield from find_targets(value)
        if target := config.get("_target_"):
            yield target.rpartition(".")[0]


def find_module(module: str, folder: Path) -> Path | None:
    """The file of a module below its package's folder, if it has one."""
    path = folder.joinpath(*module.split(".")[1:])
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.exists()), None)
