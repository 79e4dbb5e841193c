"""Phase 6, deployment: the tests there are, and what CI runs."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ..stages import PHASES
from .evidence import Evidence
from .verdict import Finding

TESTS, MAKEFILE = Path("tests"), Path("Makefile")
WORKFLOW = Path(".github/workflows/ci.yml")
# What CI must run, as it stands in a step or in the make target that a step calls. A run that
# leaves tests out, or that may fail, proves nothing.
DUTIES = {
    "lint": r"\bruff check\b",
    "types": r"\bmypy\b",
    "tests": r"\bpytest\b(?!.*(\s-[mk]\s|--deselect|--ignore|\|\|))",
    "pipeline": r"\s(pipeline|dvc repro)\b",
}
LEFT_OUT = {"skip", "skipif", "xfail"}


def ci_runs_everything(project: Evidence) -> Finding:
    """The workflow runs style, types, tests and a whole pipeline at every push and request."""
    if not WORKFLOW.exists():
        return Finding(False, f"{WORKFLOW} is missing")
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    triggers = workflow.get("on", workflow.get(True, {}))  # YAML 1.1 reads `on` as true
    missing = [name for name in ("push", "pull_request") if name not in triggers]
    commands = "\n".join(list_commands(workflow))
    missing += [duty for duty, pattern in DUTIES.items() if not re.search(pattern, commands)]
    names = ", ".join(workflow["jobs"])
    return Finding(
        not missing, f"jobs {names}: {'lacks ' + ', '.join(missing) if missing else 'all there'}"
    )


def list_commands(workflow: dict[str, Any]) -> Iterator[str]:
    """Every command line that a workflow runs and whose failure counts, make targets opened."""
    for job in workflow.get("jobs", {}).values():
        if "runs-on" not in job or is_lame(job):
            continue
        for step in job.get("steps", ()):
            if not is_lame(step):
                for line in step.get("run", "").splitlines():
                    yield from open_target(line)


def is_lame(part: dict[str, Any]) -> bool:
    """Whether a job or step may fail, or never runs."""
    return bool(part.get("continue-on-error")) or "if" in part


def open_target(line: str) -> list[str]:
    """The line, or the recipe of the make target that it calls; lines with - may fail."""
    called = re.match(r"\s*make\s+([\w-]+)\s*$", line)
    if not called or not MAKEFILE.exists():
        return [line]
    text = MAKEFILE.read_text(encoding="utf-8").replace("\\\n", " ")
    recipe = re.search(rf"^{called[1]}:.*\n((?:\t.*\n?)*)", text, re.M)
    return [row for row in recipe[1].splitlines() if not row.startswith("\t-")] if recipe else []


def pipeline_is_tested(project: Evidence) -> Finding:
    """Tests run the stages one after another."""
    return count_marked("pipeline")


def service_is_tested(project: Evidence) -> Finding:
    """Tests ask the served model, from end to end."""
    return count_marked("serving")


def units_are_tested(project: Evidence) -> Finding:
    """There are unit tests, and each phase's package has tests of its own."""
    packages = [title.lower() for title in PHASES.values()]
    counts = {name: len(list(list_tests(TESTS / name))) for name in packages}
    found = count_marked("unit")
    untested = [name for name, number in counts.items() if not number]
    told = "; none for " + ", ".join(untested) if untested else ""
    return Finding(
        found.holds and not untested,
        f"{found.figure}; by phase {', '.join(map(str, counts.values()))}{told}",
    )


def count_marked(mark: str) -> Finding:
    """Whether tests with a mark exist, and how many of how many."""
    tests = list(list_tests(TESTS))
    marked = sum(mark in marks for _, marks in tests)
    return Finding(marked > 0, f"{marked} of {len(tests)} tests are marked {mark}")


def list_tests(folder: Path) -> Iterator[tuple[str, set[str]]]:
    """Every test function that always runs below a folder: its name and marks."""
    for path in sorted(folder.rglob("test_*.py")):
        yield from read_tests(path.read_text(encoding="utf-8"))


@cache
def read_tests(text: str) -> list[tuple[str, set[str]]]:
    """The test functions of one file; kept, since several bullets count them."""
    tree = ast.parse(text)
    shared = {
        mark
        for node in tree.body
        if isinstance(node, ast.Assign) and "pytestmark" in map(ast.unparse, node.targets)
        for mark in marks_in(node.value)
    }
    return list(list_functions(tree.body, shared))


def list_functions(body: list[ast.stmt], shared: set[str]) -> Iterator[tuple[str, set[str]]]:
    """Test functions of a module or class, with the marks that they share and their own."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            marks = shared | {m for decorator in node.decorator_list for m in marks_in(decorator)}
            if marks & LEFT_OUT:
                continue
            if isinstance(node, ast.ClassDef):
                yield from list_functions(node.body, marks)
            elif node.name.startswith("test_"):
                yield node.name, marks


def marks_in(node: ast.expr) -> set[str]:
    """Names of `pytest.mark.<name>`, of one mark or of a list of marks."""
    if isinstance(node, ast.List | ast.Tuple):
        return {name for part in node.elts for name in marks_in(part)}
    found = re.fullmatch(r"pytest\.mark\.(\w+)", ast.unparse(node).partition("(")[0])
    return {found[1]} if found else set()
