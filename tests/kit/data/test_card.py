"""The data card says what ran and what people answered, and what they have not."""

import re
from pathlib import Path

import pytest
import yaml
from dlproof.checklist.data_version import preprocessing_is_documented
from dlproof.checklist.evidence import Evidence, NotYetError, StaleError
from dlproof.config import compose
from dlproof.data.store import load_state
from dlproof.errors import UserError

CARD = Path("docs/data_card.md")
OTHER = "preprocess.size=48"


@pytest.fixture
def carded(processed, run):
    run("explore")
    run("labels")
    run("data_card")
    return processed


def write_charter(**answers):
    charter = yaml.safe_load(Path("project.yaml").read_text(encoding="utf-8"))
    charter["data"] |= answers
    signed = {"by": "A person", "since": "2020-01-01", "until": "2099-01-01"}
    text = yaml.safe_dump(charter | {"data": charter["data"] | {"signed": signed}}, sort_keys=False)
    Path("project.yaml").unlink()
    Path("project.yaml").write_text(re.sub("'(20..-01-01)'", r"\1", text), encoding="utf-8")


@pytest.fixture
def look(declared):
    """`look(OTHER)`: the project as checks see it, with other settings."""

    def make(*overrides):
        evidence = Evidence(declared)
        evidence.__dict__["cfg"] = compose(overrides)
        return evidence

    return make


def test_the_card_names_the_version_the_settings_and_the_counts(carded, run):
    text = CARD.read_text(encoding="utf-8")
    assert load_state("data")["version"] in text
    assert "size: 8" in text
    items = run("split").figures["items"]
    assert f"| train | {items['train']:,} (" in text


def test_an_answer_is_shown_and_a_missing_one_is_to_do(carded, run):
    write_charter(population="TODO whom", groups="TODO which")
    run("data_card")
    assert "- TODO `project.yaml` data.population is to do" in CARD.read_text()
    source = {"name": "ward 3", "licence": "MIT", "owner": "Jo Doe", "link": "https://a.org/x"}
    write_charter(population="Everybody, <b>also</b> | at night", sources=[source])
    run("data_card")
    text = CARD.read_text(encoding="utf-8")
    assert "- population: Everybody, &lt;b&gt;also&lt;/b&gt; | at night" in text
    assert "- sources: name ward 3, licence MIT, owner Jo Doe, link https://a.org/x" in text
    assert "data.population" not in text
    assert "- TODO `project.yaml` data.groups is to do" in text


def test_a_card_of_other_settings_than_ran_is_refused(carded, run):
    before = CARD.read_bytes()
    with pytest.raises(UserError, match="ran with a different preprocess from"):
        run("data_card", OTHER)
    assert CARD.read_bytes() == before


def test_the_check_holds_the_card_against_the_present_settings(carded, run, look):
    assert preprocessing_is_documented(look()).holds
    found = preprocessing_is_documented(look(OTHER))
    assert not found.holds
    assert "preprocess" in found.figure
    CARD.write_text(CARD.read_text().replace(load_state("data")["version"], "0" * 64))
    with pytest.raises(StaleError, match="is not as the run left it"):
        preprocessing_is_documented(look())
    CARD.unlink()
    with pytest.raises(NotYetError, match="run `data_card`"):
        preprocessing_is_documented(look())
