"""The ledger of test evaluations: who opened the test split, for which model, when and why."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import atomic, hash_json, leave_finite
from ..revision import describe_revision, find_person, run_git

KEPT = "test_predictions.npz"  # beside the ledger: what the model said of the test split
# What a line tells: why the split was opened, what was predicted, what the evaluation found.
OPENING, PREDICTIONS, EVALUATION = "reason", "predictions", "evaluation"
Line = dict[str, Any]


class Ledger:
    """`reports/test_ledger.jsonl`, kept in git, never rewritten: lines are added, and chained.

    Each pair of data version and model may meet the test split once; a repeat needs a reason. An
    opening is written before the split is read. What was predicted then, and each evaluation of
    it, follow as lines of their own, by their hashes.
    """

    def __init__(self, reports_dir: str | Path) -> None:
        self.path = Path(reports_dir) / "test_ledger.jsonl"

    def lines(self) -> list[Line]:
        """All lines, oldest first.

        Raises:
            UserError: One of them is not JSON, as after a merge.
        """
        if not self.path.exists():
            return []
        text = self.path.read_text(encoding="utf-8")
        try:
            return [json.loads(line) for line in text.splitlines()]
        except ValueError as error:
            raise UserError(f"{self.path} is damaged ({error}): restore it from git.") from error

    def entries(self) -> list[Line]:
        """All openings, oldest first."""
        return [line for line in self.lines() if OPENING in line]

    def find(self, data_version: str, model: str, tells: str = OPENING) -> Line | None:
        """The latest line for this data and model that has a key."""
        pair = (data_version, model)
        lines = [line for line in self.lines() if (line["data"], line["model"]) == pair]
        return next((line for line in reversed(lines) if tells in line), None)

    def open(self, data_version: str, model: str, run: str, reason: str) -> None:
        """Writes the opening down before the test split is read.

        An opening for the same reason whose prediction failed is continued, not repeated.

        Raises:
            UserError: This model was evaluated on this test split before, and no reason is given.
        """
        earlier = self.find(data_version, model)
        if earlier and earlier[OPENING] == reason and self.is_left_open(earlier):
            return
        if earlier and not reason:
            raise UserError(
                f"{earlier['run']} was evaluated on this test split on {earlier['time']}, and its "
                "predictions were changed or removed since: say why it must be evaluated again, "
                "with evaluate.reason='…'."
            )
        commit, person = describe_revision()["commit"], find_person()
        self.add(data_version, model, run=run, commit=commit, by=person, reason=reason)

    def is_left_open(self, opening: Line) -> bool:
        """Whether nothing was predicted since an opening."""
        lines = self.lines()
        later = lines[lines.index(opening) + 1 :]
        pair = (opening["data"], opening["model"])
        return not any(
            PREDICTIONS in line and (line["data"], line["model"]) == pair for line in later
        )

    def add(self, data_version: str, model: str, **told: Any) -> None:
        """Adds a line, which names the one before it."""
        lines = self.lines()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        before = hash_json(lines[-1]) if lines else ""
        lines.append({"time": now, "data": data_version, "model": model, **told, "before": before})
        with atomic(self.path) as draft:
            texts = (json.dumps(leave_finite(line), ensure_ascii=False) for line in lines)
            draft.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")

    def find_break(self) -> str:
        """What was taken out or rewritten; empty where nothing was.

        Two branches may each have added lines: then several name the same line before them.
        """
        lines, known = self.lines(), {""}
        for number, line in enumerate(lines, 1):
            if line.get("before", "") not in known:
                return f"the line before line {number} was changed or removed"
            known.add(hash_json(line))
        in_git = (run_git("show", f"HEAD:./{self.path.as_posix()}") or "").splitlines()
        gone = {hash_json(json.loads(line)) for line in in_git} - known
        return f"lines that git has were changed or removed: {len(gone)}" if gone else ""
