"""The ledger of test evaluations: who opened the test split, for which model, when and why."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import atomic
from ..revision import describe_revision


class Ledger:
    """`reports/test_ledger.jsonl`, one line an opening; kept in git, never rewritten.

    Each pair of data version and model may meet the test split once; a repeat needs a reason.
    """

    def __init__(self, reports_dir: str | Path) -> None:
        self.path = Path(reports_dir) / "test_ledger.jsonl"

    def entries(self) -> list[dict[str, Any]]:
        """All openings, oldest first."""
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]

    def find(self, data_version: str, model: str) -> dict[str, Any] | None:
        """The latest opening for this data and model."""
        found = [e for e in self.entries() if (e["data"], e["model"]) == (data_version, model)]
        return found[-1] if found else None

    def open(self, data_version: str, model: str, run: str, reason: str) -> None:
        """Writes the opening down before the test split is read.

        Raises:
            UserError: This model has met this test split and no reason is given.
        """
        earlier = self.find(data_version, model)
        if earlier and not reason:
            raise UserError(
                f"{earlier['run']} met this test split on {earlier['time']}, and its predictions "
                "are no longer there: write why it must again, as evaluate.reason='…'."
            )
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "run": run,
            "data": data_version,
            "model": model,
            "commit": describe_revision()["commit"],
            "reason": reason,
        }
        lines = [*self.entries(), entry]
        with atomic(self.path) as draft:
            text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            draft.write_text(text, encoding="utf-8")
