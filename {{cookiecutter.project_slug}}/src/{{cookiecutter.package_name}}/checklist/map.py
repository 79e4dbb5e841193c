"""The map by phase in README.md and docs/onboarding.md. Run: `checklist --map`."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import yaml

from ..commands import PHASES
from ..errors import UserError
from ..files import atomic
from .bullets import Bullet, Checklist

START, END = "<!-- checklist map -->", "<!-- /checklist map -->"
FLOW_START, FLOW_END = "<!-- data flow -->", "<!-- /data flow -->"


def rewrite_documents(checklist: Checklist) -> list[str]:
    """Puts map and diagram between the marks of each document that has them; names those."""
    written = []
    for name in DOCUMENTS:
        path = Path(name)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if START in text:
            with atomic(path) as draft:
                draft.write_text(rewrite(text, checklist, name), encoding="utf-8")
            written.append(name)
    return written


def rewrite(text: str, checklist: Checklist, name: str) -> str:
    """A document's text with the map that the checklist gives and the diagram of `dvc.yaml`.

    Raises:
        UserError: An end mark is missing.
    """
    text = replace(text, (START, END), DOCUMENTS[name](checklist), name)
    if FLOW_START in text:
        text = replace(text, (FLOW_START, FLOW_END), draw_flow(Path("dvc.yaml")), name)
    return text


def replace(text: str, marks: tuple[str, str], described: str, name: str) -> str:
    """A document's text with something else between two marks.

    Raises:
        UserError: The end mark is missing.
    """
    before, _, rest = text.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not end:
        raise UserError(f"{name} has {marks[0]} and no {marks[1]} after it: put it back.")
    return f"{before}{marks[0]}\n\n{described}\n\n{marks[1]}{after}"


def draw_flow(path: Path) -> str:
    """The data's way as a Mermaid diagram: files as rounded boxes between the pipeline's stages."""
    stages = yaml.safe_load(path.read_text(encoding="utf-8"))["stages"]
    read = {source for stage in stages.values() for source in stage["deps"]}
    lines = []
    for name, stage in stages.items():
        sources = ["raw data" if "${data." in source else source for source in stage["deps"]]
        reports = [next(iter(metric)) for metric in stage.get("metrics", [])]
        made = [next(iter(out)) if isinstance(out, dict) else out for out in stage.get("outs", [])]
        made += [report for report in reports if report in read]
        lines += [f"  {node(s)} --> {name}" for s in sources if s.startswith(FLOWING)]
        lines += [f"  {name} --> {node(target)}" for target in made if target.startswith(FLOWING)]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


FLOWING = ("raw data", "data/", "models/", "reports/", "docs/")


def node(name: str) -> str:
    """A file of the diagram."""
    return f'{"_".join(name.replace("/", " ").replace(".", " ").split())}(["{name}"])'


def describe_items(checklist: Checklist) -> str:
    """README's map: a row an item, folded by phase."""
    parts = []
    for phase, title in PHASES.items():
        bullets = [bullet for bullet in checklist.bullets.values() if bullet.phase == phase]
        rows = [describe_item(name, group) for name, group in by_item(bullets)]
        table = ["| item | where | proven by |", "| --- | --- | --- |", *rows]
        summary = f"<b>{phase} {title}</b>: {len(rows)} items, {len(bullets)} bullets"
        parts += [f"<details><summary>{summary}</summary>", "", *table, "", "</details>", ""]
    return "\n".join(parts).rstrip()


def describe_bullets(checklist: Checklist) -> str:
    """The onboarding's map: a row a bullet, below its item."""
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


DOCUMENTS: dict[str, Callable[[Checklist], str]] = {
    "README.md": describe_items,
    "docs/onboarding.md": describe_bullets,
}


def by_item(bullets: Iterable[Bullet]) -> Iterator[tuple[str, list[Bullet]]]:
    """Bullets below their items: `DL-09` -> `DL-09.1` and so on."""
    items: dict[str, list[Bullet]] = {}
    for bullet in bullets:
        items.setdefault(bullet.id.partition(".")[0], []).append(bullet)
    yield from items.items()


def describe_item(name: str, bullets: list[Bullet]) -> str:
    """A row: the item, the files where it lives, the files that prove it."""
    files = [place.partition("#")[0] for bullet in bullets for place in bullet.where]
    checks = [f"checklist/{b.check.rpartition('.')[0]}.py" for b in bullets if b.check]
    answers = [f"project.yaml#{key.partition('.')[0]}" for b in bullets for key in b.answers]
    proof = code([*checks, *answers]) or "not built yet"
    return f"| {name} {escape(bullets[0].item)} | {code(files)} | {proof} |"


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
