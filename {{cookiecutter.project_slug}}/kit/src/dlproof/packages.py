"""Which versions of other people's packages a result was made with.

The whole lock would be too coarse: a new ruff would make every model stale. What counts is what
the code of a stage imports, and not what those packages need in turn: their authors test them with
it, the lock pins it, and certificates of a library for HTTP change no model either.
"""

import re
import sys
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

LOCK = Path("requirements.lock")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
# They compose the config, which is compared itself, draw pictures, fetch files or keep order.
WITHOUT_FIGURES = frozenset(
    {
        "filelock",
        "httpx",
        "huggingface_hub",
        "hydra",
        "jinja2",
        "markupsafe",
        "matplotlib",
        "omegaconf",
        "prometheus_client",
        "psutil",
        "pydantic",
        "wandb",
        "yaml",
    }
)


def describe_packages(imported: Iterable[str]) -> dict[str, str]:
    """Package -> version, of those among imported names that are neither Python's nor local.

    The version is the installed one, without its build (`+cpu`): a model that was trained on a GPU
    holds on a laptop. Where the lock pins another, that is said with it: either may change.
    """
    names = set(imported) - sys.stdlib_module_names - WITHOUT_FIGURES
    found = {}
    for name in sorted(names):
        package = find_package(name)
        if package is not None:
            found[package] = describe_version(package)
    return found


def describe_version(package: str) -> str:
    """`2.9.1`, or `2.9.1, locked 2.10.0`."""
    installed = find_version(package).partition("+")[0]
    pinned = read_pins().get(normalise(package), [])
    return installed if not pinned or installed in pinned else f"{installed}, locked {pinned[0]}"


@cache
def find_version(package: str) -> str:
    """The installed version; it stays, as long as this process runs."""
    return metadata.version(package)


@cache
def find_package(imported: str) -> str | None:
    """The package that brings a module; None where it is not installed."""
    try:
        return normalise(metadata.metadata(imported)["Name"])
    except metadata.PackageNotFoundError:
        names = [found.name for found in metadata.distributions() if brings(found, imported)]
        return normalise(min(names)) if names else None


def brings(package: metadata.Distribution, module: str) -> bool:
    """Whether a package has a module, by what it declares, or else by the list of its files.

    `metadata.packages_distributions` makes a path of each file: a second of every command.
    """
    if declared := (package.read_text("top_level.txt") or "").split():
        return module in declared
    files = package.read_text("RECORD") or ""
    return bool(re.search(rf"^{re.escape(module)}(?:/|\.(?:py|[^/,]*(?:so|pyd)),)", files, re.M))


def read_pins() -> dict[str, list[str]]:
    """Package -> its versions in the lock; several where they differ by platform."""
    text = LOCK.read_text(encoding="utf-8") if LOCK.exists() else ""
    return parse_pins(text)


@cache
def parse_pins(text: str) -> dict[str, list[str]]:
    """Package -> its versions in a lock's text."""
    pins: dict[str, list[str]] = {}
    for name, version in PIN.findall(text):
        pins.setdefault(normalise(name), []).append(version.partition("+")[0])
    return pins


def normalise(name: str) -> str:
    """A package's name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()
