"""Clean takes out what nobody can use, says why, and leaves raw data as it is."""

import shutil

import pandas as pd
import pytest
from dlproof.data.clean import find_crowds, find_losses, find_repeats, summarise
from dlproof.errors import UserError
from dlproof.files import read_table, write_table
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from own.data.clean import decide_duplicates, find_kinds

SETTINGS = {"missing": "keep", "duplicates": "drop", "near_duplicates": "group"}


@pytest.fixture
def package():
    return "own"


class Healthy:
    """A data type whose items lack nothing, save the one that is told."""

    def __init__(self, incomplete=""):
        self.incomplete = incomplete

    def find_missing(self, items):
        return {item: "has no width" for item in items["id"] if item == self.incomplete}


def make_items(contents, labels, near=None):
    """Items `item-0` … with one letter of content, label and cluster each."""
    ids = [f"item-{number}" for number in range(len(contents))]
    columns = {"id": ids, "label": list(labels), "hash": list(contents), "source": ids}
    columns |= {"unexpected": "", "group": "", "near": list(near or [""] * len(ids))}
    return pd.DataFrame(columns)


def repeat_one(project):
    """Leaves one raw item, four times."""
    if (project / "raw").is_dir():
        kept, *others = sorted((project / "raw").rglob("*.png"))
        for path in others:
            path.unlink()
        for copy in "abc":
            shutil.copy(kept, kept.with_stem(copy))
    else:
        header, _, row, *_ = (project / "raw.csv").read_text().splitlines()
        (project / "raw.csv").write_text("\n".join([header, *[row] * 4]))


def find(items, data_type=None, **settings):
    return find_kinds(items, data_type or Healthy(), OmegaConf.create(SETTINGS | settings))


def test_of_identical_items_the_first_stays():
    found = find(make_items("aab", "xxy"))
    assert found["duplicate"] == {"item-1": "same content as item-0"}


def test_identical_items_with_two_labels_all_go():
    found = find(make_items("aab", "xyy"))
    assert set(found["conflicting"]) == {"item-0", "item-1"}
    assert "x, y" in found["conflicting"]["item-0"]


def test_of_numbers_equal_items_are_replicates_and_stay_unless_the_number_is_the_same_too():
    items = make_items("aaab", ["4.92", "4.94", "4.92", "5"])
    found = find_kinds(items, Healthy(), OmegaConf.create(SETTINGS), are_classes=False)
    assert found["duplicate"] == {"item-2": "same content as item-0"}
    assert "conflicting" not in found


@pytest.mark.parametrize(
    ("data", "decided"),
    [
        ({"path": "own.csv"}, "keep"),
        ({"path": "own.csv", "id": "key"}, "drop"),
        ({"root": "raw"}, "drop"),
    ],
)
def test_equal_rows_without_an_id_stay_by_default(data, decided):
    cfg = OmegaConf.create({"data": data, "clean": {"duplicates": "auto"}})
    assert decide_duplicates(cfg).clean.duplicates == decided
    assert cfg.clean.duplicates == "auto"


def test_equal_items_that_stay_are_told_with_the_setting():
    (sentence,) = find_repeats(make_items("aab", "xyy"))
    assert "2 items have the same content as another, 2 of them with a different label" in sentence
    assert "clean.duplicates=drop" in sentence
    assert find_repeats(make_items("abc", "xyy")) == []


def test_what_goes_is_summed_up_with_the_setting_that_keeps_it():
    kinds = {"duplicate": {"a": "…"}, "unreadable": {}, "incomplete": {"b": "…", "c": "…"}}
    figures = {"usable_items": 7, "quarantined_items": 3, "near_items": 0}
    told = summarise(figures, kinds)
    assert "(1 duplicate: clean.duplicates=keep, 2 incomplete: clean.missing=keep)" in told


def test_where_rows_repeat_by_nature_copies_stay_whatever_their_label():
    kinds = find(make_items("aab", "xyy"), duplicates="keep")
    assert not any(kinds.values())


def test_near_copies_stay_when_grouped_and_go_but_the_first_when_dropped():
    items = make_items("abcd", "xxxx", ["item-0", "item-0", "item-0", ""])
    assert not any(find(items).values())
    found = find(items, near_duplicates="drop")["nearly duplicate"]
    assert found == dict.fromkeys(("item-1", "item-2"), "nearly the same as item-0")


def test_a_near_copy_of_another_label_is_never_dropped():
    items = make_items("ab", "xy", ["item-0", "item-0"])
    assert not any(find(items, near_duplicates="drop").values())


def test_a_near_copy_goes_when_the_first_of_its_cluster_went_before():
    items = make_items("abc", ["", "x", "x"], ["item-0"] * 3)
    found = find(items, near_duplicates="drop")
    assert found["nearly duplicate"] == {"item-2": "nearly the same as item-1"}


