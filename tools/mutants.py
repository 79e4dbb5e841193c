"""Mutation tests: changes one thing of the code at a time and looks whether a test notices.

Run: `.venv/bin/python tools/mutants.py --count 150`, then with `--wide`; with `--again` when there
are more tests. Mutants are drawn from a project's own code and the kit's rooms of data, training
and evaluation, but for plots, and tried in a copy of the working tree: on the tests of their file,
and with `--wide` on those of their room. What was tried is kept in `build/mutants`. mutmut and
cosmic-ray fit no code that is tested only once it is rendered, or from outside of its package.
"""

import argparse
import ast
import copy
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parents[1]
FOLDER = TEMPLATE / "build" / "mutants"
LOG = FOLDER / "tried.jsonl"
PROJECT = "{{cookiecutter.project_slug}}"
OWN, KIT = f"{PROJECT}/src/{{{{cookiecutter.package_name}}}}", f"{PROJECT}/kit/src/dlproof"
ROOMS = [OWN, *(f"{KIT}/{room}" for room in ("data", "training", "evaluation"))]
TESTS = {
    "template": "tests/kit",
    "image-classification": "tests",
    "tabular-classification": "tests",
    "tabular-regression": "tests",
}
LIMIT_SECONDS = 1800  # for a group of tests; what takes longer hangs
SILENT = re.compile(r"print|warnings\.filterwarnings|(axis|axes|canvas|left|right)\..*")
OPERATORS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Mod: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """One change: in `path`, relative to the template, `new` instead of `old` at a byte."""

    path: str
    line: int
    start: int
    old: str
    new: str


def list_mutants(path: str) -> Iterator[Mutant]:
    """Every mutant of a file."""
    source = (TEMPLATE / path).read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node, new in walk(ast.parse(source)):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        yield Mutant(path, node.lineno, start, source[start:end].decode(), new)


def walk(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Nodes that can be changed and what stands there then; no types, messages and drawing."""
    is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    if isinstance(node, ast.JoinedStr | ast.arg) or (
        (is_call and SILENT.fullmatch(ast.unparse(node.value.func)))
        or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
    ):
        return
    if is_call or isinstance(node, ast.AugAssign | ast.Raise):
        yield node, "pass"
    elif isinstance(node, ast.Return) and node.value and ast.unparse(node.value) != "None":
        yield node, "return None"
    elif isinstance(node, ast.expr):
        yield from ((node, f"({ast.unparse(other)})") for other in change(node))
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield node.test, f"(not ({ast.unparse(node.test)}))"
    unread = {"annotation", "returns", "decorator_list", "exc"}
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if name not in unread and isinstance(child, ast.AST):
                yield from walk(child)


def change(node: ast.expr) -> Iterator[ast.expr]:
    """What an expression may become: another operator, constant or function, or no `not`."""
    other: Any = copy.deepcopy(node)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        other.ops = [OPERATORS[type(node.ops[0])]()]
        yield other
    elif isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in OPERATORS:
        other.op = OPERATORS[type(node.op)]()
        yield other
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        is_bool = isinstance(node.value, bool)
        yield ast.Constant(not node.value if is_bool else node.value + 1)
    elif isinstance(node, ast.Name) and node.id in NAMES:
        yield ast.Name(NAMES[node.id])


def make_copy() -> None:
    """The working tree, and a project of each sort; tests run in them."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=TEMPLATE, capture_output=True, text=True, check=True).stdout
    for folder in TESTS:
        shutil.rmtree(FOLDER / folder, ignore_errors=True)
    for name in filter(None, names.split("\0")):
        if (TEMPLATE / name).is_file():
            (target := FOLDER / "template" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TEMPLATE / name, target)
    os.environ["DL_TEMPLATE_QUIET"] = "1"
    for sort in [folder for folder in TESTS if folder != "template"]:
        answers = dict(zip(("data_type", "task"), sort.split("-"), strict=True))
        answers |= {"project_slug": sort}
        source = str(FOLDER / "template")
        cookiecutter(source, no_input=True, extra_context=answers, output_dir=str(FOLDER))


def list_places(path: str) -> dict[str, Path]:
    """Folder -> its copy of a file, where it has one."""
    inner = path.removeprefix(f"{PROJECT}/")
    places = {"template": FOLDER / "template" / path}
    for sort in [folder for folder in TESTS if folder != "template"]:
        package = sort.replace("-", "_")
        places[sort] = FOLDER / sort / inner.replace("{{cookiecutter.package_name}}", package)
    return {folder: place for folder, place in places.items() if place.exists()}


def list_tests(path: str, wide: bool) -> Iterator[tuple[str, list[str]]]:
    """Folder and tests of each call of pytest: of the file and what names it, or of its room."""
    inner = Path(path).relative_to(OWN if path.startswith(OWN) else KIT)
    named = re.compile(rf"\b{inner.parent.name}(\.| import .*\b){inner.stem}\b")
    folders = [*list_places(path)]
    for folder in folders[1:] + folders[:1] if path.startswith(OWN) else folders:
        tests = FOLDER / folder / TESTS[folder]
        room = sorted((tests / inner.parent).glob("test_*.py"))
        near = [test for test in room if test.stem == f"test_{inner.stem}"]
        near += [test for test in tests.rglob("test_*.py") if named.search(test.read_text())]
        chosen = [test for test in room if test not in near] if wide else dict.fromkeys(near)
        if chosen:
            yield folder, [str(test.relative_to(FOLDER / folder)) for test in chosen]


def run_tests(folder: str, tests: Sequence[str]) -> str:
    """The first test that fails; empty if none does."""
    place = FOLDER / folder
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join((str(place / "src"), str(place / "kit" / "src"))),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(FOLDER / "bytecode"),
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-m", "not slow", *tests]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, cwd=place, env=environment, text=True, stdout=pipe, start_new_session=True
    )
    try:
        told = process.communicate(timeout=LIMIT_SECONDS)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return "hangs"
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", told, re.MULTILINE)
    return "" if process.returncode in (0, 5) else failed[1] if failed else told[-200:]


