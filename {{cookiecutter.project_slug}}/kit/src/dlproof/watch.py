"""Which functions of a project run: each notes its name when it is called.

Coverage.py with a context a test knows it too, and adds two thirds to the tests' time (85 CPU
seconds in place of 51, for 147 tests on images), since it follows every call of torch's Python
code. Here the project's own functions alone are changed, by a statement that import puts first.
"""

import ast
import os
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

CALLED = "__called__"  # what a changed function calls
# Where processes that a test starts write what they run: without it they change nothing.
CHILDREN = "DLPROOF_CALLED"
# Of the kit: who gives the answer to a request, whatever the project's routes are.
ANSWERS = "dlproof.deployment.service:Service.answer"
# torch compiles and exports these, which must stay as they are written.
LEFT_ALONE = ("forward",)
Note = Callable[[str], object]


class Watch(MetaPathFinder):
    """Imports the modules of a package so that their functions note when they are called.

    Args:
        package: The project's.
        note: Is called with `module:function`.
    """

    def __init__(self, package: str, note: Note) -> None:
        self.package, self.note = package, note

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module where Python would find it, if it is one that is watched."""
        if name.partition(".")[0] != self.package and name != ANSWERS.partition(":")[0]:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and isinstance(spec.loader, SourceFileLoader):
            spec.loader = Loader(name, spec.loader.path, self.note)
        return spec


class Loader(SourceFileLoader):
    """Loads a module from its source, changed; no bytecode of it is kept."""

    def __init__(self, name: str, path: str, note: Note) -> None:
        super().__init__(name, path)
        self.note = note

    def get_code(self, fullname: str) -> CodeType:
        """The changed module."""
        tree = ast.parse(self.get_data(self.path), self.path)
        add_calls(tree, f"{fullname}:")
        return compile(ast.fix_missing_locations(tree), self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        """Runs the module, which finds what its functions call."""
        vars(module)[CALLED] = self.note
        super().exec_module(module)


def add_calls(node: ast.AST, prefix: str) -> None:
    """Puts a call with its own name first in every function below a node."""
    for child in ast.iter_child_nodes(node):
        name = prefix
        if isinstance(child, ast.ClassDef):
            name = f"{prefix}{child.name}."
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{prefix}{child.name}.<locals>."
            if child.name not in LEFT_ALONE:
                has_words = ast.get_docstring(child, clean=False) is not None
                called = ast.Call(
                    ast.Name(CALLED, ast.Load()), [ast.Constant(f"{prefix}{child.name}")], []
                )
                statement = ast.copy_location(ast.Expr(called), child.body[0])
                child.body.insert(int(has_words), statement)
        add_calls(child, name)


def watch(package: str, note: Note) -> Watch:
    """Watches a package from here on; modules that are imported already are not seen."""
    finder = Watch(package, note)
    sys.meta_path.insert(0, finder)
    return finder


def watch_child(package: str) -> None:
    """In a process that a test started: writes what runs where the test finds it."""
    folder = os.environ.get(CHILDREN, "")
    if not Path(folder).is_dir() or any(isinstance(finder, Watch) for finder in sys.meta_path):
        return
    seen: set[str] = set()
    path = Path(folder, f"{os.getpid()}.txt")

    def note(name: str) -> None:
        if name not in seen and path.parent.is_dir():
            seen.add(name)
            with path.open("a", encoding="utf-8") as stream:
                stream.write(f"{name}\n")

    watch(package, note)


def read_children(folder: Path) -> set[str]:
    """What such processes have written since the last look."""
    found: set[str] = set()
    for path in folder.glob("*.txt"):
        found.update(path.read_text(encoding="utf-8").split())
        path.unlink()
    return found
