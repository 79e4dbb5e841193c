"""The checks on what comes in turn red for each thing that can be wrong."""

import json
from types import SimpleNamespace

import pytest
from dlproof.checklist import data_ingest as module
from dlproof.checklist.evidence import NotYetError
from dlproof.files import hash_file

ROW = {"source": "raw/site_1/a.png", "origin": "site_1", "unexpected": ""}
RULES = {"width": {"nullable": False, "checks": []}}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose expectations are enforced, and of which nothing is forbidden."""
    path = tmp_path / "own.yaml"
    path.write_text("width: 3")
    figures = {
        "ingest": {
            "expectations": {"sha256": hash_file(path), "rules": 1, "unexpected_items": 0},
            "personal": {},
        }
    }
    carried = {"sha256": hash_file(path), "rules": RULES}
    write(tmp_path / "expectations.json", carried)
    write(tmp_path / "model.json", {"state": {"data": {"expectations": carried}}})
    sources = [{"name": "Clinic"}]
    answers = {"data.forbidden": [], "data.sources": sources, "data.personal_found": {}}
    paths = SimpleNamespace(models_dir=str(tmp_path), data_dir=str(tmp_path))
    rows = [dict(ROW)]
    monkeypatch.setattr(module, "read_clean", lambda project: rows)
    state = {"data": {"numeric": {"age": {}}, "categories": {"ward": []}}}
    monkeypatch.setattr(module, "load_state", lambda project: state)
    return SimpleNamespace(
        cfg=SimpleNamespace(data=SimpleNamespace(expectations=str(path)), paths=paths),
        figures=lambda stage: figures.get(stage, {}),
        answer=lambda key: answers[key],
        answers=answers,
        rows=rows,
        path=path,
        folder=tmp_path,
    )


def write(path, content):
    path.write_text(json.dumps(content))


def test_expectations_hold_where_ingest_and_model_have_the_file_as_it_is(project):
    assert module.expectations_are_enforced(project).holds
    project.cfg.data.expectations = None
    with pytest.raises(NotYetError, match="data expect"):
        module.expectations_are_enforced(project)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda p: p.path.unlink(), "does not exist"),
        (lambda p: p.path.write_text("width: 4"), "ingest holds another version"),
        (lambda p: p.rows[0].update(unexpected="is too wide", id="a"), "used although unexpected"),
        (lambda p: write(p.folder / "model.json", {"state": {"data": {}}}), "the model holds"),
        (lambda p: write(p.folder / "expectations.json", {"rules": {}}), "holds other rules"),
    ],
)
def test_expectations_fail_where_one_place_has_others(project, spoil, told):
    spoil(project)
    finding = module.expectations_are_enforced(project)
    assert not finding.holds
    assert told in finding.figure


@pytest.mark.parametrize("name", ["AGE", "ward", "clinic", "site_1"])
def test_a_forbidden_column_source_origin_or_folder_is_found(project, name):
    project.answers["data.forbidden"] = ["other"]
    assert module.forbidden_columns_are_absent(project).holds
    project.answers["data.forbidden"] = ["other", name]
    finding = module.forbidden_columns_are_absent(project)
    assert not finding.holds
    assert name in finding.figure


def test_a_kind_of_personal_data_without_an_answer_is_named_with_its_place(project):
    assert module.personal_data_is_answered(project).holds
    found = {"email": {"count": 2, "places": ["column note, row 1"]}}
    project.figures("ingest")["personal"] = found
    finding = module.personal_data_is_answered(project)
    assert not finding.holds
    assert "email in column note, row 1" in finding.figure
    project.answers["data.personal_found"] = {"email": "of the authors, with their consent"}
    assert module.personal_data_is_answered(project).holds
