"""Phase 1: the owner and the plan that the charter names, held against CODEOWNERS and today."""

from pathlib import Path

from .evidence import Evidence
from .verdict import Finding

CODEOWNERS = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")


def owner_is_in_codeowners(project: Evidence) -> Finding:
    """The owner's address is one that CODEOWNERS names, so that changes reach them."""
    owner, contact = project.answer("people.owner"), project.answer("people.contact")
    path = next((path for path in map(Path, CODEOWNERS) if path.is_file()), None)
    if path is None:
        return Finding(False, f"there is no {CODEOWNERS[0]} that names {contact}")
    lines = [line.partition("#")[0].split() for line in path.read_text("utf-8").splitlines()]
    known = {name.casefold() for line in lines for name in line[1:]}
    if contact.casefold() not in known:
        return Finding(False, f"{path.as_posix()} does not name {contact}: add it, or set contact")
    return Finding(True, f"{owner}, {contact} in {path.as_posix()}", proof="attested")


def plan_goes_on(project: Evidence) -> Finding:
    """The next milestone is not over."""
    milestones = project.answer("milestones")
    told = "; ".join(f"{step['name']} {step['due']}" for step in milestones)
    if milestones[-1]["due"] < project.charter.today:
        return Finding(False, f"{told}: all have passed, so plan the next one")
    return Finding(True, told, proof="attested")
