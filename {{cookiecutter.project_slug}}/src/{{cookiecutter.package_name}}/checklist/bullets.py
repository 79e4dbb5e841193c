"""`checklist.yaml` as objects: what each bullet asks, where it lives, what proves it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

PACKAGE = Path(__file__).parents[1]
Kind = Literal["auto", "answer", "both"]


@dataclass(frozen=True)
class Bullet:
    """One line of the checklists.

    Attributes:
        id: `DL-09.3` or `ML-12`.
        item: Title of the item it stands under.
        phase: 1 to 7.
        kind: Proven by a check, by a person's answer, or by both.
        asks: What must be so.
        where: Files where it lives, as `path` or `path#symbol-or-key`, from the project's root or
            from the package.
        check: `module.function` below this package; empty for answers.
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
class Checklist:
    """All bullets, the ML Test Score's tests, and what each gate needs."""

    bullets: dict[str, Bullet]
    score_tests: tuple[ScoreTest, ...]
    gates: dict[str, tuple[str, ...]]


def load_checklist(path: Path | str = "checklist.yaml") -> Checklist:
    """Reads `checklist.yaml`."""
    content = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=loader())
    bullets = {bullet.id: bullet for bullet in read_bullets(content["items"])}
    tests = tuple(
        ScoreTest(name, **(test | {"bullets": tuple(test.get("bullets", ()))}))
        for name, test in content["ml_test_score"].items()
    )
    gates = {name: tuple(expand(ids, bullets)) for name, ids in content["gates"].items()}
    return Checklist(bullets, tests, gates)


def loader() -> Any:
    """PyYAML's C parser where it was built: the file is long and read at every call."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
            raise ValueError(f"a gate of checklist.yaml names {pattern}, which is no bullet")
        chosen += [name for name in found if name not in chosen]
    return chosen


def locate(place: str) -> Path:
    """The file that a `where` names, from the project's root or from the package."""
    name = place.partition("#")[0]
    from_root = Path(name)
    return from_root if from_root.exists() else PACKAGE / name
