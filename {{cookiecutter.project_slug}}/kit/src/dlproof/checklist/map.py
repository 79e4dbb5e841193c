"""The map of every bullet in docs/onboarding.md, by phase. Run: `checklist --map`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from ..errors import UserError
from ..files import atomic
from ..stages import PHASES
from .bullets import Bullet, Checklist

DOCUMENT = "docs/onboarding.md"
START, END = "<!-- checklist map -->", "<!-- /checklist map -->"
FLOW_START, FLOW_END = "<!-- data flow -->", "<!-- /data flow -->"


def rewrite_document(checklist: Checklist) -> bool:
    """Puts map and diagram between their marks in the document; whether it has the map's."""
    path = Path(DOCUMENT)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if START not in text:
        return False
    with atomic(path) as draft:
        draft.write_text(rewrite(text, checklist), encoding="utf-8")
    return True


def rewrite(text: str, checklist: Checklist) -> str:
    """The document's text with the map that the checklist gives and the diagram of `dvc.yaml`.

    Raises:
        UserError: An end mark is missing.
    """
    text = replace(text, (START, END), describe_bullets(checklist))
    if FLOW_START in text:
        text = replace(text, (FLOW_START, FLOW_END), draw_flow(Path("dvc.yaml")))
    return text


def replace(text: str, marks: tuple[str, str], described: str) -> str:
    """The document's text with something else between two marks.

    Raises:
        UserError: The end mark is missing.
    """
    before, _, rest = text.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not end:
        raise UserError(f"{DOCUMENT} has {marks[0]} and no {marks[1]} after it: put it back.")
    return f"{before}{marks[0]}\n\n{described}\n\n{marks[1]}{after}"


def draw_flow(path: Path) -> str:
    """The data's way as a Mermaid diagram: files as rounded boxes between the pipeline's stages."""
    stages = yaml.safe_load(path.read_text(encoding="utf-8"))["stages"]
    reports = {stage: list_reports(entry) for stage, entry in stages.items()}
    read = {report for found in reports.values() for report in found}
    lines = []
    for name, stage in stages.items():
        sources = ["raw data" if "${data." in source else source for source in stage["deps"]]
        sources += reports[name]
        made = [next(iter(out)) if isinstance(out, dict) else out for out in stage.get("outs", [])]
        made = [out for out in made if out in read or not is_report(out, name)]
        lines += [f"  {node(s)} --> {name}" for s in sources if s.startswith(FLOWING)]
        lines += [f"  {name} --> {node(target)}" for target in made if target.startswith(FLOWING)]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def list_reports(stage: dict[str, Any]) -> list[str]:
    """The reports of which a stage reads figures: DVC watches their digests."""
    return [next(iter(key)) for key in stage.get("params", []) if isinstance(key, dict)]


def is_report(path: str, stage: str) -> bool:
    """Whether a path is that of a stage's own report."""
    return path == f"reports/{stage}.json"


FLOWING = ("raw data", "data/", "models/", "reports/", "docs/")


def node(name: str) -> str:
    """A file of the diagram."""
    return f'{"_".join(name.replace("/", " ").replace(".", " ").split())}(["{name}"])'


def describe_bullets(checklist: Checklist) -> str:
    """A row a bullet, below its item."""
    parts = []
    for phase, title in PHASES.items():
        parts += [f"### {phase} {title}", ""]
        parts += ["| bullet | what it asks | where | proven by |", "| --- | --- | --- | --- |"]
        bullets = [bullet for bullet in checklist.bullets.values() if bullet.phase == phase]
        for name, group in by_item(bullets):
            if name != group[0].id:
                parts.append(f"| **{name}** | **{escape(group[0].item)}** | | |")
            parts += [describe_bullet(bullet) for bullet in group]
        parts.append("")
    return "\n".join(parts).rstrip()


def by_item(bullets: Iterable[Bullet]) -> Iterator[tuple[str, list[Bullet]]]:
    """Bullets below their items: `DL-09` -> `DL-09.1` and so on."""
    items: dict[str, list[Bullet]] = {}
    for bullet in bullets:
        items.setdefault(bullet.id.partition(".")[0], []).append(bullet)
    yield from items.items()


def describe_bullet(bullet: Bullet) -> str:
    """A row: what the bullet asks, the places where it lives, what proves it."""
    answers = [f"project.yaml#{key}" for key in bullet.answers]
    proof = code([*([bullet.check] if bullet.check else []), *answers])
    if not bullet.check and bullet.kind != "answer":
        proof = ", ".join(filter(None, (proof, escape(bullet.run))))
    return f"| {bullet.id} | {escape(bullet.asks)} | {code(bullet.where)} | {proof} |"


def code(names: Iterable[str]) -> str:
    """Names as code, each once."""
    return ", ".join(f"`{name}`" for name in dict.fromkeys(names))


def escape(text: str) -> str:
    """Text that stays in its cell."""
    return " ".join(text.split()).replace("|", "\\|")
