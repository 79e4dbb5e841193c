"""Own checks and own bullets belong together, and every place in the checklist exists."""

import inspect
from pathlib import Path

import pytest
import yaml
from dlproof import Evidence, Finding
from dlproof.checklist.places import find_line

from {{ cookiecutter.package_name }} import checks
from {{ cookiecutter.package_name }}.project import PROJECT

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[1]
FUNCTIONS = {
    f"checks.{name}": function
    for name, function in inspect.getmembers(checks, inspect.isfunction)
    if inspect.signature(function).return_annotation is Finding
}


CHECKLIST = yaml.safe_load((ROOT / "checklist.yaml").read_text(encoding="utf-8"))


def test_every_own_check_proves_a_bullet_and_every_own_bullet_has_its_check():
    bullets = (CHECKLIST["own"] or {}).values()
    assert sorted(body["check"] for body in bullets) == sorted(FUNCTIONS)


def test_every_own_check_takes_the_evidence_and_says_in_a_line_what_holds():
    for name, function in FUNCTIONS.items():
        takes = [p.annotation for p in inspect.signature(function).parameters.values()]
        assert takes == [Evidence], name
        assert function.__doc__, name


def test_every_place_that_the_checklist_names_exists_with_its_symbol_or_key(monkeypatch):
    monkeypatch.chdir(ROOT)
    places = dict(CHECKLIST["where"])
    places |= {name: body["where"] for name, body in (CHECKLIST["own"] or {}).items()}
    lost = [(n, p) for n, listed in places.items() for p in listed if not find_line(p, PROJECT)]
    assert lost == []
