"""Verdicts: verified, present, attested, failing, stale, to do, n/a, or to come."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from omegaconf import DictConfig, OmegaConf

from ..charter.charter import Answers
from ..cheatsheet import find_reason, read_choice
from .bullets import PROOFS, Bullet, Checklist, Proof, ScoreTest
from .evidence import Evidence, NotApplicableError, NotYetError, StaleError

if TYPE_CHECKING:
    from ..project import Project

Status = Literal["verified", "present", "attested", "failing", "stale", "to do", "n/a", "to come"]
STATUSES: tuple[Status, ...] = (
    "verified",
    "present",
    "attested",
    "failing",
    "stale",
    "to do",
    "n/a",
    "to come",
)
MET: tuple[Status, ...] = (*PROOFS, "n/a")
NOT_ASKED: tuple[Status, ...] = ("n/a", "to come")  # of this project, or of anyone yet


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        holds: Whether the bullet is met.
        figure: The evidence for it, in a few words.
        picture: A picture beside the reports, if one shows it.
        proof: What a bullet is that holds: verified where work was done and measured, present where
            a file or a key is there and nothing shows that it works, attested where it rests on a
            person's word.
        choices: Keys of the config, or groups, that keep it from holding, where they may well be
            chosen so: `reasons` can say why.
    """

    holds: bool
    figure: str
    picture: str = ""
    proof: Proof = "verified"
    choices: tuple[str, ...] = ()


def check_below(
    value: float, bound: float, spread: float, figure: str, picture: str = ""
) -> Finding:
    """Holds a value against a bound that it passes by chance, from seed to seed or by the machine.

    Within the spread of such values the bullet is met, and the figure says that it is near.
    """
    if abs(value - bound) <= spread:
        figure += ", near the bound"
    return Finding(value <= bound + spread, figure, picture)


def prove_by_run(evidence: Evidence) -> Proof:
    """What a look at the config shows: verified once a run that still holds has trained by it."""
    try:
        evidence.figures("train")
    except (NotYetError, StaleError):
        return "present"
    return "verified"


@dataclass(frozen=True)
class Verdict:
    """Where a bullet stands, and why."""

    status: Status
    figure: str
    picture: str = ""


Check = Callable[[Evidence], Finding]


def find_check(name: str, project: "Project") -> Check:
    """The function that `module.function` names below this package; of `checks`, the project's."""
    module, _, function = name.rpartition(".")
    own = module == "checks"
    found = project.find("checks") if own else importlib.import_module(f".{module}", __package__)
    check: Check = getattr(found, function)
    return check


def judge_all(checklist: Checklist, evidence: Evidence) -> dict[str, Verdict]:
    """The verdict of every bullet, in order."""
    return {name: judge(bullet, evidence) for name, bullet in checklist.bullets.items()}


def judge(bullet: Bullet, evidence: Evidence, *, waiving: bool = True) -> Verdict:
    """The verdict of one bullet: first whether it applies, then the answers, then the check.

    Args:
        bullet: To judge.
        evidence: The project.
        waiving: Whether a waiver of the charter counts.
    """
    reason = find_reason_against(bullet, evidence)
    if reason:
        return Verdict("n/a", reason)
    if not bullet.is_built:
        return Verdict("to come", bullet.run)
    answered = judge_answers(bullet, evidence)
    if bullet.kind == "answer" or answered.status != "attested":
        return answered
    found = judge_check(bullet, evidence)
    return waive(bullet, evidence, found) if waiving else found


def find_reason_against(bullet: Bullet, evidence: Evidence) -> str:
    """Why a bullet does not apply to this project's data type or task; empty if it does."""
    for key, options in bullet.applies.items():
        value = OmegaConf.select(evidence.cfg, key)
        if value not in options:
            return f"applies to {' or '.join(options)}; here {key.partition('.')[0]} is {value}"
    return ""


