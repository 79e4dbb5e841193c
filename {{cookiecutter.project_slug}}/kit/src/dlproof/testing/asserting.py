"""Whether a test can fail by what it looks at: read from its code, and that of helpers it calls."""

import ast
from collections.abc import Iterator
from functools import cache
from inspect import unwrap
from pathlib import Path
from types import FunctionType
from typing import Any

# Besides `assert`: `pytest.raises(…)`, `self.assertEqual(…)`, `numpy.testing.assert_allclose(…)`.
EXPECTING = ("raises", "warns", "deprecated_call", "fail")
LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def asserts(function: Any, tests: Path, owner: type | None = None) -> bool:
    """Whether a test function asserts something that its code decides.

    Args:
        function: The test, as decorators may have left it.
        tests: Below this folder lie the helpers that a test may call.
        owner: The class it is a method of.
    """
    inner = getattr(getattr(function, "hypothesis", None), "inner_test", function)
    waiting, seen = [unwrap(inner)], set()
    while waiting:
        found = waiting.pop()
        found = getattr(found, "__func__", found)
        if isinstance(found, FunctionType) and found not in seen:
            seen.add(found)
            calls = list(list_calls(found))
            if None in calls:
                return True
            helpers = (find_helper(call, found, owner) for call in calls if call is not None)
            waiting += [helper for helper in helpers if is_below(helper, tests)]
    return False


def list_calls(function: FunctionType) -> Iterator[ast.expr | None]:
    """What a function calls; None for each assertion."""
    node = list_functions(function.__code__.co_filename).get(function.__code__.co_firstlineno)
    for inner in walk(node.body if node else []):
        if isinstance(inner, ast.Assert) and depends(inner.test):
            yield None
        elif isinstance(inner, ast.Call):
            name = ast.unparse(inner.func).rpartition(".")[2]
            yield None if name.startswith("assert") or name in EXPECTING else inner.func


def find_helper(called: ast.expr, function: FunctionType, owner: type | None) -> Any:
    """What a call means, where it is a function of the module or a method of the class."""
    if isinstance(called, ast.Name):
        return function.__globals__.get(called.id)
    if isinstance(called, ast.Attribute) and ast.unparse(called.value) in ("self", "cls"):
        return getattr(owner, called.attr, None)
    return None


def is_below(function: Any, folder: Path) -> bool:
    """Whether a function is written in a file below a folder."""
    code = getattr(function, "__code__", None)
    return code is not None and Path(code.co_filename).is_relative_to(folder)


def walk(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Every node of statements that can be reached, and of those inside."""
    for statement in body:
        if isinstance(statement, ast.If | ast.While) and isinstance(statement.test, ast.Constant):
            yield from walk(statement.body if statement.test.value else statement.orelse)
        else:
            blocks = {
                name: getattr(statement, name, []) for name in ("body", "orelse", "finalbody")
            }
            inside = {id(part) for block in blocks.values() for part in block}
            for node in ast.iter_child_nodes(statement):
                if id(node) not in inside:
                    yield from ast.walk(node)
            yield statement
            for block in blocks.values():
                yield from walk(block)
        if isinstance(statement, LEAVING):
            return


def depends(test: ast.expr) -> bool:
    """Whether an assertion tests something: not `assert True` or `assert 1 == 1`."""
    return any(isinstance(node, ast.Name | ast.Call | ast.Attribute) for node in ast.walk(test))


@cache
def list_functions(path: str) -> dict[int, ast.FunctionDef | ast.AsyncFunctionDef]:
    """First line -> function, for every function of a file."""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {min([n.lineno, *(d.lineno for d in n.decorator_list)]): n for n in nodes}
