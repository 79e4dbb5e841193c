"""Every bullet says where it is decided in the project, and every place that it names is there."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from conftest import OPTION_SETS, PROJECT
from dlproof.checklist.bullets import ASKED, load_checklist
from dlproof.checklist.map import rewrite
from dlproof.checklist.places import find_line, is_own


@pytest.fixture(params=OPTION_SETS)
def bullets(request, baked, monkeypatch):
    """The bullets of a generated project, which is the working directory."""
    monkeypatch.chdir(baked(request.param))
    return load_checklist().bullets


@pytest.fixture
def project(bullets):
    """What finding a place needs to know of the project: where its package lies."""
    (package,) = Path("src").iterdir()
    return SimpleNamespace(folder=package.resolve())


def test_a_bullet_is_decided_in_a_place_of_the_projects_own(bullets, project):
    assert len(bullets) == 179
    nowhere = [name for name, bullet in bullets.items() if not any(map(is_own, bullet.where))]
    assert nowhere == []
    kits_first = [name for name, bullet in bullets.items() if not is_own(bullet.where[0])]
    assert kits_first == []


def test_every_place_is_there_with_its_symbol_or_key(bullets, project):
    places = [(name, place) for name, bullet in bullets.items() for place in bullet.where]
    assert [(name, place) for name, place in places if not find_line(place, project)] == []


def test_the_kits_places_are_the_kits_and_the_projects_the_projects():
    asked = yaml.safe_load(ASKED.read_text(encoding="utf-8"))["items"].values()
    kits = [b.get("where", []) for item in asked for b in item["bullets"].values()]
    assert [place for places in kits for place in places if is_own(place)] == []
    own = yaml.safe_load((PROJECT / "checklist.yaml").read_text(encoding="utf-8"))["where"]
    assert [place for places in own.values() for place in places if not is_own(place)] == []


def test_a_project_names_no_place_twice(bullets):
    twice = [name for name, b in bullets.items() if len(set(b.where)) < len(b.where)]
    assert twice == []


def test_the_onboarding_has_the_map_that_the_checklist_gives(bullets):
    text = Path("docs/onboarding.md").read_text(encoding="utf-8")
    assert text == rewrite(text, load_checklist()), "run tools/map.py"