def judge_answers(bullet: Bullet, evidence: Evidence) -> Verdict:
    """The charter's part: attested when every answer is done and signed."""
    figures = []
    for key in bullet.answers:
        answer = evidence.charter.get(key)
        if answer.state != "done":
            return Verdict("to do" if answer.state == "todo" else "failing", answer.as_line())
        figures.append(format_answer(answer.value))
    return Verdict("attested", shorten("; ".join(figures)))


def judge_check(bullet: Bullet | ScoreTest, evidence: Evidence) -> Verdict:
    """The check's part; a test of the ML Test Score may have one too. Each check runs once."""
    if not bullet.check:
        return Verdict("to do", bullet.run)
    if bullet.check not in evidence.checked:
        evidence.checked[bullet.check] = run_check(bullet.check, evidence)
    return evidence.checked[bullet.check]


def run_check(check: str, evidence: Evidence) -> Verdict:
    """What a check finds."""
    try:
        finding = find_check(check, evidence.project)(evidence)
        if finding.picture:
            evidence.hold_picture(finding.picture)
    except NotYetError as error:
        return Verdict("to do", str(error))
    except StaleError as error:
        return Verdict("stale", str(error))
    except NotApplicableError as error:
        return Verdict("n/a", str(error))
    if not finding.holds and finding.choices:
        return judge_choices(finding, evidence.cfg)
    status: Status = finding.proof if finding.holds else "failing"
    return Verdict(status, finding.figure, finding.picture)


def judge_choices(finding: Finding, cfg: DictConfig) -> Verdict:
    """What was chosen against a rule of thumb is attested where each choice has its reason."""
    reasons = {key: find_reason(cfg, key) for key in finding.choices}
    if all(reasons.values()):
        told = "; ".join(dict.fromkeys(reasons.values()))
        return Verdict("attested", f"{finding.figure}; chosen: {told}", finding.picture)
    key = next(key for key, reason in reasons.items() if not reason)
    value = read_choice(cfg, key)
    choice = f"{key}={'null' if value is None else value}"
    figure = (
        f"{finding.figure}; if this was chosen on purpose, say why in `reasons` in configs/: "
        f"{choice}"
    )
    return Verdict("failing", figure, finding.picture)


def waive(bullet: Bullet, evidence: Evidence, verdict: Verdict) -> Verdict:
    """A failing rule of thumb that the charter waives is attested until the waiver ends."""
    if verdict.status != "failing":
        return verdict
    for place, waiver in list_waivers(evidence.charter):
        if waiver["bullet"] == bullet.id and evidence.charter.get(place).state == "done":
            told = f"{verdict.figure}; waived by {waiver['by']} until {waiver['until']}"
            if not bullet.rule_of_thumb:
                return replace(verdict, figure=f"{told}, but only rules of thumb can be waived")
            if waiver["until"] < evidence.charter.today:
                return replace(verdict, figure=f"{told}, which has passed")
            return Verdict("attested", f"{told}: {waiver['reason']}")
    return verdict


def list_waivers(charter: Answers) -> Iterator[tuple[str, dict[str, Any]]]:
    """Place and content of every waiver that says which bullet it is for."""
    waivers = charter.content.get("waivers")
    for index, waiver in enumerate(waivers if isinstance(waivers, list) else ()):
        if isinstance(waiver, dict) and isinstance(waiver.get("bullet"), str):
            yield f"waivers.{index}", waiver


def format_answer(value: Any) -> str:
    """A charter value in words: what a list or mapping holds, without brackets."""
    if isinstance(value, dict):
        named = (
            f"{name} {part:g}" if isinstance(part, float) else format_answer(part)
            for name, part in value.items()
        )
        return ", ".join(named)
    return "; ".join(map(format_answer, value)) if isinstance(value, list) else str(value)


def shorten(text: str, length: int = 160) -> str:
    """A text in one line, cut at a word."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + " …"
