"""Hold a project against what the template would generate for it today (`make compare`).

The project is read as text: nothing of it is imported, run or followed. docs/compare.md says what
the words mean. Exit codes: 0 compared, with or without differences; 2 bad input, in one sentence.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from comparing.answers import TEMPLATE, BadInputError, complete, find_answers, generate
from comparing.tree import read_tree, show
from comparing.verdicts import MEANINGS, Comparison, compare
from jinja2 import Environment, FileSystemLoader

FOREIGN = (
    "The project was not generated from this template, so its files were searched for signs: a "
    "static look. A sign is no proof that a bullet is met, nor its absence that it is not."
)
QUIET = ("same", "cannot tell", "n/a")  # not listed in the terminal


def compare_project(project: Path, *, may_ask: bool = False) -> Comparison:
    """Compares a project with what the template generates for its answers today.

    Args:
        project: The project's folder.
        may_ask: Whether somebody is there who can answer what is not known.

    Raises:
        BadInputError: The folder or the project's answers cannot be used.
    """
    if project == Path():
        raise BadInputError("Say which project: make compare PROJECT=path/to/project.")
    if not project.is_dir():
        raise BadInputError(f"{show(str(project))} is no folder: give that of a project.")
    theirs = read_tree(project.resolve())
    if not theirs.digests:
        raise BadInputError(f"{show(str(project))} holds no files: give the folder of a project.")
    name = show(project.resolve().name)
    answers = find_answers(theirs, name)
    complete(answers, input if may_ask else None)
    with tempfile.TemporaryDirectory() as folder:
        ours = read_tree(generate(answers, Path(folder)))
    answers.values.setdefault("package_name", answers.values["project_slug"].replace("-", "_"))
    return compare(name, theirs, ours, answers)


def describe_comparison(found: Comparison) -> list[str]:
    """What people have to know before they read the verdicts."""
    assumed = [
        f"{question} {found.answers.values[question]}"
        for question, source in found.answers.sources.items()
        if source == "assumed"
    ]
    sentences = [found.kit.told] if found.pairing.born_here else [FOREIGN]
    sentences += [f"Assumed, for want of an answer: {', '.join(assumed)}."] if assumed else []
    return sentences + found.notes


def print_comparison(found: Comparison) -> None:
    """A line a bullet that is not as it was, then the files, then what is to be known."""
    width = shutil.get_terminal_size((160, 24)).columns
    for verdict in found.verdicts:
        if verdict.status not in QUIET:
            where = [f"{p.path}:{p.line}" for p in [*verdict.signs, *verdict.places] if p.line]
            line = f"{verdict.id:<9}{verdict.status:<10}{verdict.asks}"
            print(line if not where else f"{line[: width - 1]}\n{'':<19}{', '.join(where)}")
    print()
    for row in found.files:
        if row["theirs"] or found.pairing.born_here:
            lines = [line[:1] for line in row["diff"].splitlines()[2:]]
            where = f"{row['path']} is now {row['theirs']}" if row["moved"] else row["path"]
            size = f" +{lines.count('+')} -{lines.count('-')}" if row["diff"] else ""
            print(f"{row['status']:<8} {where}{size}")
    for path in found.pairing.extra if found.pairing.born_here else ():
        print(f"extra    {path}")
    totals = found.count()
    print(f"\n{found.name}: {sum(totals.values())} bullets")
    print("\n".join(f"{number:>5} {word:<12}{MEANINGS[word]}" for word, number in totals.items()))
    print("\n".join(describe_comparison(found)))


def write_page(found: Comparison, path: Path) -> None:
    """Fills the page, in which every text is escaped."""
    loader = FileSystemLoader(TEMPLATE / "tools" / "comparing")
    page = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page.filters["slug"] = lambda text: text.replace(" ", "-").replace("/", "-")
    files = [row for row in found.files if row["theirs"] or found.pairing.born_here]
    text = page.get_template("page.html").render(
        found=found,
        totals=found.count(),
        meanings=MEANINGS,
        notes=describe_comparison(found),
        files=files,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def main() -> int:
    """Compare, print, write the page; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("project", type=Path, help="the project's folder; it is only read")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    page = TEMPLATE / "build" / "compare.html"
    parser.add_argument("--output", type=Path, default=page, help="the HTML page (%(default)s)")
    options = parser.parse_args()
    started = time.monotonic()
    may_ask = sys.stdin.isatty() and sys.stdout.isatty() and not options.json
    try:
        found = compare_project(options.project.expanduser(), may_ask=may_ask)
        write_page(found, options.output)
    except (BadInputError, OSError, EOFError) as error:
        print(f"compare: {show(str(error))}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(found.as_json(), indent=1))
        return 0
    print_comparison(found)
    print(f"{time.monotonic() - started:.1f} s. The page, with every diff: {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
