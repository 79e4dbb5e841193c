"""A report says what it was made from, and notices when that changes."""

import pytest

from {{ cookiecutter.package_name }} import stage
from {{ cookiecutter.package_name }}.errors import UserError
from {{ cookiecutter.package_name }}.report import Report, load_report
from {{ cookiecutter.package_name }}.stage import hash_code, source_closure, targets_in

pytestmark = pytest.mark.unit


def test_a_report_survives_being_written_and_read(tmp_path):
    report = Report("split", figures={"train": 8}, summary="8 train")
    report.write(tmp_path)
    assert load_report("split", tmp_path) == report


@pytest.mark.parametrize("content", ["", "{", '{"unknown": 1}'])
def test_a_missing_or_damaged_report_names_the_command_to_run(tmp_path, content):
    if content:
        (tmp_path / "split.json").write_text(content)
    with pytest.raises(UserError, match="run `split`"):
        load_report("split", tmp_path)


def test_the_digest_follows_the_outputs_and_not_the_time():
    first = Report("a", files={"x": "1"}, created="now", seconds=1.0)
    later = Report("a", files={"x": "1"}, created="later", seconds=2.0)
    other = Report("a", files={"x": "2"}, created="now", seconds=1.0)
    assert first.digest == later.digest != other.digest


def test_code_hash_follows_what_a_module_imports(tmp_path, monkeypatch):
    for name, text in (("a", "from .b import x\n"), ("b", "x = 1\n"), ("c", "y = 1\n")):
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setattr(stage, "PACKAGE", tmp_path)
    before = hash_code("a")
    (tmp_path / "c.py").write_text("y = 2\n")
    assert hash_code("a") == before
    (tmp_path / "b.py").write_text("x = 2\n")
    assert hash_code("a") != before


def test_the_closure_follows_relative_imports_inside_functions(tmp_path):
    (tmp_path / "a.py").write_text("def f():\n    from .b import g\n")
    (tmp_path / "b.py").write_text("from . import c\n")
    (tmp_path / "c.py").write_text("import os\n")
    assert {path.name for path in source_closure(tmp_path / "a.py")} == {"a.py", "b.py", "c.py"}


def test_targets_are_found_at_any_depth():
    package = stage.__package__
    config = {"model": {"_target_": f"{package}.model.mlp.MLP"}, "x": [{"_target_": "torch.X"}]}
    assert targets_in(config) == ("model.mlp",)
