"""The prediction log: what was answered, by which model, to what kind of input, in SQLite.

Write-ahead logging with a commit a request: rows survive `kill -9` of the service, and the monitor
reads while the service writes.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UserError
from ..stages import MARK

if TYPE_CHECKING:
    import pandas as pd

LIVE, PROBE = "live", "probe"
INPUT = "input/"  # prefix of what is watched in the input
MARK_BYTES = 255  # more than a row's number, time and version ever take
SCHEMA = """
CREATE TABLE IF NOT EXISTS predictions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    time TEXT NOT NULL,
    version TEXT NOT NULL,
    source TEXT NOT NULL,
    prediction TEXT NOT NULL,
    confidence REAL,
    summary TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS newest ON predictions (version, source, number);
"""
INSERT = """
INSERT INTO predictions (id, time, version, source, prediction, confidence, summary)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
NEWEST = """
SELECT id, time, prediction, confidence, summary FROM predictions
WHERE version = ? AND source = ? ORDER BY number DESC LIMIT ?
"""
LAST = "SELECT number, time, version, source FROM predictions ORDER BY number DESC LIMIT 1"


@dataclass(frozen=True)
class Entry:
    """One prediction.

    Attributes:
        id: As the answer carries it, so that feedback can name it.
        prediction: What was answered (`Task.describe`).
        summary: Values of the input that monitoring watches (`DataType.summarise`).
    """

    id: str
    prediction: dict[str, Any]
    summary: dict[str, Any]


def answer_of(described: dict[str, Any]) -> tuple[str | float, float | None]:
    """The class or number of a description and, where the task gives one, its probability."""
    answer: str | float = described["label"] if "label" in described else described["value"]
    return answer, described.get("probability")


def log_path(data_dir: str | Path) -> Path:
    """Where a project's prediction log is."""
    return Path(data_dir) / "predictions.sqlite"


def refresh_mark(data_dir: str | Path) -> None:
    """Names the newest row of a project's log, whoever wrote it; a damaged log stays as it is."""
    with suppress(UserError):
        PredictionLog(log_path(data_dir)).close()


class PredictionLog:
    """One open log; safe to share between threads, and between processes.

    A small file beside it names the newest row, so that a verdict on older ones gets old: `monitor`
    depends on that file.

    Args:
        path: The SQLite file; created if it does not exist.

    Raises:
        UserError: The file is not a prediction log.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.lock = threading.Lock()
        self.connection = sqlite3.connect(path, timeout=10, check_same_thread=False)
        try:
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute("PRAGMA synchronous=NORMAL")
            self.connection.executescript(SCHEMA)
        except sqlite3.DatabaseError as error:
            self.connection.close()
            raise UserError(f"{path} is not a prediction log ({error}): move it away.") from error
        self.mark = os.fdopen(os.open(path.with_name(MARK), os.O_RDWR | os.O_CREAT, 0o644), "r+b")
        self.write_mark()  # also of what a killed process left

    def add(self, entries: Sequence[Entry], version: str, source: str = LIVE) -> None:
        """Writes the predictions of one request in one commit.

        Args:
            entries: One for each item.
            version: Of the model that answered.
            source: `live`, or `probe` for the service's own test requests.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        rows = []
        for entry in entries:
            prediction, summary = json.dumps(entry.prediction), json.dumps(entry.summary)
            confidence = answer_of(entry.prediction)[1]
            rows.append((entry.id, now, version, source, prediction, confidence, summary))
        with self.lock:
            with self.connection:
                self.connection.executemany(INSERT, rows)
            self.write_mark()

    def newest(self, version: str, source: str, limit: int) -> pd.DataFrame:
        """The newest rows of one model, oldest first, with `prediction` and `summary` decoded."""
        import pandas as pd  # which the service needs for nothing else

        with self.lock:
            rows = pd.read_sql_query(NEWEST, self.connection, params=(version, source, limit))
        for name in ("prediction", "summary"):
            rows[name] = rows[name].map(json.loads)
        return rows.iloc[::-1].reset_index(drop=True)

    def forget_probes(self) -> None:
        """Deletes the rows of earlier probes; live ones are kept."""
        with self.lock:
            with self.connection:
                self.connection.execute("DELETE FROM predictions WHERE source = ?", (PROBE,))
            self.write_mark()

    def newest_row(self) -> dict[str, Any]:
        """Number, time, version and source of the newest row of all; empty without one."""
        row = self.connection.execute(LAST).fetchone()
        return dict(zip(("number", "time", "version", "source"), row, strict=True)) if row else {}

    def write_mark(self) -> None:
        """Says beside the log which row is the newest, for what compares files: DVC.

        In one write of one length: another file for each request would take longer than the row.
        """
        text = json.dumps(self.newest_row()).ljust(MARK_BYTES)
        os.pwrite(self.mark.fileno(), f"{text}\n".encode(), 0)

    def close(self) -> None:
        """Closes the file; the write-ahead log is folded into it."""
        with self.lock:
            self.connection.close()
            self.mark.close()


def split_answers(predictions: Sequence[dict[str, Any]]) -> dict[str, np.ndarray]:
    """`prediction` (N,) and, where the task has one, `confidence` (N,)."""
    answers, confidences = zip(*map(answer_of, predictions), strict=True)
    columns = {"prediction": np.asarray(answers)}
    if None not in confidences:
        columns["confidence"] = np.asarray(confidences)
    return columns
