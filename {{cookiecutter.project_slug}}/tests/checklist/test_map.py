"""README.md and the onboarding carry the map that checklist.yaml gives."""

import re
from pathlib import Path

import pytest
import yaml

from {{ cookiecutter.package_name }}.checklist.map import (
    DOCUMENTS,
    END,
    START,
    draw_flow,
    replace,
    rewrite,
    rewrite_documents,
)
from {{ cookiecutter.package_name }}.errors import UserError

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_map_is_what_the_checklist_gives(name, checklist, monkeypatch):
    monkeypatch.chdir(ROOT)
    text = (ROOT / name).read_text(encoding="utf-8")
    if name == "README.md" and START not in text:
        pytest.skip("the README is yours: it has no map any more")
    assert text == rewrite(text, checklist, name), "write it anew: checklist --map"


def test_the_onboarding_lists_every_bullet_once(checklist):
    text = DOCUMENTS["docs/onboarding.md"](checklist)
    assert re.findall(r"^\| ([DM]L-[\d.]+) \|", text, re.MULTILINE) == sorted(
        checklist.bullets,
        key=lambda name: (checklist.bullets[name].phase, list(checklist.bullets).index(name)),
    )


def test_the_readme_lists_every_item_once(checklist):
    listed = re.findall(r"^\| ([DM]L-\d\d) ", DOCUMENTS["README.md"](checklist), re.MULTILINE)
    assert sorted(listed) == sorted({name.partition(".")[0] for name in checklist.bullets})


def test_the_map_is_the_same_in_every_project(checklist):
    for describe in DOCUMENTS.values():
        assert "src/{{ cookiecutter.package_name }}/" not in describe(checklist)
        assert not any("{" + mark in describe(checklist) for mark in ("{", "%", "#"))


def test_rewriting_keeps_the_words_around_the_map(checklist, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("README.md").write_text(f"before\n{START}\nold\n{END}\nafter\n")
    assert rewrite_documents(checklist) == ["README.md"]
    text = Path("README.md").read_text(encoding="utf-8")
    assert text.startswith(f"before\n{START}\n\n<details>")
    assert text.endswith(f"</details>\n\n{END}\nafter\n")
    assert rewrite_documents(checklist) == ["README.md"]
    assert Path("README.md").read_text(encoding="utf-8") == text


def test_a_map_without_its_end_is_refused(checklist):
    with pytest.raises(UserError, match="put it back"):
        replace(f"{START} and no end", (START, END), "", "README.md")


def test_the_diagram_goes_from_the_raw_data_to_the_model_by_every_stage():
    lines = draw_flow(ROOT / "dvc.yaml").splitlines()
    assert '  raw_data(["raw data"]) --> ingest' in lines
    assert '  train --> models_model_ckpt(["models/model.ckpt"])' in lines
    assert '  models_model_ckpt(["models/model.ckpt"]) --> export' in lines
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    drawn = {word for line in lines for word in line.split() if word in stages}
    assert drawn == set(stages) - {"config"}


def test_the_commands_of_the_first_hour_are_commands():
    from {{ cookiecutter.package_name }}.cli import OTHERS
    from {{ cookiecutter.package_name }}.commands import STAGES

    text = (ROOT / "docs" / "onboarding.md").read_text(encoding="utf-8")
    first_hour = text.partition("## Every bullet")[0]
    called = re.findall(r"^{{ cookiecutter.project_slug }} ([a-z]+)", first_hour, re.MULTILINE)
    assert {"checklist", "charter"} <= set(called) <= {*OTHERS, *STAGES}
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"^make (\w+)", first_hour, re.MULTILINE)) <= set(targets)
