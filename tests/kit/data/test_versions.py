"""Every version of the data stays, and says how it differs from another."""

import json
from pathlib import Path

import pytest
from dlproof.cli import run_command
from dlproof.data.store import load_state
from dlproof.data.versions import (
    compare_versions,
    find_dvc_id,
    find_version,
    keep_version,
    read_index,
)
from dlproof.errors import UserError
from dlproof.files import read_table, write_json, write_table

DATA = Path("data")
ROWS = [("a", "x", "train", "1"), ("b", "y", "test", "2"), ("c", "x", "train", "3")]


def keep(folder, version, rows, **made_with):
    import pandas as pd

    items = pd.DataFrame(rows, columns=["id", "label", "split", "hash"])
    keep_version(folder, version, items, {"data": "set", **made_with})


@pytest.fixture
def two(tmp_path):
    """Two versions that differ in every way."""
    keep(tmp_path, "aa11", ROWS, preprocess={"size": 8})
    changed = [("a", "y", "train", "1"), ("c", "x", "validation", "4"), ("d", "y", "test", "5")]
    keep(tmp_path, "ab22", changed, preprocess={"size": 16})
    return tmp_path


def test_a_difference_is_told_by_kind(two):
    assert compare_versions(two, "aa11", "ab22") == {
        "added": {"d": "y"},
        "removed": {"b": "y"},
        "relabelled": {"a": ["x", "y"]},
        "moved": {"c": ["train", "validation"]},
        "changed": {"c": ["3", "4"]},
        "settings": {"preprocess.size": [8, 16]},
    }


def test_a_version_differs_from_itself_in_nothing(two):
    assert not any(compare_versions(two, "aa11", "aa11").values())


def test_a_version_is_written_once_and_keeps_its_date(two):
    before = read_index(two), (two / "versions" / "aa11.csv").read_bytes()
    keep(two, "aa11", ROWS[:1])
    assert (read_index(two), (two / "versions" / "aa11.csv").read_bytes()) == before


@pytest.mark.parametrize(
    ("prefix", "told"), [("a", "several versions"), ("zz", "is not a version"), ("", "several")]
)
def test_a_version_that_is_unknown_or_not_clear_is_a_sentence(two, prefix, told):
    assert find_version(two, "aa") == "aa11"
    with pytest.raises(UserError, match=told):
        find_version(two, prefix)


def test_without_any_version_it_is_said_what_to_run(tmp_path):
    with pytest.raises(UserError, match="run `preprocess`"):
        find_version(tmp_path, "a")


def test_dvcs_id_is_read_where_dvc_tracks_the_raw_data(tmp_path):
    assert find_dvc_id(tmp_path / "raw") is None
    (tmp_path / "raw.dvc").write_text("outs:\n- md5: abc.dir\n  path: raw\n")
    assert find_dvc_id(tmp_path / "raw") == "abc.dir"


def test_a_changed_annotation_is_a_new_version_beside_the_old(processed, run, declared, capsys):
    before = load_state(DATA)["version"]
    items = read_table(DATA / "clean.csv", "clean")
    splits = read_table(DATA / "splits.csv", "split").set_index("id")["split"]
    chosen = items.index[items["id"].map(splits) == "validation"][0]
    name, old = items.loc[chosen, "id"], items.loc[chosen, "label"]
    new = items.loc[(items["label"] != old) & (items["id"].map(splits) == "train"), "label"].iloc[0]
    items.loc[chosen, "label"] = new
    write_table(items, DATA / "clean.csv")
    run("preprocess")
    after = load_state(DATA)["version"]
    assert set(read_index(DATA)) == {before, after}
    capsys.readouterr()
    run_command(declared, "data", ["diff", before[:10], "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (found["before"], found["after"]) == (before, after)
    assert found["relabelled"] == {name: [old, new]}
    assert not any(found[kind] for kind in ("added", "removed", "moved", "changed", "settings"))
    run_command(declared, "data", ["diff", before[:10]])
    assert f"{name}: {old} -> {new}" in capsys.readouterr().out
    run_command(declared, "data", ["versions"])
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(before[:8])
    assert second.startswith(after[:8])
    assert second.endswith("current")


def test_what_was_fitted_is_part_of_the_version(processed):
    from dlproof.data.versions import hash_version

    state = load_state(DATA)
    assert hash_version(DATA / "processed", DATA, state) == state["version"]
    other = state | {"task": {"classes": ["another"]}}
    assert hash_version(DATA / "processed", DATA, other) != state["version"]


def test_a_run_knows_what_dvc_calls_the_raw_data(processed, run, declared):
    raw = "raw" if Path("raw").is_dir() else "raw.csv"
    Path(f"{raw}.dvc").write_text(f"outs:\n- md5: ab01.dir\n  path: {raw}\n")
    run("preprocess")
    assert load_state(DATA)["dvc"] == "ab01.dir"
    write_json(DATA / "versions" / "versions.json", {})
    with pytest.raises(UserError, match="run `preprocess`"):
        run_command(declared, "data", ["diff", "a"])
