"""The real server in a process of its own: starts, answers as offline, drains, stops."""

import pytest

pytestmark = pytest.mark.serving


def test_the_probe_finds_served_answers_equal_to_offline_ones_and_a_clean_end(finished, run):
    figures = run("probe", "probe.num_items=5", "serve.notice_seconds=1").figures
    assert figures["items"] == 5
    assert figures["mismatches"] == figures["load"]["errors"] == 0
    assert figures["clean_exit"]
    assert figures["states"] == {
        "starting": {"/live": None, "/ready": None},
        "running": {"/live": 200, "/ready": 200},
        "draining": {"/live": 200, "/ready": 503},
    }
