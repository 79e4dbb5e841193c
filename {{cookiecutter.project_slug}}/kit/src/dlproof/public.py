"""Public names are imported when they are asked for: `import dlproof` brings no torch."""

import importlib
from collections.abc import Mapping
from typing import Any


def find_public(package: str, names: Mapping[str, str], name: str) -> Any:
    """What a package has under a public name.

    Args:
        package: Dotted name of the package that is asked.
        names: Public name -> module below it.
        name: The one that is asked for.

    Raises:
        AttributeError: It is not one of them.
    """
    if name not in names:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{package}.{names[name]}"), name)
