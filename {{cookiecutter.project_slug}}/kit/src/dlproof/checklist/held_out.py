"""Phase 5: does anything but the evaluation read the test split?

While a stage runs, the store refuses: it holds no test item, and opens only in `evaluate`. This
looks at code that may go around it, or that nobody has run yet.
"""

import ast
import json
import re
from pathlib import Path

from ..closure import TABLE
from ..data.store import TEST
from ..evaluation.ledger import KEPT
from ..manifest import PACKAGE, read_manifest
from ..revision import run_git
from ..stage import list_upstream
from .evaluation import read_ledger
from .evidence import Evidence
from .verdict import Finding

READER = "evaluation/evaluate.py"  # who alone may open the test split
OPENERS = ("open_test", "load_whole")
# Of the kit: what defines these, writes the split, and looks for readers.
KITS = ("data/store.py", "data/preprocess.py", "checklist/held_out.py")
PROCESSED = "data/processed"
AROUND = re.compile(rf"(^|/)(processed(/.*)?|targets\.npy|{re.escape(KEPT)})$")
TABLES = re.compile(r"(^|/)(items|clean|splits)\.csv$")  # of all items, with their labels
QUERY = re.compile(r"\bsplit\b.*\btest\b", re.DOTALL)
SELECTING = {"split", "rows"}  # words of code that takes items by their split
APART = ("tests", "kit")  # folders whose code is neither a stage's nor an experiment


def only_the_evaluation_opens_the_test_split(project: Evidence) -> Finding:
    """No other code of the project opens the test split, selects its items or reads its files.

    The kit's files are as they were released, or are looked at too.
    """
    makers, others = sort_files(project)
    for path in list_sources():
        name = name_source(path, project.project.package)
        line = 0 if name == READER else find_reading(path, name in makers, name in others)
        if line:
            return Finding(False, f"{path.as_posix()}:{line} reads the test split")
    for path in read_manifest().find_unreleased():
        name = path.relative_to(PACKAGE).as_posix()
        if name not in (*KITS, READER) and (line := find_reading(path, True, False)):
            return Finding(False, f"{path.as_posix()}:{line} reads the test split")
    entries = read_ledger(project).entries()
    return Finding(True, f"only {READER} opens it; openings so far: {len(entries)}")


def sort_files(project: Evidence) -> tuple[set[str], set[str]]:
    """Files of stages that make the processed data, which know every item; and of other stages."""
    stages = project.project.stages
    making = [name for name, stage in stages.items() if PROCESSED in stage.outs]
    making += [name for last in making for name in list_upstream(project.project, stages[last])]
    makers, others = {f"{TABLE}.py"}, set[str]()
    for name, stage in stages.items():
        reached = project.code.trace(stage, project.settings(name)).own
        (makers if name in making else others).update(reached)
    return makers, others - makers


def name_source(path: Path, package: str) -> str:
    """A file as `Code.trace` calls it: by its place in the package, or beside it."""
    return path.as_posix().removeprefix("src/").removeprefix(f"{package}/")


def list_sources() -> list[Path]:
    """The project's own code, notebooks too: what git has or may get, else what is in `src`."""
    listed = run_git("ls-files", "-co", "--exclude-standard", "*.py", "*.ipynb")
    paths = map(Path, (listed or "").splitlines())
    own = {path for path in paths if path.parts[0] not in APART and path.exists()}
    return sorted({*own, *Path("src").rglob("*.py")})


def find_reading(path: Path, is_maker: bool, is_behind: bool) -> int:
    """The line in which a file accesses the test split; 0 if there is none.

    Args:
        path: Python code, or a notebook.
        is_maker: Whether it belongs to what makes the processed data: then it may name the split.
        is_behind: Whether it belongs to a stage that has no business with tables of all items.
    """
    tree = parse(path)
    if tree is None:
        return 0
    texts, names = list_texts(tree), list_names(tree)
    found = [line for line, word in [*texts, *names] if word in OPENERS]
    if not is_maker:
        found += [line for line, text in texts if AROUND.search(text) or QUERY.search(text)]
        named = [line for line, text in texts if text == TEST]
        named += [line for line, name in names if name in ("TEST", "SPLITS")]
        found += named if SELECTING & {word for _, word in [*texts, *names]} else []
    if is_behind:
        found += [line for line, text in texts if TABLES.search(text)]
    return min(found, default=0)


def list_texts(tree: ast.AST) -> list[tuple[int, str]]:
    """Line and content of every text of a file but its docstrings."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
    ]


def list_names(tree: ast.AST) -> list[tuple[int, str]]:
    """Line and name of all that a file names, imports or passes by keyword; not `text.split(…)`."""
    nodes = list(ast.walk(tree))
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    found = []
    for node in nodes:
        if isinstance(node, ast.Attribute) and not (id(node) in called and node.attr == "split"):
            found.append((node.lineno, node.attr))
        elif isinstance(node, ast.Name):
            found.append((node.lineno, node.id))
        elif isinstance(node, ast.keyword):
            found.append((node.value.lineno, node.arg or ""))
        elif isinstance(node, ast.ImportFrom):
            found += [(node.lineno, alias.name) for alias in node.names]
    return found


def parse(path: Path) -> ast.AST | None:
    """The code of a file; for a notebook, its cells without the lines that are not Python."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        lines = [
            line
            for cell in cells
            if cell["cell_type"] == "code"
            for line in "".join(cell["source"]).splitlines()
        ]
        text = "\n".join(re.sub(r"^(\s*)[%!].*", r"\1pass", line) for line in lines)
    try:
        return ast.parse(text)
    except SyntaxError:
        return None