def try_mutant(mutant: Mutant, wide: bool) -> dict[str, Any]:
    """Puts a mutant in place, runs the tests of its file or its room, and takes it away."""
    source = (TEMPLATE / mutant.path).read_bytes()
    end = mutant.start + len(mutant.old.encode())
    changed = source[: mutant.start] + mutant.new.encode() + source[end:]
    places = list_places(mutant.path).values()
    started = time.monotonic()
    for place in places:
        place.write_bytes(changed)
    try:
        outcomes = (run_tests(*group) for group in list_tests(mutant.path, wide))
        failed = next(filter(None, outcomes), "")
    finally:
        for place in places:
            place.write_bytes(source)
    seconds = round(time.monotonic() - started)
    return asdict(mutant) | {"by": failed, "wide": wide, "seconds": seconds}


def tell(tried: Sequence[dict[str, Any]]) -> str:
    """The table: of each room how many were killed, and what survived."""
    rows = ["| room | mutants | killed |", "| --- | --- | --- |"]
    for room in [*ROOMS, ""]:
        some = [row for row in tried if row["path"].startswith(room)]
        killed = sum(bool(row["by"]) for row in some)
        name = room.removeprefix(f"{PROJECT}/") or "all"
        rows.append(f"| {name} | {len(some)} | {killed} ({killed / max(1, len(some)):.0%}) |")
    survived = [row for row in tried if not row["by"]]
    places = [f"{row['path'].removeprefix(f'{PROJECT}/')}:{row['line']}" for row in survived]
    changes = [f"`{row['old']}` -> `{row['new']}`" for row in survived]
    return "\n".join([*rows, "", *map("- {}: {}".format, places, changes)])


def main() -> None:
    """Draws mutants, tries those that were not, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--wide", action="store_true", help="survivors meet their room's tests")
    parser.add_argument("--again", action="store_true", help="survivors are tried once more")
    chosen = parser.parse_args()
    paths = sorted(path for room in ROOMS for path in (TEMPLATE / room).rglob("*.py"))
    names = [p.relative_to(TEMPLATE).as_posix() for p in paths if not p.stem.endswith("_plots")]
    found = [mutant for name in names for mutant in list_mutants(name)]
    random.Random(chosen.seed).shuffle(found)
    make_copy()
    lines = LOG.read_text().splitlines() if LOG.exists() else []
    known = {Mutant(*[*row.values()][:5]): row for row in map(json.loads, lines)}
    for number, mutant in enumerate(found[: chosen.count], 1):
        row = known.get(mutant, {"by": "", "wide": None})
        is_new = row["wide"] is None or (chosen.wide and not row["wide"])
        if row["by"] or not (is_new or chosen.again):
            continue
        row = known[mutant] = try_mutant(mutant, chosen.wide)
        with LOG.open("a") as stream:
            stream.write(json.dumps(row) + "\n")
        told = row["by"] or "SURVIVED"
        print(f"{number} {mutant.path}:{mutant.line} {row['seconds']} s {told}", flush=True)
    print(tell([known[mutant] for mutant in found[: chosen.count]]))


if __name__ == "__main__":
    main()
