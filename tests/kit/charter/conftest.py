"""A charter whose every answer is done."""

from copy import deepcopy

import pytest
import yaml

from ..projects import TEMPLATE

ANSWERED = yaml.safe_load((TEMPLATE / "tools" / "demo_charter.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def complete():
    """The demo's answers, to be changed."""
    return deepcopy(ANSWERED)


def put(content, key, value):
    """Sets the value at a dotted place."""
    *parents, last = key.split(".")
    for part in parents:
        content = content[int(part)] if isinstance(content, list) else content[part]
    content[int(last) if isinstance(content, list) else last] = value
