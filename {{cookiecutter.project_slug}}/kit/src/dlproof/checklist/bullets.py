"""The checklist as objects: what each bullet asks, where it lives, what proves it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from ..errors import UserError
from ..markup import read_yaml

ASKED = Path(__file__).with_name("bullets.yaml")
Kind = Literal["auto", "answer", "both"]
Proof = Literal["verified", "present", "attested"]
PROOFS: tuple[Proof, ...] = get_args(Proof)  # what meets a bullet that applies, the best first


@dataclass(frozen=True)
class Bullet:
    """One line of the checklists.

    Attributes:
        id: `DL-09.3` or `ML-12`.
        item: Title of the item it stands under.
        phase: 1 to 7.
        kind: Proven by a check, by a person's answer, or by both.
        asks: What must be so.
        where: Files where it lives, as `path` or `path#symbol-or-key`: first the project's that
            decide it, from its root or its package, then the kit's that do it.
        check: `module.function` below this package, or the project's `checks.function`; empty for
            answers, and where the kit does not judge it yet.
        answers: Places in the charter, such as `success.minimum`.
        run: What to run when it is not met.
        applies: Config value -> options it applies to, such as `task.name: [detection]`.
        rule_of_thumb: Whether the charter may waive it for a time.
    """

    id: str
    item: str
    phase: int
    kind: Kind
    asks: str
    where: tuple[str, ...]
    check: str = ""
    answers: tuple[str, ...] = ()
    run: str = ""
    applies: dict[str, list[str]] = field(default_factory=dict)
    rule_of_thumb: bool = False

    @property
    def is_built(self) -> bool:
        """Whether there is what judges it."""
        return bool(self.check) or self.kind == "answer"


@dataclass(frozen=True)
class ScoreTest:
    """One of the 28 tests of the ML Test Score (Breck et al. 2017).

    Attributes:
        id: `MTS-D1`.
        section: data, model, infra or monitoring.
        asks: What must be so.
        bullets: Bullets that must all be met; a verified one is automated, an attested one manual.
        check: A check of its own, which must hold too, as `module.function` below this package.
        run: What to run when it does not.
    """

    id: str
    section: str
    asks: str
    bullets: tuple[str, ...]
    check: str = ""
    run: str = ""

    @property
    def evidence(self) -> tuple[str, ...]:
        """What decides it: ids of bullets, and its own where it has a check."""
        return (*self.bullets, self.id) if self.check else self.bullets


@dataclass(frozen=True)
class Gate:
    """What must be met before something is done.

    Attributes:
        accepts: The proofs that count as met: verified, present, attested.
        bullets: Ids of the bullets that it needs.
    """

    accepts: tuple[str, ...]
    bullets: tuple[str, ...]


@dataclass(frozen=True)
class Checklist:
    """All bullets, the ML Test Score's tests, and what each gate needs."""

    bullets: dict[str, Bullet]
    score_tests: tuple[ScoreTest, ...]
    gates: dict[str, Gate]


def load_checklist(path: Path | str = "checklist.yaml") -> Checklist:
    """What the lists ask, and what the project's `checklist.yaml` says: where, own bullets, gates.

    Raises:
        UserError: The file names an unknown bullet, or a bullet of its own lacks a key.
    """
    asked, own = read_yaml(ASKED), read_yaml(path)
    bullets = {bullet.id: bullet for bullet in read_bullets(asked["items"])}
    for name, places in (own.get("where") or {}).items():
        if name not in bullets:
            raise UserError(f"{path}: where.{name} is not a bullet of the checklist.")
        bullets[name] = replace(bullets[name], where=(*places, *bullets[name].where))
    bullets |= {name: read_own(name, body, path) for name, body in (own.get("own") or {}).items()}
    tests = tuple(
        ScoreTest(name, **(test | {"bullets": tuple(test.get("bullets", ()))}))
        for name, test in asked["ml_test_score"].items()
    )
    gates = {name: read_gate(name, body, bullets, path) for name, body in own["gates"].items()}
    return Checklist(bullets, tests, gates)


def read_own(name: str, body: dict[str, Any], path: Path | str) -> Bullet:
    """A bullet of the project's own, which a check proves.

    Raises:
        UserError: It lacks a key, or has an unknown one.
    """
    keys = {"item", "phase", "asks", "where", "check", "run"}
    if odd := keys ^ body.keys():
        told = f"a bullet has the keys {', '.join(sorted(keys))}"
        raise UserError(f"{path}: own.{name}: {told} (look at {', '.join(sorted(odd))}).")
    return Bullet(id=name, kind="auto", **(body | {"where": tuple(body["where"])}))


def read_gate(name: str, body: Any, bullets: dict[str, Bullet], path: Path | str) -> Gate:
    """A gate of the project's own.

    Raises:
        UserError: It does not say which bullets it needs and which proofs it accepts.
    """
    if not isinstance(body, dict) or body.keys() != {"accepts", "bullets"}:
        raise UserError(
            f"{path}: gates.{name} must have `accepts` and `bullets`, and nothing else."
        )
    if not body["accepts"] or (odd := sorted({*body["accepts"]} - {*PROOFS})):
        told = f"of {', '.join(PROOFS)}{f', not {odd[0]}' if body['accepts'] else ''}"
        raise UserError(f"{path}: gates.{name}.accepts must list one or more {told}.")
    return Gate(tuple(body["accepts"]), tuple(expand(body["bullets"], bullets)))


def read_bullets(items: dict[str, Any]) -> Iterator[Bullet]:
    """The bullets of each item."""
    for item in items.values():
        for name, body in item["bullets"].items():
            body = body | {key: tuple(body.get(key, ())) for key in ("where", "answers")}
            yield Bullet(id=name, item=item["title"], phase=item["phase"], **body)


def expand(patterns: list[str], bullets: dict[str, Bullet]) -> list[str]:
    """Ids of a gate: `DL-09` stands for all its bullets, `all` for everything."""
    chosen = []
    for pattern in patterns:
        found = [
            i for i in bullets if pattern == "all" or i == pattern or i.startswith(f"{pattern}.")
        ]
        if not found:
            raise UserError(f"a gate of checklist.yaml names {pattern}, which is not a bullet.")
        chosen += [name for name in found if name not in chosen]
    return chosen
