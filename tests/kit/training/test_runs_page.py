"""The page of runs shows every run, the best first, and believes no text."""

import shutil

import pytest
from dlproof.errors import UserError
from dlproof.files import write_json
from dlproof.training.record import create_run_dir
from dlproof.training.resume import find_run
from dlproof.training.runs import read_records
from dlproof.training.runs_page import write_runs_page
from omegaconf import OmegaConf


def add_record(runs_dir, name, **values):
    record = {"id": name, "started": name, "optimizer": {"lr": 3e-4}, "change": "none", **values}
    write_json(runs_dir / name / "record.json", record)


def write(folder, mode):
    task = OmegaConf.create({"metric": "score", "mode": mode})
    return write_runs_page(folder / "runs", folder, task).read_text()


def test_the_best_run_comes_first_in_either_direction(tmp_path):
    for name, score in (("b", 0.5), ("a", 0.9), ("c", 0.7)):
        add_record(tmp_path / "runs", name, best_val_score=score)
    add_record(tmp_path / "runs", "d", status="stopped")
    assert [record["id"] for record in read_records(tmp_path / "runs")] == ["a", "b", "c", "d"]
    for mode, order in (("max", "acbd"), ("min", "bcad")):
        page = write(tmp_path, mode)
        places = [page.index(f"<td>{name}</td>") for name in order]
        assert places == sorted(places)


def test_words_of_a_run_are_shown_as_words(tmp_path):
    add_record(tmp_path / "runs", "a", change="<script>alert(1)</script>")
    assert "<script>" not in write(tmp_path, "max")


def test_a_copied_or_renamed_run_is_neither_a_second_one_nor_in_the_way(tmp_path):
    runs = tmp_path / "runs"
    add_record(runs, create_run_dir(runs).name)
    (first,) = runs.iterdir()
    for name in ("before-cleanup", "2b", "copy.bak"):
        shutil.copytree(first, runs / f"{first.name}-{name}")
    first.rename(runs / "baseline")
    shutil.copytree(runs / "baseline", first)
    assert [record["id"] for record in read_records(runs)] == [first.name]
    assert write(tmp_path, "max").count(first.name) == 1
    assert create_run_dir(runs).name == f"{first.name[:-3]}002"
    for name in ("baseline", f"{first.name}-2b"):
        with pytest.raises(UserError, match=f"resume={name}: the folder holds {first.name}, as"):
            find_run(runs, name)
    assert find_run(runs, first.name) == first
