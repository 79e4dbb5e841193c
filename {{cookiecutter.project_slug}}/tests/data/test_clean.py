"""Clean takes out what nobody can use, says why, and leaves raw data as it is."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from {{ cookiecutter.package_name }}.data.clean import find_kinds, find_losses
from {{ cookiecutter.package_name }}.data.ingest import read_table, write_table
from {{ cookiecutter.package_name }}.errors import UserError

pytestmark = pytest.mark.unit


class Healthy:
    """A data type without any broken item."""

    def find_problems(self, items):
        return {}


def make_items(contents, labels):
    ids = [f"item-{number}" for number in range(len(contents))]
    items = pd.DataFrame({"id": ids, "label": list(labels), "hash": list(contents), "source": ids})
    return items.assign(unexpected="")


def test_of_identical_items_the_first_stays():
    found = find_kinds(make_items("aab", "xxy"), Healthy())
    assert found["duplicate"] == {"item-1": "same content as item-0"}


def test_identical_items_with_two_labels_all_go():
    found = find_kinds(make_items("aab", "xyy"), Healthy())
    assert set(found["conflicting"]) == {"item-0", "item-1"}
    assert "x, y" in found["conflicting"]["item-0"]


def test_what_ingest_found_unexpected_goes_with_its_reason():
    items = make_items("ab", "xy").assign(unexpected=["", "has mode P, not L"])
    assert find_kinds(items, Healthy())["unexpected"] == {"item-1": "has mode P, not L"}


def test_an_item_without_a_label_does_not_make_its_twin_a_conflict():
    found = find_kinds(make_items("aa", ["", "x"]), Healthy())
    assert found["unlabelled"] == {"item-0": "has no label"}
    assert not found["conflicting"]
    assert not found["duplicate"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x", "y"])), min_size=1))
def test_what_stays_is_unique_labelled_and_nothing_is_lost(pairs):
    items = make_items(*zip(*pairs, strict=True))
    kinds = find_kinds(items, Healthy())
    gone = [item for found in kinds.values() for item in found]
    assert len(gone) == len(set(gone))
    stays = items[~items["id"].isin(gone)]
    assert stays["hash"].is_unique
    assert (stays["label"] != "").all()
    for content, group in items[items["label"] != ""].groupby("hash"):
        assert (content in set(stays["hash"])) == (group["label"].nunique() == 1)


def test_a_reason_that_takes_much_of_the_data_is_said_aloud():
    kinds = find_kinds(make_items("aaaaaaaabc", "xxxxxxxxyy"), Healthy())
    assert len(find_losses(10, kinds)) == 1
    assert find_losses(100, kinds) == []


def test_a_class_called_na_survives_the_file(tmp_path):
    items = make_items(["1", "2"], ["NA", ""])
    write_table(items, tmp_path / "items.csv")
    assert read_table(tmp_path / "items.csv", "ingest")["label"].tolist() == ["NA", ""]


@pytest.mark.pipeline
def test_raw_data_is_the_same_before_and_after(project, run):
    ingested = run("ingest").figures["raw_hash"]
    figures = run("clean").figures
    assert figures["raw_hash_before"] == figures["raw_hash_after"] == ingested
    assert figures["items"] == figures["usable_items"] + figures["quarantined_items"]


@pytest.mark.pipeline
def test_raw_data_that_changed_since_ingest_is_refused(project, run):
    run("ingest")
    items = read_table(project / "data" / "items.csv", "ingest")
    write_table(items.iloc[1:], project / "data" / "items.csv")
    with pytest.raises(UserError, match="changed since `ingest`"):
        run("clean")
    assert not (project / "data" / "clean.csv").exists()


@pytest.mark.pipeline
def test_a_stage_before_its_time_names_the_command_to_run(project, run):
    with pytest.raises(UserError, match="run `ingest` first"):
        run("clean")
