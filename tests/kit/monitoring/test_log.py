"""What was answered stays on disk, whatever happens to the service."""

import json
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from dlproof.errors import UserError
from dlproof.monitoring.log import LIVE, PROBE, Entry, PredictionLog, log_path, refresh_mark

WRITE_FOREVER = """
import sys
from pathlib import Path
from dlproof.monitoring.log import Entry, PredictionLog
log = PredictionLog(Path(sys.argv[1]))
for number in range(10**9):
    log.add([Entry(str(number), dict(value=1.0), dict())], "v")
    print(number, flush=True)
"""


def make_entry(name):
    return Entry(name, {"label": "a", "probability": 0.75}, {"size": 1.5, "colour": None})


@pytest.fixture
def log(tmp_path):
    with closing(PredictionLog(tmp_path / "log.sqlite")) as opened:
        yield opened


def test_the_newest_rows_of_one_model_come_oldest_first(log):
    for number in range(5):
        log.add([make_entry(f"first-{number}")], "first")
    log.add([make_entry("second")], "second")
    log.add([make_entry("probe")], "first", PROBE)
    rows = log.newest("first", LIVE, 3)
    assert list(rows["id"]) == ["first-2", "first-3", "first-4"]
    assert rows["prediction"][0] == {"label": "a", "probability": 0.75}
    assert rows["summary"][0] == {"size": 1.5, "colour": None}
    assert rows["confidence"][0] == 0.75
    assert log.newest("third", LIVE, 3).empty


def test_forgetting_probes_keeps_live_rows(log):
    log.add([make_entry("a")], "v")
    log.add([make_entry("b")], "v", PROBE)
    log.forget_probes()
    assert len(log.newest("v", LIVE, 9)) == 1
    assert log.newest("v", PROBE, 9).empty


def test_threads_and_a_second_connection_lose_nothing(log, tmp_path):
    with (
        closing(PredictionLog(tmp_path / "log.sqlite")) as other,
        ThreadPoolExecutor(8) as pool,
    ):
        for number in range(200):
            chosen = (log, other)[number % 2]
            pool.submit(chosen.add, [make_entry(str(number))], "v")
    assert set(log.newest("v", LIVE, 999)["id"]) == {str(number) for number in range(200)}


def test_every_acknowledged_row_survives_kill_9(tmp_path):
    path = tmp_path / "log.sqlite"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WRITE_FOREVER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as writer:
        acknowledged = [writer.stdout.readline().strip() for _ in range(50)]
        writer.kill()
        acknowledged += writer.stdout.read().split("\n")[:-1]
    with closing(PredictionLog(path)) as log:
        assert set(acknowledged) <= set(log.newest("v", LIVE, 10**9)["id"])
    assert len(acknowledged) >= 50


def test_a_file_that_is_no_log_is_refused_and_kept(tmp_path):
    path = tmp_path / "log.sqlite"
    path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(UserError, match="move it away"):
        PredictionLog(path)
    assert path.read_bytes().startswith(b"something else")


def read_mark(folder):
    return json.loads((folder / "predictions_newest.json").read_text())


def test_a_file_beside_the_log_names_its_newest_row(log, tmp_path):
    assert read_mark(tmp_path) == {}
    for number, version in enumerate(("first", "second"), 1):
        log.add([make_entry(version)], version)
        named = read_mark(tmp_path)
        assert (named["number"], named["version"], named["source"]) == (number, version, LIVE)
    log.add([make_entry("probe")], "second", PROBE)
    assert read_mark(tmp_path)["source"] == PROBE
    log.forget_probes()
    assert read_mark(tmp_path)["number"] == 2


def test_the_mark_is_the_same_bytes_when_the_log_is_opened_again(log, tmp_path):
    log.add([make_entry("a")], "v")
    before = (tmp_path / "predictions_newest.json").read_bytes()
    PredictionLog(tmp_path / "log.sqlite").close()
    assert (tmp_path / "predictions_newest.json").read_bytes() == before


def test_rows_that_came_another_way_are_named_when_the_log_is_opened(log, tmp_path):
    log.add([make_entry("a")], "v")
    with closing(sqlite3.connect(tmp_path / "log.sqlite")) as other, other:
        columns = "id, time, version, source, prediction, summary"
        other.execute(
            f"INSERT INTO predictions ({columns}) SELECT 'b', time, version, source, "
            "prediction, summary FROM predictions"
        )
    assert read_mark(tmp_path)["number"] == 1
    PredictionLog(tmp_path / "log.sqlite").close()
    assert read_mark(tmp_path)["number"] == 2


def test_a_log_that_is_gone_or_damaged_has_no_newest_row_or_stays(tmp_path):
    refresh_mark(tmp_path)
    assert read_mark(tmp_path) == {}
    log_path(tmp_path).write_bytes(b"something else entirely" * 100)
    refresh_mark(tmp_path)
    assert log_path(tmp_path).read_bytes().startswith(b"something")
