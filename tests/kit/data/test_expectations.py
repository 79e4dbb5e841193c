"""What an item may be is written in a file, enforced at ingest, and goes with the model."""

import json
from pathlib import Path

import pandas as pd
import pytest
from dlproof.config import compose
from dlproof.data.expectations import write_expectations
from dlproof.errors import UserError

from ..projects import IMAGE, TABLE

pytestmark = pytest.mark.parametrize("sort", [IMAGE, TABLE], indirect=True)


def test_a_draft_expects_the_raw_data_as_it_is_and_is_never_written_over(project, run, small, sort):
    path = write_expectations(compose(small))
    assert path == Path("expectations") / ("folder.yaml" if sort == IMAGE else "csv.yaml")
    figures = run("ingest", f"data.expectations={path}").figures["expectations"]
    assert figures["unexpected_items"] == 0
    assert figures["rules"] > 0
    with pytest.raises(UserError, match="exists already: edit it"):
        write_expectations(compose(small))


def test_the_rules_that_ingest_enforced_go_into_the_fitted_state(project, run, small):
    path = write_expectations(compose(small))
    for stage in ("ingest", "clean", "split", "preprocess"):
        run(stage, f"data.expectations={path}")
    enforced = json.loads(Path("data/expectations.json").read_text())
    state = json.loads(Path("data/processed/state.json").read_text())
    assert state["data"]["expectations"] == enforced
    assert enforced["rules"]


def test_a_changed_file_makes_the_report_of_ingest_another(project, run, small):
    path = write_expectations(compose(small))
    first = run("ingest", f"data.expectations={path}")
    path.write_text(path.read_text() + "# looked at\n")
    second = run("ingest", f"data.expectations={path}")
    assert first.made_from["named"] != second.made_from["named"]
    assert first.digest != second.digest


def test_a_missing_file_names_the_command_that_drafts_one(project, run):
    with pytest.raises(UserError, match="data expect"):
        run("ingest", "data.expectations=expectations/none.yaml")


def test_unexpected_items_are_quarantined_with_the_reason(project, run, small, sort):
    path = write_expectations(compose(small))
    if sort == IMAGE:
        from PIL import Image

        Image.new("RGB", (99, 99)).save("raw/plain/big.png")
    else:
        table = pd.read_csv("raw.csv")
        table.loc[3, "width"] = 1e6
        table.to_csv("raw.csv", index=False)
    figures = run("ingest", f"data.expectations={path}").figures["expectations"]
    assert figures["unexpected_items"] == 1
    assert run("clean", f"data.expectations={path}").figures["reasons"]["unexpected"] == 1
    (reason,) = pd.read_csv("data/quarantine.csv")["reason"]
    assert (
        "has mode RGB, not L" if sort == IMAGE else "'width' is 1000000.0, not less_than"
    ) in reason
