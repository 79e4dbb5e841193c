"""A report proves something only as long as what it was made from is as it was."""

import re

import pytest
from dlproof.checklist import data_split
from dlproof.checklist.bullets import Bullet, load_checklist
from dlproof.checklist.evidence import Evidence, NotYetError, StaleError
from dlproof.checklist.places import find_line
from dlproof.checklist.text import explain
from dlproof.checklist.verdict import Finding, judge
from dlproof.config import compose

CHAIN = ("ingest", "clean", "split", "preprocess")


@pytest.fixture
def package():
    return "toy"


@pytest.fixture
def look(processed, declared):
    """`look("seed=1")`: the processed project as checks see it, with other settings."""

    def make(*overrides):
        evidence = Evidence(declared)
        evidence.__dict__["cfg"] = compose(overrides)
        return evidence

    return make


def stale(project):
    return [name for name in CHAIN if project.find_changes(name)]


def test_reports_hold_while_nothing_changes(look):
    project = look()
    assert stale(project) == []
    assert project.figures("split")


def test_one_byte_of_raw_data_makes_all_that_follows_stale(look, processed):
    path = [*processed.glob("raw.csv"), *processed.glob("raw/*/*")][0]
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    project = look()
    assert stale(project) == list(CHAIN)
    with pytest.raises(StaleError, match="the raw data of `ingest` changed: run `ingest`"):
        project.figures("ingest")


def test_a_setting_makes_its_stage_and_what_follows_stale_and_nothing_before(look):
    project = look("seed=12345")
    assert stale(project) == ["split", "preprocess"]
    with pytest.raises(StaleError, match="the config of `split` changed: run `split`"):
        project.figures("split")
    with pytest.raises(StaleError, match="the config of `split` changed: run `pipeline`"):
        project.figures("preprocess")
    assert stale(look("optimizer.lr=0.5")) == []


def test_what_ran_with_other_values_than_configs_hold_says_where_to_write_them(run, look):
    run("split", "seed=7", "split.test=0.2", "split.train=0.7")
    told = (
        "`split` ran with values that configs/ does not hold: to keep them, write seed=7 into "
        "configs/config.yaml, split.test=0.2 into configs/split/stratified.yaml, "
        "split.train=0.7 into configs/split/stratified.yaml"
    )
    with pytest.raises(StaleError, match=re.escape(told)):
        look().figures("split")


def test_a_tampered_report_makes_what_was_made_from_it_stale(look, processed):
    path = processed / "reports" / "clean.json"
    path.write_text(path.read_text().replace('"files": {', '"files": {"data/other.csv": "0", '))
    assert stale(look()) == ["split", "preprocess"]


def test_a_missing_report_is_to_do_and_proves_nothing_after_it(look, processed):
    (processed / "reports" / "clean.json").unlink()
    project = look()
    with pytest.raises(NotYetError, match="run `clean`"):
        project.figures("clean")
    with pytest.raises(StaleError, match="the report of `clean` is gone: run `pipeline`"):
        project.figures("split")


def test_a_figure_that_a_report_lacks_is_to_do_and_named(look):
    figures = look().figures("split")
    assert figures["items"]
    assert figures.get("unicorns") is None
    with pytest.raises(NotYetError, match="the report of `split` has no unicorns: run `split`"):
        _ = figures["unicorns"]


def test_a_check_that_misses_a_figure_makes_its_bullet_to_do(look, monkeypatch):
    def count_unicorns(evidence):
        return Finding(evidence.figures("split")["unicorns"] == 0, "none")

    monkeypatch.setattr(data_split, "count_unicorns", count_unicorns, raising=False)
    bullet = Bullet("X-1", "Item", 2, "auto", "It holds.", (), check="data_split.count_unicorns")
    verdict = judge(bullet, look())
    assert (verdict.status, "has no unicorns" in verdict.figure) == ("to do", True)


def test_a_bullet_of_the_projects_own_is_judged_by_its_own_check(look, processed):
    checklist = load_checklist()
    bullet = checklist.bullets["OWN-01"]
    assert judge(bullet, look()).status == "verified"
    assert "100% of the items are used" in judge(bullet, look()).figure
    assert judge(bullet, look("clean.missing=drop")).status == "stale"
    (processed / "reports" / "clean.json").unlink()
    assert judge(bullet, look()).status == "to do"


def test_an_own_check_is_explained_with_its_line(look, declared):
    told = explain(load_checklist().bullets["OWN-01"], look())
    line = find_line("checks.py#most_items_are_kept", declared)
    assert line > 1
    assert re.search(
        rf"check    most_items_are_kept in .*/toy/checks\.py:{line}$", told, re.MULTILINE
    )
    assert "/toy/data/clean.py:" in told
    assert "/dlproof/data/clean.py:" in told
