"""YAML as people write it: `1e-5` is a number, as in configs/, and a mistake is a sentence."""

import re
from pathlib import Path
from typing import Any

import yaml

from .errors import UserError


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's, in C where that was built, which takes a tenth of the time."""


# YAML 1.1, which PyYAML reads, takes these for texts: they lack a point, or their exponent a sign.
EXPONENT = r"[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d{1,3}$"
Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(EXPONENT), list("-+.0123456789"))


def read_yaml(path: Path | str) -> Any:
    """The content of a file in YAML, as plain containers.

    Raises:
        UserError: It is missing, or not YAML.
    """
    try:
        return yaml.load(Path(path).read_text(encoding="utf-8"), Loader)
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist: restore it from git or the template.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    except ValueError as error:  # of a date such as 2026-13-05
        raise UserError(f"{path} has an invalid date: {error}.") from error
