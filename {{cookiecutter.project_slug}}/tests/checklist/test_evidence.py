"""A report proves something only as long as what it was made from is as it was."""

import pytest

from {{ cookiecutter.package_name }}.checklist.project import NotYetError, Project, StaleError
from {{ cookiecutter.package_name }}.configuration import compose

pytestmark = pytest.mark.pipeline
CHAIN = ("ingest", "clean", "split", "preprocess")


@pytest.fixture
def look(processed, small):
    """`look("seed=1")`: the processed project as checks see it, with other settings."""

    def make(*overrides):
        project = Project()
        project.__dict__["cfg"] = compose([*small, *overrides])
        return project

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
