"""A report survives being written, tells when it was edited, and is chained by its outcome."""

import json
import re

import pytest
from dlproof.errors import UserError
from dlproof.report import Report, load_report
from hypothesis import given
from hypothesis import strategies as st

FIGURES = {
    "items": 8,
    "loss": 0.25,
    "batches": {1: {"p50_ms": 3.0}, 10: {"p50_ms": 9.0}},
    "x": (1, 2),
}
KEYS = ("stage", "figures", "files", "pictures", "failures", "summary", "made_from", "created")


def seal(report):
    report.seal = report.compute_seal()
    return report


def change(value):
    """Another value of the same type."""
    if isinstance(value, dict):
        return value | {"more": 1}
    return [*value, "more"] if isinstance(value, list) else value + type(value)(1)


@pytest.fixture
def written(tmp_path):
    report = Report("split", dict(FIGURES), {"data/splits.csv": "1"}, made_from={"code": "a"})
    seal(report).write(tmp_path)
    return tmp_path / "split.json"


def test_a_report_survives_being_written_and_read(tmp_path):
    report = Report("split", figures={"train": 8}, summary="8 train")
    report.write(tmp_path)
    assert load_report("split", tmp_path) == report


@pytest.mark.parametrize("content", ["", "{", "[]", '{"unknown": 1}'])
def test_a_missing_or_damaged_report_names_the_command_to_run(tmp_path, content):
    if content:
        (tmp_path / "split.json").write_text(content)
    with pytest.raises(UserError, match="run `split`"):
        load_report("split", tmp_path)


def test_a_report_is_from_its_run_as_long_as_nothing_in_it_is_changed(written):
    assert load_report("split", written.parent).is_from_run
    content = json.loads(written.read_text())
    for key in (*KEYS, "seconds", "seal"):
        other = change(content[key])
        written.write_text(json.dumps(content | {key: other}))
        assert not load_report("split", written.parent).is_from_run, key
    written.write_text(json.dumps(content))
    assert load_report("split", written.parent).is_from_run


def test_a_report_that_no_run_wrote_is_from_none(tmp_path):
    Report("split", {"train": 8}).write(tmp_path)
    assert not load_report("split", tmp_path).is_from_run


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    )
)
def test_the_seal_and_the_digest_are_the_same_behind_a_file(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("reports")
    report = seal(Report("a", {"value": value}))
    report.write(folder)
    found = load_report("a", folder)
    assert found.is_from_run
    assert found.digest == report.digest


def test_the_digest_covers_figures_files_and_failures_together():
    report = Report("a", {"x": 1}, {"f": "1"})
    others = [
        Report("a", {"x": 2}, {"f": "1"}),
        Report("a", {"x": 1}, {"f": "2"}),
        Report("a", {"x": 1}, {"f": "1"}, failures=["too few"]),
        Report("b", {"x": 1}, {"f": "1"}),
    ]
    assert len({report.digest, *(other.digest for other in others)}) == 1 + len(others)


def test_the_digest_leaves_out_what_a_clock_measures():
    first = Report(
        "a", {"x": 1, "fit_seconds": {"tree": 1.0}, "rows": [{"p95_ms": 1.0}]}, {"f": "1"}
    )
    later = Report(
        "a", {"x": 1, "fit_seconds": {"tree": 2.0}, "rows": [{"p95_ms": 7.0}]}, {"f": "1"}
    )
    later.created, later.seconds, later.summary, later.made_from = "later", 9.0, "so", {"code": "b"}
    assert first.digest == later.digest


def test_a_stage_builds_on_the_files_that_it_lists_or_on_the_report():
    before = Report("a", {"x": 1}, {"data/a.csv": "1", "data/b.csv": "1"})
    figure = Report("a", {"x": 2}, {"data/a.csv": "1", "data/b.csv": "1"})
    file = Report("a", {"x": 1}, {"data/a.csv": "1", "data/b.csv": "2"})
    of_file = [report.digest_for(("data/a.csv",)) for report in (before, figure, file)]
    assert len(set(of_file)) == 1
    for deps in ((), ("reports/a.json",), ("data/a.csv", "reports/a.json")):
        assert len({report.digest_for(deps) for report in (before, figure, file)}) == 3
    assert before.digest_for(("data/b.csv",)) != file.digest_for(("data/b.csv",))


def test_a_stage_refuses_to_build_on_a_report_that_was_edited(processed, run):
    path = processed / "reports" / "clean.json"
    path.write_text(path.read_text().replace('"usable_items": ', '"usable_items": 1'))
    with pytest.raises(UserError, match=r"reports/clean.json is not from a run.*run `clean` again"):
        run("split")
    run("clean")
    assert run("split").is_from_run


def test_what_is_not_finite_is_null_in_the_file_and_the_report_still_from_a_run(tmp_path):
    report = Report("train", {"loss": float("nan"), "worst": [1.0, float("-inf")]})
    report.seal = report.compute_seal()
    path = report.write(tmp_path)
    assert not {"NaN", "Infinity"} & set(re.findall(r"\w+", path.read_text()))
    read = load_report("train", tmp_path)
    assert read.figures == {"loss": None, "worst": [1.0, None]}
    assert read.is_from_run
    assert read.digest == report.digest
