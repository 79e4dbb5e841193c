"""`checklist.yaml` is complete, and all it names is there."""

import importlib
import inspect
import re
from functools import partial
from pathlib import Path

import pytest
from dlproof import checklist as folder
from dlproof.charter.charter import read_charter, select
from dlproof.checklist.bullets import ASKED, Gate, expand, load_checklist
from dlproof.checklist.evidence import Evidence
from dlproof.checklist.places import find_line
from dlproof.checklist.score import SECTIONS
from dlproof.checklist.standing import find_commands
from dlproof.checklist.verdict import Finding, find_check
from dlproof.config import compose
from dlproof.errors import UserError
from dlproof.stages import PHASES
from omegaconf import OmegaConf

# Bullets of DL-01 to DL-40, as the list of 40 items counts them; ML-01 to ML-41 are one each.
BULLETS = (4, 4, 4, 4, 4, 3, 4, 4, 4, 4, 4, 4, 4, 3, 1, 3, 3, 4, 3, 3)
BULLETS += (3, 3, 4, 4, 3, 2, 3, 3, 3, 5, 4, 2, 3, 3, 4, 4, 4, 3, 3, 4)
KINDS = {"auto": 145, "both": 24, "answer": 10}


def deep(item):
    """The ids of an item's bullets."""
    return [f"DL-{item:02d}.{number}" for number in range(1, BULLETS[item - 1] + 1)]


