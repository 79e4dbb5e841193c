"""The checklist for other programs: JSON, JUnit XML and a badge."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml
from xml.sax.saxutils import escape

from ..commands import PHASES
from ..files import atomic
from .bullets import Bullet
from .standing import Standing, describe_share
from .verdict import Verdict

BADGE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{text}">
<title>{text}</title>
<clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="63" height="20" fill="#3d4149"/>
<rect x="63" width="{right}" height="20" fill="{colour}"/></g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="31.5" y="14" textLength="51">checklist</text>
<text x="{middle}" y="14" textLength="{length}">{said}</text></g>
</svg>
"""
GREEN, AMBER, RED = "#1a7f37", "#8a5a00", "#b42318"


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
        "bullets": {
            name: describe(bullet, standing.verdicts[name])
            for name, bullet in standing.checklist.bullets.items()
        },
    }


def describe(bullet: Bullet, verdict: Verdict) -> dict[str, Any]:
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


def write_junit(standing: Standing, path: Path) -> None:
    """A suite a phase: failing and stale bullets fail, those to do or not applicable skip."""
    root = Xml.Element("testsuites", name="checklist")
    for phase, title in PHASES.items():
        suite = Xml.SubElement(root, "testsuite", name=f"{phase} {title}")
        outcomes = []
        for bullet, verdict in standing.of_phase(phase):
            case = Xml.SubElement(suite, "testcase", classname=bullet.item, name=bullet.id)
            outcomes.append(add_outcome(case, bullet, verdict))
        for name, outcome in (("failures", "failure"), ("skipped", "skipped")):
            suite.set(name, str(outcomes.count(outcome)))
        suite.set("tests", str(len(outcomes)))
    Xml.indent(root)
    with atomic(path) as draft:
        Xml.ElementTree(root).write(draft, encoding="utf-8", xml_declaration=True)


def add_outcome(case: Xml.Element, bullet: Bullet, verdict: Verdict) -> str:
    """What a bullet's verdict is in JUnit; empty for a pass."""
    outcome = {"failing": "failure", "stale": "failure", "to do": "skipped", "n/a": "skipped"}.get(
        verdict.status, ""
    )
    if outcome:
        said = f"{verdict.status}: {verdict.figure}"
        node = Xml.SubElement(case, outcome, message=keep_printable(said))
        node.text = keep_printable(f"{bullet.asks} [{bullet.run}]")
    return outcome


def keep_printable(text: str) -> str:
    """A text without the control characters that XML cannot hold."""
    return "".join(character for character in text if character.isprintable() or character == "\n")


def write_badge(standing: Standing, path: Path) -> None:
    """`checklist | 96 of 160 met, 2 failing` as a small picture."""
    totals = standing.count()
    met, applicable = describe_share(totals)
    said = f"{met} of {applicable} met"
    said += f", {totals['failing']} failing" if totals["failing"] else ""
    colour = RED if totals["failing"] else GREEN if met == applicable else AMBER
    length = round(6.1 * len(said))
    right = length + 12
    text = BADGE.format(
        text=escape(f"checklist: {said}"),
        said=escape(said),
        colour=colour,
        length=length,
        right=right,
        width=63 + right,
        middle=63 + right / 2,
    )
    with atomic(path) as draft:
        draft.write_text(text, encoding="utf-8")
