"""docs/onboarding.md carries the map that the checklist gives."""

import re
from pathlib import Path

import pytest
import yaml
from dlproof.checklist.map import (
    DOCUMENT,
    END,
    START,
    describe_bullets,
    draw_flow,
    replace,
    rewrite,
    rewrite_document,
)
from dlproof.cli import OTHERS
from dlproof.errors import UserError


def test_the_map_is_what_the_checklist_gives(checklist, at_root):
    text = Path(DOCUMENT).read_text(encoding="utf-8")
    assert text == rewrite(text, checklist), "write it anew: checklist --map"


def test_the_onboarding_lists_every_bullet_once(checklist):
    text = describe_bullets(checklist)
    assert re.findall(r"^\| ([DM]L-[\d.]+) \|", text, re.MULTILINE) == sorted(
        checklist.bullets,
        key=lambda name: (checklist.bullets[name].phase, list(checklist.bullets).index(name)),
    )


def test_the_map_is_the_same_in_every_project(checklist):
    text = describe_bullets(checklist)
    assert "src/own/" not in text
    assert not any("{" + mark in text for mark in ("{", "%", "#"))


def test_rewriting_keeps_the_words_around_the_map(checklist, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path(DOCUMENT)
    path.parent.mkdir()
    path.write_text(f"before\n{START}\nold\n{END}\nafter\n")
    assert rewrite_document(checklist)
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{START}\n\n### 1 Problem\n")
    assert text.endswith(f"\n\n{END}\nafter\n")
    assert rewrite_document(checklist)
    assert path.read_text(encoding="utf-8") == text


def test_a_document_without_the_marks_stays_as_it_is(checklist, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not rewrite_document(checklist)
    path = Path(DOCUMENT)
    path.parent.mkdir()
    path.write_text("mine\n")
    assert not rewrite_document(checklist)
    assert path.read_text(encoding="utf-8") == "mine\n"


def test_a_map_without_its_end_is_refused(checklist):
    with pytest.raises(UserError, match="put it back"):
        replace(f"{START} and no end", (START, END), "")


def test_the_diagram_goes_from_the_raw_data_to_the_model_by_every_stage(at_root):
    lines = draw_flow(Path("dvc.yaml")).splitlines()
    assert '  raw_data(["raw data"]) --> ingest' in lines
    assert '  train --> models_model_ckpt(["models/model.ckpt"])' in lines
    assert '  models_model_ckpt(["models/model.ckpt"]) --> export' in lines
    stages = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
    drawn = {word for line in lines for word in line.split() if word in stages}
    assert drawn == set(stages) - {"config"}


def test_the_commands_of_the_first_hour_are_commands(declared, at_root):
    text = Path("docs", "onboarding.md").read_text(encoding="utf-8")
    first_hour = text.partition("## Every bullet")[0]
    called = re.findall(r"^own ([a-z]+)", first_hour, re.MULTILINE)
    assert {"checklist", "charter"} <= set(called) <= {*OTHERS, *declared.stages}
    targets = re.findall(r"^([a-z]+):.*##", Path("Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"^make (\w+)", first_hour, re.MULTILINE)) <= set(targets)
