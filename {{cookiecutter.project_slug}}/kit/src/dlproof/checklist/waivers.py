"""Waivers of the charter that have no effect: they are refused."""

from collections.abc import Iterator

from ..charter.charter import CHARTER
from .bullets import Bullet, Checklist
from .evidence import Evidence
from .verdict import judge, list_waivers

# Where a bullet may still turn out to fail, a waiver may still be needed.
UNDECIDED = ("stale", "to do")


def list_refused(checklist: Checklist, evidence: Evidence) -> Iterator[str]:
    """`project.yaml:84 waivers.1 …` for each waiver without effect, and why."""
    seen: set[str] = set()
    for place, waiver in list_waivers(evidence.charter):
        name = waiver["bullet"]
        bullet = checklist.bullets.get(name)
        if name in seen:
            reason = f"waives {name}, as another waiver does"
        elif bullet is None:
            reason = f"waives {name}, which is not a bullet of the checklist"
        else:
            reason = find_reason(bullet, evidence)
        seen.add(name)
        if reason:
            line = evidence.charter.find_line(place)
            yield f"{CHARTER}:{line} {place} has no effect: {reason}"


def find_reason(bullet: Bullet, evidence: Evidence) -> str:
    """Why a waiver of this bullet has no effect; empty if it has one, or may have later."""
    if not bullet.rule_of_thumb:
        return f"{bullet.id} is not a rule of thumb, and nothing else can be waived"
    status = judge(bullet, evidence, waiving=False).status
    if status == "failing" or status in UNDECIDED:
        return ""
    return f"{bullet.id} is {status} without it; remove it"
