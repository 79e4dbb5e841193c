"""The ML Test Score (Breck et al. 2017): 28 tests in four sections, scored by bullets' verdicts."""

from collections.abc import Iterable
from dataclasses import dataclass

from .bullets import Checklist, ScoreTest, load_checklist
from .evidence import Evidence, NotYetError
from .verdict import MET, Finding, Verdict, judge, judge_check

SECTIONS = ("data", "model", "infra", "monitoring")
# From the paper's scale: over 2 is "reasonably tested", over 3 "strong".
REASONABLE = 2.0
OPEN = ("to do", "stale", "to come")  # what may still be met
POINTS = {"verified": 1.0, "n/a": 1.0, "present": 0.5, "attested": 0.5}


@dataclass(frozen=True)
class Score:
    """How well the project is tested.

    Attributes:
        total: The lowest sum of a section, since the weakest part decides.
        sections: Section -> sum of its seven tests.
        marks: Test -> 1 proven by checks, 0.5 by a person's word or by being there, 0 not met.
        found: Test -> the verdict of its own check, where it has one.
        next: What would raise the score; empty when nothing can.
    """

    total: float
    sections: dict[str, float]
    marks: dict[str, float]
    found: dict[str, Verdict]
    next: str


def compute_score(checklist: Checklist, verdicts: dict[str, Verdict]) -> Score:
    """The score that the verdicts of the bullets and of the tests' own checks give."""
    found = {test.id: verdicts[test.id] for test in checklist.score_tests if test.check}
    marks = {test.id: mark(test, verdicts) for test in checklist.score_tests}
    sections = {name: add_up(checklist.score_tests, marks, name) for name in SECTIONS}
    weakest = min(SECTIONS, key=lambda name: sections[name])
    tests = [test for test in checklist.score_tests if test.section == weakest]
    return Score(sections[weakest], sections, marks, found, say_next(tests, verdicts))


def judge_tests(tests: Iterable[ScoreTest], evidence: Evidence) -> dict[str, Verdict]:
    """The verdicts of the tests that have a check of their own."""
    return {test.id: judge_check(test, evidence) for test in tests if test.check}


def mark(test: ScoreTest, verdicts: dict[str, Verdict]) -> float:
    """1 when all its bullets are verified, 0.5 when one is only present or attested, else 0."""
    points = [POINTS.get(verdicts[name].status, 0.0) for name in test.evidence]
    return min(points, default=0.0)


def add_up(tests: Iterable[ScoreTest], marks: dict[str, float], section: str) -> float:
    """Sum of a section's marks."""
    return sum(marks[test.id] for test in tests if test.section == section)


def say_next(tests: Iterable[ScoreTest], verdicts: dict[str, Verdict]) -> str:
    """The two tests with the fewest unmet bullets, each with those; empty when all are met."""
    lacking = []
    for test in tests:
        unmet = [name for name in test.evidence if verdicts[name].status not in MET]
        if unmet:
            lacking.append((len(unmet), f"{test.id} {test.asks.rstrip('.')}: {', '.join(unmet)}"))
    return "; ".join(told for _, told in sorted(lacking, key=lambda pair: pair[0])[:2])


def check_sections(evidence: Evidence, *sections: str) -> Finding:
    """Whether the lowest of some sections is above what counts as reasonable.

    Raises:
        NotYetError: It is not, and what is still to do could lift it there.
    """
    checklist = load_checklist()
    tests = [test for test in checklist.score_tests if test.section in sections]
    names = {name for test in tests for name in test.bullets}
    verdicts = {name: judge(checklist.bullets[name], evidence) for name in names}
    verdicts |= judge_tests(tests, evidence)
    marks = {test.id: mark(test, verdicts) for test in tests}
    sums = {section: add_up(tests, marks, section) for section in sections}
    told = ", ".join(f"{section} {value:g} of 7" for section, value in sums.items())
    told = f"{told} (over {REASONABLE:g} is reasonable)"
    if min(sums.values()) > REASONABLE:
        return Finding(True, told)
    hoped = {
        name: Verdict("verified", "") if verdict.status in OPEN else verdict
        for name, verdict in verdicts.items()
    }
    best = {test.id: mark(test, hoped) for test in tests}
    if min(add_up(tests, best, section) for section in sections) > REASONABLE:
        raise NotYetError(f"{told}; next {say_next(tests, verdicts)}")
    return Finding(False, told)


def data_is_tested(evidence: Evidence) -> Finding:
    """The seven data tests reach a reasonable sum."""
    return check_sections(evidence, "data")


def model_is_tested(evidence: Evidence) -> Finding:
    """The seven model tests reach a reasonable sum."""
    return check_sections(evidence, "model")


def infrastructure_and_monitoring_are_tested(evidence: Evidence) -> Finding:
    """The seven tests of infrastructure and the seven of monitoring reach a reasonable sum."""
    return check_sections(evidence, "infra", "monitoring")
