"""The page of runs shows every run, the best first, and believes no text."""

from dlproof.files import write_json
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
