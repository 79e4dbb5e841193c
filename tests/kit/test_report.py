"""A report survives being written, and its digest follows what it is about."""

import pytest
from dlproof.errors import UserError
from dlproof.report import Report, load_report


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
