"""The page of runs shows every run, the best first, needs no other file and believes no text."""

import re
import shutil
import time

import pytest
import yaml
from dlproof.errors import UserError
from dlproof.files import write_json
from dlproof.training import runs_page
from dlproof.training.record import create_run_dir
from dlproof.training.resume import find_run
from dlproof.training.runs import read_records
from dlproof.training.runs_page import is_as_written, write_runs_page
from omegaconf import OmegaConf
from PIL import Image
from toy.project import PROJECT

LOG = "epoch,step,train/loss,val/loss,val/score\n0,9,2.0,1.9,0.5\n1,19,1.0,0.9,0.9\n"


def add_record(runs_dir, name, **values):
    record = {"id": name, "started": name, "optimizer": {"lr": 3e-4}, "change": "none", **values}
    write_json(runs_dir / name / "record.json", record)


def choose(folder, mode="max"):
    names = {"runs": "runs", "experiments": "docs/experiments", "reports": "."}
    paths = {f"{name}_dir": str(folder / place) for name, place in names.items()}
    task = {"metric": "score", "mode": mode}
    return OmegaConf.create({"paths": paths, "task": task})


def write(folder, mode="max"):
    return write_runs_page(PROJECT, choose(folder, mode)).read_text()


def test_the_best_run_comes_first_in_either_direction(tmp_path):
    for name, score in (("b", 0.5), ("a", 0.9), ("c", 0.7)):
        add_record(tmp_path / "runs", name, best_val_score=score)
    add_record(tmp_path / "runs", "d", status="stopped")
    assert [record["id"] for record in read_records(tmp_path / "runs")] == ["a", "b", "c", "d"]
    for mode, order in (("max", "acbd"), ("min", "bcad")):
        page = write(tmp_path, mode)
        places = [page.index(f'<th scope="row">{name}</th>') for name in order]
        assert places == sorted(places)


def test_words_of_a_run_are_shown_as_words(tmp_path):
    add_record(tmp_path / "runs", "a", change="<script>alert(1)</script>", goal="`<b>`")
    page = write(tmp_path)
    assert "<script>" not in page
    assert "<b>`" not in page


def test_it_tells_how_a_run_differs_from_the_best_and_what_nobody_wrote(tmp_path):
    for name, score, rate in (("a", 0.9, 0.01), ("b", 0.5, 0.1)):
        add_record(tmp_path / "runs", name, best_val_score=score, change="")
        config = {"optimizer": {"lr": rate}, "goal": name, "paths": {"data_dir": name}}
        (tmp_path / "runs" / name / "config.yaml").write_text(yaml.safe_dump(config))
    page = write(tmp_path)
    assert '<th scope="row">optimizer.lr</th><td>0.1</td><td>0.01</td>' in page
    assert "data_dir" not in page
    assert "a reaches val/score 0.9, the best of 2. Next: b reaches val/score 0.5." in page
    assert "2 of 2 runs say nothing of their goal" in page
    assert "no change given" in page


def test_curves_and_pictures_are_in_it_and_their_number_has_a_bound(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(runs_page, "draw_curves", lambda curves, _: drawn.extend(curves) or "data:")
    for number in range(8):
        folder = tmp_path / "runs" / f"r{number}"
        add_record(tmp_path / "runs", folder.name, best_val_score=number)
        (folder / "metrics.csv").write_text(LOG)
    (folder / "samples").mkdir()
    Image.new("L", (4, 4)).save(folder / "samples" / "epoch-0001.png")
    page = write(tmp_path)
    assert drawn == ["r7", "r6", "r5", "r4", "r3", "r2"]
    assert page.count("data:image/png;base64,") == 1
    monkeypatch.undo()
    page = write(tmp_path)
    assert page.count("data:image/png;base64,") == 2
    assert not re.findall(r'(?:src|href)="(?!data:|#|index\.html)', page)


def test_twenty_runs_take_less_than_a_second(tmp_path):
    config = yaml.safe_dump({"model": {f"key{number}": number for number in range(150)}})
    for number in range(20):
        folder = tmp_path / "runs" / f"r{number}"
        add_record(tmp_path / "runs", folder.name, best_val_score=number)
        (folder / "metrics.csv").write_text(LOG)
        (folder / "config.yaml").write_text(config)
    write(tmp_path)  # imports matplotlib and jinja2
    started = time.process_time()
    write(tmp_path)
    assert time.process_time() - started < 1


def test_an_edited_page_is_told_from_a_written_one(tmp_path):
    add_record(tmp_path / "runs", "a", best_val_score=0.5)
    page = write(tmp_path)
    assert is_as_written(page)
    assert not is_as_written(page.replace("0.5", "0.9"))
    assert not is_as_written(page.rpartition("<!-- seal")[0])


def test_a_copied_or_renamed_run_is_neither_a_second_one_nor_in_the_way(tmp_path):
    runs = tmp_path / "runs"
    add_record(runs, create_run_dir(runs).name)
    (first,) = runs.iterdir()
    for name in ("before-cleanup", "2b", "copy.bak"):
        shutil.copytree(first, runs / f"{first.name}-{name}")
    first.rename(runs / "baseline")
    shutil.copytree(runs / "baseline", first)
    assert [record["id"] for record in read_records(runs)] == [first.name]
    assert write(tmp_path).count(f'<th scope="row">{first.name}</th>') == 1
    assert create_run_dir(runs).name == f"{first.name[:-3]}002"
    for name in ("baseline", f"{first.name}-2b"):
        with pytest.raises(UserError, match=f"resume={name}: the folder holds {first.name}, as"):
            find_run(runs, name)
    assert find_run(runs, first.name) == first
