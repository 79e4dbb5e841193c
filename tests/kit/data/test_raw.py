"""Raw data is brought in place and under DVC, or it is said why not."""

from pathlib import Path

import pytest
from dlproof.config import compose
from dlproof.data import raw
from dlproof.data.raw import bring_raw
from dlproof.errors import UserError


@pytest.fixture
def dvc(monkeypatch):
    """`dvc(1)`: every call of DVC is kept and ends with that status."""
    calls = []

    def make(status):
        class Done:
            returncode, stderr = status, "first\nit is out of order\n"

        monkeypatch.setattr(raw.subprocess, "run", lambda call, **_: calls.append(call) or Done())
        return calls

    return make


def test_raw_data_inside_the_project_is_tracked_once(project, small, dvc, capsys):
    calls = dvc(0)
    bring_raw(compose(small))
    assert not calls  # no DVC repository, nothing to track
    Path(".dvc").mkdir()
    bring_raw(compose(small))
    place = small[1].partition("=")[2]
    assert [call[-3:] for call in calls] == [["dvc", "add", place]]
    Path(f"{place}.dvc").touch()
    bring_raw(compose(small))
    assert len(calls) == 1
    assert capsys.readouterr().out.count(f"{place} is in place") == 3


def test_what_dvc_refuses_and_what_is_missing_is_a_sentence(project, small, dvc):
    dvc(1)
    Path(".dvc").mkdir()
    with pytest.raises(UserError, match="it is out of order"):
        bring_raw(compose(small))
    elsewhere = f"{small[1].partition('=')[0]}=elsewhere"
    with pytest.raises(UserError, match="elsewhere does not exist"):
        bring_raw(compose([small[0], elsewhere]))
