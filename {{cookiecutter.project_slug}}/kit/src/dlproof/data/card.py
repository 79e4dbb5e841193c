"""`data_card`: writes docs/data_card.md from what ran and from what people answered."""

import html
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from omegaconf import DictConfig

from ..charter.charter import Answers, read_charter
from ..config import to_plain
from ..files import atomic, hash_json, read_table
from ..report import Report, load_report
from .store import SPLITS, load_state

if TYPE_CHECKING:
    from ..project import Project

CARD = Path("docs/data_card.md")
SETTINGS = ("paths", "data", "task", "preprocess")  # what the preprocess stage ran with
# Title -> the charter's answers below it.
PEOPLE = {
    "What it stands for": ("data.population", "data.groups", "data.sampling", "data.dev_and_test"),
    "Sources and rights": ("data.sources",),
    "Personal data and what must not be used": ("data.personal", "data.forbidden"),
    "Risks and limits": ("risks", "serving.limitations"),
}


def run(cfg: DictConfig, project: "Project") -> Report:
    """Writes the card anew."""
    settings = {key: to_plain(cfg)[key] for key in SETTINGS}
    ran = load_report("preprocess", cfg.paths.reports_dir)
    state = load_state(cfg.paths.data_dir)
    answers = Answers(*read_charter())
    lines = [
        *describe_version(settings, state, ran),
        *describe_items(cfg),
        *describe_settings(settings, state),
        *(line for title, keys in PEOPLE.items() for line in ask(title, keys, answers)),
    ]
    with atomic(CARD) as draft:
        draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    open_answers = sum(line.startswith("- TODO") for line in lines)
    report = Report(
        stage="data_card",
        figures={"version": state["version"], "open_answers": open_answers},
        summary=f"{CARD} of version {state['version'][:8]}, {open_answers} answers to do",
    )
    report.add_file(CARD)
    return report


def describe_version(settings: dict[str, Any], state: dict[str, Any], ran: Report) -> Iterator[str]:
    """Which data and settings the card speaks of."""
    yield f"# Data card: {settings['data']['name']}\n"
    yield "Written by `data_card` from what ran and from `project.yaml`: change those, not this.\n"
    yield from table(
        ("data version", f"`{state['version']}`"),
        ("DVC's id of the raw data", f"`{state['dvc']}`" if state["dvc"] else "none"),
        ("settings", f"`{hash_json(settings)}`"),
        ("preprocessed", ran.created),
    )


def describe_items(cfg: DictConfig) -> Iterator[str]:
    """Counts of items, what was set apart and why, splits with their classes."""
    figures = {
        name: load_report(name, cfg.paths.reports_dir).figures
        for name in ("explore", "clean", "split")
    }
    explored, cleaned = figures["explore"], figures["clean"]
    yield "\n## Items\n"
    shares = figures["split"]["shares"]
    items = read_table(Path(cfg.paths.data_dir, "processed", "items.csv"), "preprocess")
    counts = items["split"].value_counts()
    yield from table(
        ("collected", f"{explored['items']:,}"),
        ("usable", f"{cleaned['usable_items']:,}"),
        *((f"set apart: {kind}", f"{count:,}") for kind, count in cleaned["reasons"].items()),
        *((name, f"{counts.get(name, 0):,} ({100 * shares[name]:.1f} %)") for name in SPLITS),
        *((f"label: {name}", show(value)) for name, value in explored["labels"].items()),
        ("outliers", f"{explored['outliers']['count']:,}"),
    )
    yield f"\nLabels: {load_report('labels', cfg.paths.reports_dir).summary}."
    yield "\n`reports/explore.html` shows samples, distributions and what to look at."


def describe_settings(settings: dict[str, Any], state: dict[str, Any]) -> Iterator[str]:
    """The very settings that ran, and what was fitted on the training split."""
    yield "\n## Preprocessing\n\nThe settings that ran:\n"
    yield f"```yaml\n{yaml.safe_dump(settings, sort_keys=False, allow_unicode=True).rstrip()}\n```"
    yield "\nFitted on the training split alone:\n"
    yield from table(*((name, show(value)) for name, value in state["data"].items()))
    expectations = settings["data"].get("expectations")
    yield f"\nWhat an item may be: {f'`{expectations}`' if expectations else 'not declared'}."


def ask(title: str, keys: Iterable[str], answers: Answers) -> Iterator[str]:
    """People's answers, or what is to do where there is none."""
    yield f"\n## {title}\n"
    for key in keys:
        answer = answers.get(key)
        if answer.state == "done":
            said = html.escape(show(answer.value), quote=False)
            yield f"- {key.rpartition('.')[2].replace('_', ' ')}: {said}"
        else:
            yield f"- TODO `project.yaml` {key} {answer.reason}"


def table(*rows: tuple[str, str]) -> Iterator[str]:
    """A Markdown table of two columns."""
    yield "| | |\n| --- | --- |"
    for name, value in rows:
        yield f"| {escape(name)} | {escape(value)} |"


def show(value: Any) -> str:
    """A value in words, long ones cut."""
    if isinstance(value, dict):
        text = ", ".join(f"{name} {show(part)}" for name, part in value.items()) or "none"
    elif isinstance(value, list):
        text = "; ".join(map(show, value)) or "none"
    else:
        text = f"{value:g}" if isinstance(value, float) else " ".join(str(value).split())
    return text if len(text) <= 600 else f"{text[:600].rsplit(' ', 1)[0]} …"


def escape(text: str) -> str:
    """Text that stays in its cell."""
    return " ".join(text.split()).replace("|", "\\|")
