"""What code a stage runs: the files of the project and of the kit that it reaches."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .files import hash_file, hash_json
from .manifest import read_manifest
from .stages import KIT, Stage

if TYPE_CHECKING:
    from .project import Project

KIT_FOLDER = Path(__file__).parent
# What carries stages, and changes no result of theirs.
CARRIERS = frozenset(
    {
        "",
        "public",
        "pipeline",
        "schema",
        "cheatsheet",
        "cli",
        "closure",
        "config",
        "errors",
        "files",
        "kit",
        "launch",
        "manifest",
        "page",
        "project",
        "report",
        "revision",
        "stage",
        "stages",
        "sweep",
        "template",
        "threeway",
        "trust",
    }
)


@dataclass(frozen=True)
class Reached:
    """What one file names.

    Attributes:
        modules: Dotted names of modules of either package, also those that functions import.
        words: Attributes that it reads: of the kit, those that are seams lead to the project.
        stages: Constant keys of `….stages[…]`: commands that it runs.
    """

    modules: frozenset[str]
    words: frozenset[str]
    stages: frozenset[str]


def hash_code(project: "Project", stage: Stage, config: Any) -> dict[str, str]:
    """Hashes of all code that a stage's result depends on.

    Args:
        project: Whose stage it is.
        stage: The command.
        config: The part of the config that it reads: its `_target_`s are code too.

    Returns:
        `code`: of the project's files, by their bytes; `kit`: of the kit's, by what its manifest
        promises of each, or by its bytes where it was changed here.
    """
    paths = find_files(project, stage, config)
    manifest = read_manifest()
    own = [(p.as_posix(), hash_file(project.folder / p)) for p in paths[project.package]]
    kit = [told for p in paths[KIT] if (told := manifest.tell(p)) is not None]
    return {"code": hash_json(own), "kit": hash_json(kit)}


def find_files(project: "Project", stage: Stage, config: Any) -> dict[str, list[Path]]:
    """Package -> its files that a stage reaches, relative to it; without what carries stages."""
    folders = {KIT: KIT_FOLDER, project.package: project.folder}
    found: set[str] = set()
    waiting = [f"{stage.package}.{stage.module}", *find_targets(config)]
    while waiting:
        module = waiting.pop()
        package = module.partition(".")[0]
        if module in found or package not in folders or is_carrier(module, project.package):
            continue
        path = find_module(module, folders[package])
        if path is None or (package == KIT and path.name == "__init__.py"):
            continue  # a room's list of public names carries too
        found.add(module)
        reached = read_module(path, module)
        waiting += reached.modules
        if package == KIT:
            waiting += [
                f"{project.package}.{place.partition(':')[0]}"
                for seam, place in project.places.items()
                if seam in reached.words
            ]
        called = [project.stages[name] for name in reached.stages if name in project.stages]
        waiting += [f"{s.package}.{s.module}" for s in called]
    paths: dict[str, list[Path]] = {package: [] for package in folders}
    for module in sorted(found):
        package = module.partition(".")[0]
        path = find_module(module, folders[package])
        assert path is not None
        paths[package].append(path.relative_to(folders[package]))
    return paths


def is_carrier(module: str, project: str) -> bool:
    """Whether a module only carries stages: some of the kit, and the table of the project's."""
    package, _, rest = module.partition(".")
    first = rest.partition(".")[0]
    return first == "project" if package == project else first in CARRIERS


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


def read_module(path: Path, module: str) -> Reached:
    """What a file names; read anew only when it has changed."""
    return parse_module(path.read_text(encoding="utf-8"), module, path.name == "__init__.py")


@cache
def parse_module(text: str, module: str, is_package: bool) -> Reached:
    """What source code names."""
    modules, words, stages = set(), set(), set()
    looked_at = set()  # stages whose settings are read and which are not run
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = resolve(node, module, is_package)
            modules |= {place for alias in node.names for place in find_places(base, alias.name)}
        elif isinstance(node, ast.Attribute):
            words.add(node.attr)
            if node.attr == "settings":
                looked_at.add(node.value)
        elif (
            isinstance(node, ast.Subscript)
            and node not in looked_at
            and isinstance(node.slice, ast.Constant)
            and getattr(node.value, "attr", "") == "stages"
        ):
            stages.add(str(node.slice.value))
    return Reached(frozenset(modules), frozenset(words), frozenset(stages))


def resolve(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    """The dotted name that an import takes names from."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    parts = parts[: len(parts) - node.level + is_package]
    return ".".join([*parts, node.module] if node.module else parts)


def find_places(base: str, name: str) -> Iterator[str]:
    """Modules that `from base import name` may mean; of the kit's public names, where each lies."""
    yield base
    yield f"{base}.{name}"
    if base.partition(".")[0] == KIT and name in (public := read_public(base)):
        yield f"{base}.{public[name]}"


@cache
def read_public(package: str) -> dict[str, str]:
    """Public names of the kit or of a room of it; read as text, since a room may bring torch."""
    path = KIT_FOLDER.joinpath(*package.split(".")[1:], "__init__.py")
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
    tables = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PUBLIC"
    ]
    return tables[0] if tables else {}