def test_an_item_that_lacks_a_value_goes_only_when_the_config_says_so():
    items = make_items("ab", "xx")
    assert not any(find(items, Healthy("item-1")).values())
    found = find(items, Healthy("item-1"), missing="drop")
    assert found["incomplete"] == {"item-1": "has no width"}


def test_what_ingest_found_unexpected_goes_with_its_reason():
    items = make_items("ab", "xy").assign(unexpected=["", "has mode P, not L"])
    assert find(items)["unexpected"] == {"item-1": "has mode P, not L"}


def test_an_item_without_a_label_does_not_make_its_twin_a_conflict():
    found = find(make_items("aa", ["", "x"]))
    assert found["unlabelled"] == {"item-0": "has no label"}
    assert not found["conflicting"]
    assert not found["duplicate"]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x", "y"])), min_size=1),
    st.sampled_from(["keep", "drop"]),
    st.sampled_from(["group", "drop"]),
)
def test_what_stays_is_unique_labelled_and_nothing_is_lost(pairs, duplicates, near_duplicates):
    items = make_items(*zip(*pairs, strict=True))
    kinds = find(items, duplicates=duplicates, near_duplicates=near_duplicates)
    gone = [item for found in kinds.values() for item in found]
    assert len(gone) == len(set(gone))
    stays = items[~items["id"].isin(gone)]
    assert (stays["label"] != "").all()
    if duplicates == "keep":
        assert len(stays) == (items["label"] != "").sum()
        return
    assert stays["hash"].is_unique
    for content, group in items[items["label"] != ""].groupby("hash"):
        assert (content in set(stays["hash"])) == (group["label"].nunique() == 1)


def test_a_reason_that_takes_much_of_the_data_is_said_aloud():
    kinds = find(make_items("aaaaaaaabc", "xxxxxxxxyy"))
    assert len(find_losses(10, kinds)) == 1
    assert find_losses(100, kinds) == []


def test_a_cluster_that_takes_much_of_the_data_is_said_aloud():
    items = make_items("abcdefghij", "xxxxxyyyyy", ["item-0"] * 2 + [""] * 8)
    (sentence,) = find_crowds(items)
    assert "'item-0' (2); raise clean.min_similarity if they are not the same" in sentence
    equal = items.assign(hash=["a"] * 2 + list("cdefghij"))
    assert "'item-0' (2); they are equal: " in find_crowds(equal)[0]
    grouped = items.assign(near="", group=["-1"] * 5 + [""] * 5)
    assert "share a group, which goes to one split as a whole: '-1' (5);" in find_crowds(grouped)[0]
    assert find_crowds(pd.concat([items] + [items.assign(near="")] * 2)) == []


def test_a_class_called_na_survives_the_file(tmp_path):
    items = make_items(["1", "2"], ["NA", ""])
    write_table(items, tmp_path / "items.csv")
    assert read_table(tmp_path / "items.csv", "ingest")["label"].tolist() == ["NA", ""]


def test_raw_data_is_the_same_before_and_after(project, run):
    ingested = run("ingest").figures["raw_hash"]
    figures = run("clean").figures
    assert figures["raw_hash_before"] == figures["raw_hash_after"] == ingested
    assert figures["items"] == figures["usable_items"] + figures["quarantined_items"]


@pytest.mark.parametrize(
    ("policy", "usable", "near"),
    [
        ("clean.duplicates=drop", 1, 0),
        ("clean.duplicates=keep", 4, 4),
        ("clean.near_duplicates=drop", 1, 0),
    ],
)
def test_a_set_of_equal_items_is_one_item_or_one_cluster(project, run, policy, usable, near):
    """Of three copies of an item and itself; the cluster is named by the first of them."""
    repeat_one(project)
    run("ingest")
    figures = run("clean", policy).figures
    assert (figures["usable_items"], figures["near_items"]) == (usable, near)
    table = read_table(project / "data" / "clean.csv", "clean")
    assert set(table["near"]) == ({table["id"][0]} if near else {""})


def test_where_no_image_can_be_read_a_sentence_says_why(project, run):
    for path in (project / "raw").rglob("*.png"):
        path.write_bytes(b"x")
    run("ingest")
    with pytest.raises(UserError, match="no item is usable; the first: is not an image"):
        run("clean")


def test_raw_data_that_changed_since_ingest_is_refused(project, run):
    run("ingest")
    items = read_table(project / "data" / "items.csv", "ingest")
    write_table(items.iloc[1:], project / "data" / "items.csv")
    with pytest.raises(UserError, match="changed since `ingest`"):
        run("clean")
    assert not (project / "data" / "clean.csv").exists()


def test_a_stage_before_its_time_names_the_command_to_run(project, run):
    with pytest.raises(UserError, match="run `ingest` first"):
        run("clean")
