"""The checks of the ML Test Score's data section hold where they should, and fail where not."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from dlproof.checklist import coverage, data_tests
from dlproof.checklist.evidence import NotYetError, StaleError
from dlproof.errors import UserError
from dlproof.files import read_json
from toy.project import PROJECT

from ..projects import IMAGE, configs

COVERAGE = Path("reports/coverage.json")
USES = {"width": {"loss": 0.5, "error": 0.1}, "shadow": {"loss": -0.01, "error": 0.02}}


def look(answer=100.0, **figures):
    """A project with these figures of stages and one answer."""
    cfg = SimpleNamespace(paths=SimpleNamespace(reports_dir="reports"))
    return SimpleNamespace(figures=figures.get, answer=lambda key: answer, cfg=cfg, project=PROJECT)


def judge_uses(uses, **explored):
    return data_tests.every_feature_is_of_use(look(baselines={"uses": uses}, explore=explored))


def test_a_feature_of_no_measurable_use_is_told_and_a_harmful_one_fails():
    found = judge_uses(USES)
    assert found.holds
    assert "1 of no measurable use alone: shadow" in found.figure
    found = judge_uses(USES | {"poison": {"loss": -0.4, "error": 0.1}})
    assert not found.holds
    assert "harmful: poison" in found.figure


def test_a_constant_column_or_no_use_at_all_fails():
    assert not judge_uses(USES, constant_columns=["same"]).holds
    assert not judge_uses({"shadow": USES["shadow"]}).holds


def test_a_feature_that_takes_much_of_an_answers_time_fails():
    project = look(preprocess={"cost_ms": {"a": 1.0, "b": 3.0}})
    found = data_tests.no_feature_costs_too_much(project)
    assert found.holds
    assert "slowest of 2: b, 3 ms per item (75% of preparing it)" in found.figure
    slow = look(preprocess={"cost_ms": {"a": 21.0}})
    assert not data_tests.no_feature_costs_too_much(slow).holds


NEW = {"outcome": "passed", "asserts": True, "marks": ["new_feature"], "ran": ["data.preprocess"]}
NEW |= {"stages": ["ingest", "preprocess"]}


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({}, True),
        ({"marks": []}, False),
        ({"outcome": "skipped"}, False),
        ({"asserts": False}, False),
        ({"stages": ["ingest"]}, False),
    ],
)
def test_a_new_feature_needs_a_test_that_went_the_way(untouched, monkeypatch, change, holds):
    monkeypatch.setattr(data_tests, "read_tests", lambda project: {"one": NEW | change})
    assert data_tests.features_are_added_quickly(look()).holds == holds


def test_a_new_feature_needs_words(untouched, monkeypatch):
    monkeypatch.setattr(data_tests, "read_tests", lambda project: {"one": NEW})
    monkeypatch.setattr(data_tests, "SECTION", "## Add a unicorn")
    assert not data_tests.features_are_added_quickly(look()).holds
    monkeypatch.chdir("docs")
    assert not data_tests.features_are_added_quickly(look()).holds


@pytest.fixture
def covered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text("[tool.coverage.report]\nfail_under = 85\n")
    return lambda percent, covers: coverage.write_coverage(COVERAGE, percent, covers)


def test_coverage_is_to_do_then_held_against_its_floor_then_stale(covered):
    with pytest.raises(NotYetError, match="run `coverage`"):
        data_tests.feature_code_is_tested(look())
    covered(91.25, coverage.hash_covered(PROJECT))
    found = data_tests.feature_code_is_tested(look())
    assert found.holds
    assert found.figure.startswith("91.2 % of the data package")
    covered(84.9, coverage.hash_covered(PROJECT))
    assert not data_tests.feature_code_is_tested(look()).holds
    Path("tests/data").mkdir(parents=True)
    Path("tests/data/test_new.py").write_text("def test_nothing(): ...\n")
    with pytest.raises(StaleError, match="run `coverage`"):
        data_tests.feature_code_is_tested(look())


@pytest.mark.parametrize(
    "content",
    [
        '{"percent": 99.0, "covers": "COVERS", "seal": "SEAL"}',
        '{"percent": 99.0, "covers": "COVERS"}',
        '{"percent": 9.5',
        "[]",
        "",
    ],
)
def test_coverage_that_was_edited_is_not_from_a_run(covered, content):
    covered(9.5, coverage.hash_covered(PROJECT))
    written = read_json(COVERAGE)
    told = content.replace("COVERS", written["covers"]).replace("SEAL", written["seal"])
    COVERAGE.write_text(told)
    with pytest.raises(StaleError, match=r"coverage\.json is not from a run, .*: run `coverage`"):
        data_tests.feature_code_is_tested(look())


def test_coverage_of_tests_that_fail_is_not_kept(tmp_path, monkeypatch):
    (tmp_path / "configs").symlink_to(configs("toy", IMAGE) / "configs")
    monkeypatch.chdir(tmp_path)
    Path("tests/data").mkdir(parents=True)
    test = Path("tests/data/test_small.py")
    test.write_text("def test_it():\n    assert False\n")
    with pytest.raises(UserError, match="a test failed"):
        coverage.run(["-p", "no:cacheprovider"], PROJECT)
    assert not Path("reports").exists()
    test.write_text("def test_it():\n    from toy.data import split\n    assert split\n")
    coverage.run(["-p", "no:cacheprovider"], PROJECT)
    assert 0 < coverage.read_coverage(COVERAGE)["percent"] < 85
