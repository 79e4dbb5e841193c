"""The checklist for other programs, as JSON."""

from typing import Any

from ..stages import PHASES
from .bullets import Bullet
from .standing import Standing
from .verdict import Verdict


def to_plain(standing: Standing) -> dict[str, Any]:
    """Everything as containers that JSON knows."""
    score = standing.score
    return {
        "totals": standing.count(),
        "phases": {title: standing.count(phase) for phase, title in PHASES.items()},
        "ml_test_score": {
            "score": score.total,
            "sections": score.sections,
            "next": score.next,
            "marks": score.marks,
            "figures": {name: verdict.figure for name, verdict in score.found.items()},
        },
        "gates": {name: standing.missing(name) for name in standing.checklist.gates},
        "refused_waivers": list(standing.refused),
        "accepts": {name: list(gate.accepts) for name, gate in standing.checklist.gates.items()},
        "bullets": {
            name: describe_verdict(bullet, standing.verdicts[name])
            for name, bullet in standing.checklist.bullets.items()
        },
    }


def describe_verdict(bullet: Bullet, verdict: Verdict) -> dict[str, Any]:
    """One bullet with its verdict."""
    return {
        "item": bullet.item,
        "phase": bullet.phase,
        "kind": bullet.kind,
        "asks": bullet.asks,
        "status": verdict.status,
        "figure": verdict.figure,
        "picture": verdict.picture,
        "where": list(bullet.where),
        "check": bullet.check,
        "answers": list(bullet.answers),
        "run": bullet.run,
    }
