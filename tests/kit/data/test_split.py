"""Splits are seeded, stable, stratified and keep groups whole; faults get a sentence."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dlproof.data.split import check_shares, find_kept, find_misses, find_off, find_tiny, find_torn
from dlproof.data.split_history import look_up
from dlproof.data.split_methods import assign_by_time, link_items, parse_times, read_assignment
from dlproof.data.split_shares import assign_by_shares, fill, round_counts
from dlproof.data.store import load_store
from dlproof.errors import UserError
from hypothesis import given
from hypothesis import strategies as st
from own.problem.classification import Classification

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


@pytest.fixture
def package():
    return "own"


def make_items(strata, groups="", near="", times="", prefix="item"):
    """A table as `clean` writes it, with its strata and units."""
    ids = [f"{prefix}-{number}" for number in range(len(strata))]
    items = pd.DataFrame({"id": ids, "stratum": list(map(str, strata))})
    items = items.assign(hash=items["id"], group=groups, near=near, time=times, source=items["id"])
    return items.assign(unit=link_items(items))


def recall(items, previous):
    """The bin that each item had, by its id."""
    return look_up(items["id"], pd.Series(previous, dtype=object))


def split_items(items, seed=0, bins=SHARES, previous=None):
    """The items with their `split`, as `split` assigns them after `previous`."""
    kept, _ = find_kept(items, bins, recall(items, previous or {}), "allow")
    return items.assign(split=assign_by_shares(items.assign(kept=kept), bins, seed))


def read_splits(path="data/splits.csv"):
    table = pd.read_csv(path, dtype=str)
    return dict(zip(table["id"], table["split"], strict=True))


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.integers(0, 99))
def test_every_item_has_one_split_and_every_class_of_three_is_in_all(sizes, seed):
    table = split_items(make_items(np.repeat(range(len(sizes)), sizes)), seed)
    assert set(table["split"]) <= set(SHARES)
    counts = pd.crosstab(table["stratum"], table["split"])
    for stratum, size in enumerate(sizes):
        assert counts.loc[str(stratum)].sum() == size
        assert (counts.loc[str(stratum)] > 0).sum() == 3 or size < 3
        assert counts.loc[str(stratum)].get("train", 0) >= 1


@given(st.lists(st.integers(10, 60), min_size=1, max_size=12))
def test_shares_hold_within_one_item_for_every_class_and_over_all(sizes):
    table = split_items(make_items(np.repeat(range(len(sizes)), sizes)))
    for split, share in SHARES.items():
        inside = table["split"] == split
        assert abs(inside.sum() - share * len(table)) <= 2
        for stratum, size in enumerate(sizes):
            assert abs((inside & (table["stratum"] == str(stratum))).sum() - share * size) < 1


@given(st.lists(st.floats(0, 50), min_size=3, max_size=3), st.integers(0, 100))
def test_counts_always_sum_to_the_total(wanted, total):
    counts = round_counts(dict(zip(SHARES, wanted, strict=True)), total, dict.fromkeys(SHARES, 0))
    assert sum(counts.values()) == total
    assert min(counts.values()) >= 0


def test_the_split_follows_ids_and_seed_and_not_the_order_of_rows():
    items = make_items(["a", "b"] * 50, groups=[str(number // 3) for number in range(100)])
    first = split_items(items, 1).set_index("id")["split"].to_dict()
    turned = split_items(items[::-1], 1).set_index("id")["split"].to_dict()
    other = split_items(items, 2).set_index("id")["split"].to_dict()
    assert first == turned != other


def test_items_that_share_a_group_or_a_near_duplicate_are_one_unit_through_others_too():
    items = make_items("abcde", groups=["p", "p", "", "", ""], near=["", "x", "x", "", ""])
    assert items["unit"].tolist() == ["item-0"] * 3 + ["item-3", "item-4"]


@given(st.integers(0, 80), st.integers(3, 40), st.integers(0, 9))
def test_groups_are_never_torn_and_no_split_is_empty(count, groups, seed):
    draw = np.random.default_rng(seed)
    names = np.concatenate([np.arange(groups), np.arange(groups), draw.integers(0, groups, count)])
    strata = draw.choice(["a", "b"], len(names))
    table = split_items(make_items(strata, groups=names.astype(str)), seed)
    assert table.groupby("group")["split"].nunique().max() == 1
    assert set(table["split"]) == set(SHARES)


def test_groups_of_mixed_classes_keep_the_shares_as_near_as_groups_allow():
    draw = np.random.default_rng(0)
    names = np.repeat([str(number) for number in range(60)], draw.integers(5, 40, 60))
    table = split_items(make_items(draw.choice(["a", "b"], len(names), p=[0.8, 0.2]), groups=names))
    shares = pd.crosstab(table["stratum"], table["split"], normalize="index")
    assert (abs(shares - pd.Series(SHARES)) < 0.02).all(axis=None)


@given(st.lists(st.integers(10, 60), min_size=1, max_size=6), st.integers(0, 9))
def test_an_old_item_keeps_its_split_when_others_come_and_shares_stay_right(sizes, seed):
    old = split_items(make_items(np.repeat(range(len(sizes)), sizes)), seed)
    before = old.set_index("id")["split"].to_dict()
    more = [max(1, size // 10) for size in sizes]
    new = make_items(np.repeat(range(len(sizes)), more), prefix="new")
    items = pd.concat([new, old.drop(columns="split")], ignore_index=True)
    table = split_items(items, seed, previous=before)
    now = table.set_index("id")["split"].to_dict()
    assert {item: now[item] for item in before} == before
    for stratum, group in table.groupby("stratum")["split"]:
        for split, share in SHARES.items():
            assert abs((group == split).sum() - share * len(group)) < 2, (stratum, split)


def test_when_items_go_the_others_keep_their_split_and_new_ones_fill_the_gaps():
    items = make_items(["a"] * 100)
    before = split_items(items).set_index("id")["split"].to_dict()
    untested = items[items["id"].map(before) != "test"]
    now = split_items(untested, previous=before).set_index("id")["split"].to_dict()
    assert now == {item: before[item] for item in untested["id"]}
    new = make_items(["a"] * 10, prefix="new")
    refilled = split_items(pd.concat([untested, new], ignore_index=True), previous=before)
    assert set(refilled.loc[refilled["id"].str.startswith("new"), "split"]) == {"test"}


def test_a_new_item_goes_with_its_group_and_one_that_links_two_splits_takes_all_to_train():
    items = make_items("aaaa", groups=["p", "q", "p", "r"], near=["", "x", "", "x"])
    previous = {"item-0": "test", "item-1": "validation"}
    table = split_items(items, previous=previous)
    assert table["split"].tolist()[2:] == ["test", "validation"]
    linked = make_items("aaaaaa", groups=["p", "p", "p", "", "", ""])
    was = recall(linked, previous)
    with pytest.raises(UserError, match=r"1 items that were tested would be trained on: 1 groups"):
        find_kept(linked, SHARES, was)
    _, (warning,) = find_kept(linked, SHARES, was, "allow")
    assert "the first holds item-0, item-1, item-2: all of them go to train, 1 were te" in warning
    assert set(split_items(linked, previous=previous)["split"][:3]) == {"train"}


def test_a_split_by_time_trains_on_the_past_and_leaves_out_what_would_straddle():
    times = [f"2024-01-{day:02d}" for day in range(1, 21)]
    times[16] = times[15]  # equal times at the cut go to the earlier side
    groups = [""] * 20
    groups[0] = groups[19] = "p"
    items = make_items("a" * 20, groups=groups, times=times)
    split = assign_by_time(items.sample(frac=1, random_state=0), SHARES).sort_index()
    assert split.tolist() == ["train"] * 17 + ["validation", "test", ""]
    numbers = assign_by_time(items.assign(time=[str(2 * n) for n in range(20)]), SHARES)
    assert numbers.value_counts().to_dict() == {"train": 16, "validation": 2, "test": 1, "": 1}


@pytest.mark.parametrize("wrong", ["", "yesterday", "31.01.2024", "inf"])
def test_a_time_that_does_not_parse_is_named(wrong):
    items = make_items("aaa", times=["2024-01-31", wrong, "2024-01-31T12:00:00+02:00"])
    with pytest.raises(UserError, match=f"item-1: the time '{wrong}' .* does not parse"):
        parse_times(items)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("name,split\na,train\n", "row 1: has no 'id' or no 'split'"),
        ("id,split\na,train\nb\n", "row 2: has no 'id' or no 'split'"),
        ("id,split\na,train\nb,dev\n", "row 2: split 'dev' is none of train, validation, test"),
        ("id,split\na,train\na,test\n", "row 2: 'a' has a row already"),
        ("id,split\na,train\nz,test\n", "row 2: 'z' is not an item"),
        (b"id,split\n\xff,train\n", "is not a CSV in UTF-8"),
        (None, "is not readable"),
    ],
)
def test_a_faulty_predefined_split_is_named_with_its_row(content, sentence, tmp_path):
    path = tmp_path / "given.csv"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=f"given.csv {sentence}"):
        read_assignment(path, list(SHARES), {"a", "b"})


@pytest.mark.parametrize(
    ("shares", "sentence"),
    [((0.8, 0.1, 0.2), "must sum to 1"), ((0.9, 0.1, 0.0), r"split\.test=0")],
)
def test_wrong_shares_are_refused(shares, sentence):
    with pytest.raises(UserError, match=sentence):
        check_shares(dict(zip(SHARES, shares, strict=True)))


def test_a_class_of_one_is_kept_in_train_and_said():
    table = split_items(make_items([0] * 30 + [1]))
    assert table.loc[table["stratum"] == "1", "split"].tolist() == ["train"]
    (sentence,) = find_tiny(table["split"], table["stratum"].map({"0": "many", "1": "rare"}))
    assert "'rare' has 1 item, none in validation and test" in sentence


def test_shares_that_groups_do_not_allow_are_said():
    items = make_items("a" * 90, groups=np.repeat(["p", "q", "r"], 30))
    split = split_items(items)["split"]
    assert split.value_counts().to_dict() == dict.fromkeys(SHARES, 30)
    (sentence,) = find_misses(split, items["stratum"], SHARES)
    assert "'a' has 30 of 90 items in train, where the share is 0.8" in sentence
    alone = make_items("a" * 90)
    assert find_misses(split_items(alone)["split"], alone["stratum"], SHARES) == []


@given(
    st.integers(0, 30).flatmap(
        lambda count: st.tuples(
            st.just(count), st.lists(st.integers(-20, 20), min_size=2, max_size=6)
        )
    )
)
def test_single_items_go_one_after_the_other_where_most_is_lacking(drawn):
    count, lacks = drawn
    left, wanted = list(lacks), []
    for _ in range(count):
        wanted.append(left.index(max(left)))
        left[wanted[-1]] -= 1
    assert fill(np.array(lacks), count).tolist() == wanted


def test_classes_of_three_give_each_split_one_and_that_is_said_with_the_remedy():
    items = make_items(np.repeat(range(60), 3))
    split = split_items(items)["split"]
    assert split.value_counts().to_dict() == dict.fromkeys(SHARES, 60)
    (sentence,) = find_off(items.assign(bin=split), SHARES)
    assert "33%/33%/33% of the items, not 80%/10%/10% as requested" in sentence
    assert "60 of 60 classes have fewer than 10 items" in sentence
    assert "split.per_class=0" in sentence
    items["kept"] = ""
    asked = assign_by_shares(items, SHARES, 0, per_class=0)
    assert find_off(items.assign(bin=asked), SHARES) == []
    assert set(items.loc[asked == "train", "stratum"]) == set(items["stratum"])


def test_classes_of_two_keep_the_shares_and_one_item_each_in_train():
    items = split_items(make_items(np.repeat(range(100), 2)))
    assert items["split"].value_counts().to_dict() == {"train": 160, "validation": 20, "test": 20}
    assert set(items.loc[items["split"] == "train", "stratum"]) == set(items["stratum"])
    labels = items.loc[items["split"] == "train", "stratum"]
    assert len(Classification("accuracy", "max").fit(labels)["classes"]) == 100


def test_a_last_date_that_is_more_than_a_share_moves_the_cut_and_is_said():
    times = [f"2024-01-{1 + n // 10:02d}" for n in range(140)] + ["2024-02-01"] * 61
    items = make_items("a" * 201, times=times)
    split = assign_by_time(items, SHARES)
    assert split.value_counts().to_dict() == {"train": 130, "test": 61, "validation": 10}
    assert times[-1] not in set(items.loc[split != "test", "time"])
    (sentence,) = find_off(items.assign(bin=split), SHARES)
    assert "65%/5%/30% of the items, not 80%/10%/10%" in sentence


def test_a_split_by_time_needs_three_times():
    with pytest.raises(UserError, match=r"have 2 different times.* needs three"):
        assign_by_time(make_items("aaaa", times=["1", "1", "2", "2"]), SHARES)


def test_a_group_that_a_file_puts_in_two_splits_is_named():
    items = make_items("abc", groups=["p", "", "p"]).assign(split=["train", "train", "test"])
    (sentence,) = find_torn(items)
    assert sentence.endswith("the first holds item-0, item-2 in test and train.")


def test_the_same_seed_writes_the_same_file_and_other_settings_split_afresh(project, run):
    run("ingest")
    run("clean")
    first = run("split")
    total = sum(first.figures["items"].values())
    Path("data/splits.csv").unlink()
    assert run("split").figures["version"] == first.figures["version"]
    again = run("split").figures
    assert again["version"] == first.figures["version"]
    assert again["history"] == {"kept": total, "new": 0, "moved": 0, "gone": 0}
    other = run("split", "seed=7").figures
    assert other["version"] != first.figures["version"]
    assert other["history"]["new"] == total
    assert abs(first.figures["shares"]["train"] - 0.8) < 0.02


def test_the_split_is_the_same_in_every_process(processed, package, small):
    written = Path("data/splits.csv").read_bytes()
    for number in ("1", "2"):
        Path("data/splits.csv").unlink()
        command = [sys.executable, "-m", package, "split", *small]
        environment = {"PYTHONHASHSEED": number, "PYTHONPATH": ":".join(sys.path)}
        subprocess.run(command, check=True, capture_output=True, env=environment)
        assert Path("data/splits.csv").read_bytes() == written


def test_folds_validate_every_item_once_and_test_the_same_ones(project, run):
    run("ingest")
    run("clean")
    folds = []
    for fold in range(5):
        run("split", "split=kfold", f"split.fold={fold}")
        folds.append(read_splits())
    tested = {item for item, split in folds[0].items() if split == "test"}
    validated = [item for fold in folds for item, split in fold.items() if split == "validation"]
    assert all({i for i, split in fold.items() if split == "test"} == tested for fold in folds)
    assert sorted(validated) == sorted(set(folds[0]) - tested)
    run("split")
    assert {i for i, split in read_splits().items() if split == "test"} == tested
    with pytest.raises(UserError, match=r"split\.fold=5 does not exist: 5 folds count from 0"):
        run("split", "split=kfold", "split.fold=5")


def test_a_predefined_split_is_taken_as_it_is_and_must_name_every_item(project, run):
    run("ingest")
    run("clean")
    run("split", "seed=3")
    Path("data/splits.csv").rename("given.csv")
    assert set(run("split", "split=predefined", "split.path=given.csv").figures["items"]) == set(
        SHARES
    )
    assert read_splits() == read_splits("given.csv")
    lines = Path("given.csv").read_text().splitlines(keepends=True)
    Path("given.csv").write_text("".join(lines[:-1]))
    with pytest.raises(UserError, match=r"given\.csv has no row for .*: add one"):
        run("split", "split=predefined", "split.path=given.csv")


def test_items_that_a_split_by_time_leaves_out_reach_no_array(project, run):
    run("ingest")
    run("clean")
    with pytest.raises(UserError, match=r"split=temporal needs .*: set data\.time"):
        run("split", "split=temporal")
    times = "data.time='(.)'" if Path("raw").is_dir() else "data.time=width"
    run("ingest", times)
    run("clean", times)
    clean = pd.read_csv("data/clean.csv", dtype=str, keep_default_na=False)
    clean["time"] = [str(number) for number in np.random.default_rng(0).permutation(len(clean))]
    clean["group"] = ["p" if time in ("0", str(len(clean) - 1)) else "" for time in clean["time"]]
    clean.to_csv("data/clean.csv", index=False)
    figures = run("split", "split=temporal", times).figures
    assert figures["left_out"]["count"] == 1
    drift = run("preprocess", "split=temporal", times).figures["drift"]
    store = load_store("data")
    store.open_test()
    assert len(store.items) == len(clean) - 1
    assert set(store.items["id"]).isdisjoint(figures["left_out"]["items"])
    assert list(drift["times"]) == ["earlier against later half"]


def test_the_test_split_does_not_open_as_a_split_like_others(processed):
    store = load_store("data")
    with pytest.raises(PermissionError):
        store.rows("test")
    rows = [*store.rows("train"), *store.rows("validation"), *store.open_test()]
    assert sorted(rows) == list(range(len(store.items)))
