"""Where the project stands: every bullet's verdict, the totals, the score and the gates."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from .bullets import PROOFS, Bullet, Checklist
from .evidence import Evidence
from .score import Score, compute_score, judge_tests
from .verdict import MET, NOT_ASKED, STATUSES, Status, Verdict, judge_all
from .waivers import list_refused

Totals = dict[Status, int]


@dataclass(frozen=True)
class Standing:
    """The checklist with its verdicts.

    Attributes:
        checklist: What is asked.
        verdicts: Bullet -> where it stands.
        score: The ML Test Score.
        refused: Waivers that have no effect, one sentence per waiver.
    """

    checklist: Checklist
    verdicts: dict[str, Verdict]
    score: Score
    refused: tuple[str, ...] = ()

    def of_phase(self, phase: int) -> Iterator[tuple[Bullet, Verdict]]:
        """The bullets of a phase with their verdicts, in order."""
        for name, bullet in self.checklist.bullets.items():
            if bullet.phase == phase:
                yield bullet, self.verdicts[name]

    def count(self, phase: int | None = None) -> Totals:
        """How many bullets, of a phase or of all, stand where."""
        return count(
            verdict.status
            for name, verdict in self.verdicts.items()
            if phase in (None, self.checklist.bullets[name].phase)
        )

    def missing(self, gate: str) -> list[str]:
        """Bullets that a gate needs and that are not met, or not by what it accepts."""
        needed = self.checklist.gates[gate]
        open_for = (*needed.accepts, *NOT_ASKED)
        return [name for name in needed.bullets if self.verdicts[name].status not in open_for]

    def waiting(self, gate: str) -> list[str]:
        """Bullets that a gate names and that wait for the template, so they cannot close it."""
        needed = self.checklist.gates[gate].bullets
        return [name for name in needed if self.verdicts[name].status == "to come"]

    def say_proofs(self, gate: str) -> str:
        """How the bullets of a gate are met: `30 verified, 2 present, 4 attested`."""
        totals = count(self.verdicts[name].status for name in self.checklist.gates[gate].bullets)
        return ", ".join(f"{totals[status]} {status}" for status in MET if totals[status])


def judge_project(checklist: Checklist, evidence: Evidence) -> Standing:
    """Judges every bullet of the project in the working directory."""
    verdicts = judge_all(checklist, evidence)
    own = judge_tests(checklist.score_tests, evidence)
    refused = tuple(list_refused(checklist, evidence))
    return Standing(checklist, verdicts, compute_score(checklist, verdicts | own), refused)


def count(statuses: Iterable[Status]) -> Totals:
    """Status -> how often, in the order of the table."""
    found = list(statuses)
    return {status: found.count(status) for status in STATUSES}


def describe_share(totals: Totals) -> tuple[int, int]:
    """How many bullets are met, and of how many that apply here."""
    met = sum(totals[proof] for proof in PROOFS)
    return met, sum(totals.values()) - sum(totals[status] for status in NOT_ASKED)


def say_waiting(number: int) -> str:
    """How many bullets wait for machinery that the template lacks; empty for none."""
    if not number:
        return ""
    return f"{number} {'bullet waits' if number == 1 else 'bullets wait'} for the template"


def find_commands(run: str, stages: Container[str]) -> list[str]:
    """The commands in a bullet's `run`, such as `export and probe`; empty if it is prose."""
    words = [word.strip(",") for word in run.split()]
    names = [word for word in words if word not in ("and", "then")]
    if not names or names[0] not in stages:
        return []
    commands: list[str] = []
    for name in names:
        if name in stages:
            commands.append(name)
        elif "=" in name:
            commands[-1] += f" {name}"
        else:
            return []
    return commands