def find_checks():
    """Every function below `checklist` that takes the project and gives a finding, by its name."""
    found = set()
    for path in Path(folder.__file__).parent.glob("*.py"):
        module = importlib.import_module(f"{folder.__name__}.{path.stem}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            signature = inspect.signature(function)
            takes = [parameter.annotation for parameter in signature.parameters.values()]
            checks = takes == [Evidence] and signature.return_annotation is Finding
            if checks and function.__module__ == module.__name__:
                found.add(f"{path.stem}.{name}")
    return found


def test_all_179_bullets_are_there_once_and_in_order(checklist):
    expected = [name for item in range(1, 41) for name in deep(item)]
    expected += [f"ML-{item:02d}" for item in range(1, 42)]
    assert len(expected) == 179
    assert list(checklist.bullets) == expected


def test_an_id_is_written_once(checklist):
    text = ASKED.read_text(encoding="utf-8")
    keys = re.findall(r"^ *([DM]L-[\d.]+):$", text, re.MULTILINE)
    assert {name: keys.count(name) for name in checklist.bullets} == {
        name: 1 if "." in name else 2 for name in checklist.bullets
    }


def test_each_kind_is_proven_as_it_says(checklist):
    kinds = [bullet.kind for bullet in checklist.bullets.values()]
    assert {kind: kinds.count(kind) for kind in KINDS} == KINDS
    for bullet in checklist.bullets.values():
        assert not (bullet.answers and bullet.kind == "auto"), bullet.id
        if bullet.kind != "auto":  # an answer that only some outcomes need is the check's to read
            assert bullet.answers or (bullet.check and "project.yaml" in bullet.run), bullet.id
        assert not (bullet.check and bullet.kind == "answer"), bullet.id
        assert bullet.check or bullet.run, f"{bullet.id} says neither what proves it nor what to do"
        assert bullet.check or not bullet.rule_of_thumb, bullet.id


def test_each_bullet_stands_in_a_phase_and_asks_one_plain_sentence(checklist):
    for bullet in checklist.bullets.values():
        assert bullet.phase in PHASES, bullet.id
        assert not bullet.asks[0].islower(), bullet.id
        assert bullet.asks.endswith("."), bullet.id
        assert 10 < len(bullet.asks) <= 200, bullet.id
        assert 2 < len(bullet.item) <= 60, bullet.id


def test_every_place_is_there_with_its_symbol_or_key(checklist, declared, at_root):
    places = {(b.id, place) for b in checklist.bullets.values() for place in b.where}
    assert {name for name, _ in places} == set(checklist.bullets)
    assert sorted((name, place) for name, place in places if not find_line(place, declared)) == []


def test_every_answer_has_its_place_in_the_charter(checklist, at_root):
    content, _ = read_charter()
    keys = {key for bullet in checklist.bullets.values() for key in bullet.answers}
    assert sorted(key for key in keys if not select(content, key)[0]) == []


def test_every_check_is_there_and_every_function_that_checks_is_used(checklist, declared):
    users = [*checklist.bullets.values(), *checklist.score_tests]
    used = {user.check for user in users if user.check}
    assert all(callable(find_check(name, declared)) for name in used)
    assert used == find_checks()


def test_a_check_says_in_a_line_what_holds(checklist, declared):
    users = [*checklist.bullets.values(), *checklist.score_tests]
    for name in {user.check for user in users if user.check}:
        assert (find_check(name, declared).__doc__ or "").strip(), name


def test_what_rules_a_bullet_out_is_a_key_of_the_config(checklist, at_root):
    cfg = compose()
    for bullet in checklist.bullets.values():
        for key, options in bullet.applies.items():
            assert OmegaConf.select(cfg, key) is not None, f"{bullet.id}: {key}"
            assert options, bullet.id


def test_gates_and_score_name_bullets_of_the_list(checklist):
    assert {"train", "deploy", "release"} <= set(checklist.gates)
    needed = {name: gate.bullets for name, gate in checklist.gates.items()}
    assert {*needed["train"]} <= {*needed["release"]}
    assert list(needed["release"]) == list(checklist.bullets)
    assert len(checklist.score_tests) == len({test.id for test in checklist.score_tests}) == 28
    sections = [test.section for test in checklist.score_tests]
    assert {section: sections.count(section) for section in sections} == dict.fromkeys(SECTIONS, 7)
    assert all(name in checklist.bullets for test in checklist.score_tests for name in test.bullets)
    assert all(bool(test.check) == bool(test.run) for test in checklist.score_tests)


def test_a_gate_takes_an_item_for_its_bullets_and_refuses_what_is_no_bullet(checklist):
    assert expand(["DL-15", "DL-02"], checklist.bullets) == ["DL-15.1", *deep(2)]
    assert expand(["ML-01", "ML-01"], checklist.bullets) == ["ML-01"]
    with pytest.raises(UserError, match="DL-9"):
        expand(["DL-9"], checklist.bullets)


def test_commands_of_a_remedy_are_told_from_prose(declared):
    find = partial(find_commands, stages=declared.stages)
    assert find("export, probe and monitor") == ["export", "probe", "monitor"]
    assert find("train trainer=gpu") == ["train trainer=gpu"]
    assert find("train a larger model") == []
    assert find("write it in project.yaml") == find("") == []


GATES = """
gates:
  release: {accepts: [verified, present, attested], bullets: [all]}
  mine: {accepts: [verified], bullets: [OWN-01]}
"""


@pytest.fixture
def own(tmp_path):
    """`own("where: {…}")`: the checklist of a project whose file ends so."""

    def load(text, gates=GATES):
        path = tmp_path / "checklist.yaml"
        path.write_text(gates + text)
        return load_checklist(path)

    return load


OWN = """
own:
  OWN-01:
    item: Mine
    phase: 2
    asks: It holds.
    where: [data/clean.py#run]
    check: checks.it_holds
    run: clean
"""


def test_a_bullet_of_the_projects_own_stands_behind_the_lists(own):
    checklist = own(OWN)
    assert list(checklist.bullets)[-1] == "OWN-01"
    assert len(checklist.bullets) == 180
    bullet = checklist.bullets["OWN-01"]
    assert (bullet.kind, bullet.phase, bullet.check) == ("auto", 2, "checks.it_holds")
    assert checklist.gates["mine"] == Gate(("verified",), ("OWN-01",))
    assert checklist.gates["release"].bullets[-1] == "OWN-01"


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        ("[OWN-01]", "gates.mine must have `accepts` and `bullets`"),
        ("{bullets: [OWN-01]}", "gates.mine must have `accepts` and `bullets`"),
        ("{accepts: [], bullets: [OWN-01]}", "accepts must list one or more of verified, present"),
        ("{accepts: [failing], bullets: [OWN-01]}", "attested, not failing"),
    ],
)
def test_a_gate_says_which_proof_it_asks_for(own, gate, told):
    with pytest.raises(UserError, match=told):
        own(OWN, gates=f"gates:\n  mine: {gate}\n")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("    run: clean\n", "", "look at run"),
        ("    run: clean\n", "    run: clean\n    kind: auto\n", "look at kind"),
    ],
)
def test_an_own_bullet_that_lacks_a_key_is_a_sentence(own, old, new, told):
    with pytest.raises(UserError, match=rf"own\.OWN-01: a bullet has .*{told}"):
        own(OWN.replace(old, new))


def test_the_projects_places_stand_before_the_kits(own):
    plain = own(OWN).bullets["DL-09.1"].where
    named = own(OWN + "where: {DL-09.1: [data/split.py#run]}\n").bullets["DL-09.1"].where
    assert named == ("data/split.py#run", *plain)
    assert all(place.startswith("dlproof/") for place in plain)


def test_a_place_of_no_bullet_is_a_sentence(own):
    with pytest.raises(UserError, match=r"where\.DL-99 is not a bullet"):
        own(OWN + "where: {DL-99: [data/split.py]}\n")
