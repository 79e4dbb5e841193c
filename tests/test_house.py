"""The two packages of a project keep their sizes, their layers and the kit's public names.

What comes later may add to own code only what a project decides: the rest is the kit's.
"""

import ast
import statistics
from pathlib import Path

import pytest
from conftest import OPTION_SETS, PROJECT

KIT = PROJECT / "kit" / "src" / "dlproof"
OWN_LINES, OWN_FILES, OWN_TEST_LINES, FILE_LINES = 3000, 45, 2000, 250
SHORT = {  # files that a newcomer reads first
    "training/train.py": 80,
    "data/split.py": 170,
    "training/module.py": 190,
    "deployment/app.py": 170,
}
MEDIAN, MOST, LONGEST = 15, 40, 60  # lines of functions: half, 95 %, all
PUBLIC_DOCSTRINGS = 0.99

Arrows = dict[str, set[str]]


def list_modules(root: Path) -> dict[str, Path]:
    """Dotted name -> file of every module of a package."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join((root.name, *(part for part in parts if part != "__init__")))] = path
    return found


def read_imports(path: Path, module: str) -> set[str]:
    """Dotted names that a module imports when it runs, also within functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    unread = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) in unread:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            parts = parts[: len(parts) - node.level + (path.name == "__init__.py")]
            base = ".".join([*parts, *filter(None, [node.module])]) if node.level else node.module
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


def draw_arrows(root: Path) -> Arrows:
    """Module -> modules of the same package that it imports."""
    modules = list_modules(root)
    files = {name for name, path in modules.items() if path.name != "__init__.py"}
    return {name: (read_imports(path, name) & files) - {name} for name, path in modules.items()}


def join_rooms(arrows: Arrows) -> Arrows:
    """The same arrows between folders, or modules at the root."""
    rooms: Arrows = {}
    for module, targets in arrows.items():
        room = ".".join(module.split(".")[:2])
        reached = {".".join(target.split(".")[:2]) for target in targets}
        rooms.setdefault(room, set()).update(reached - {room})
    return rooms


def find_circle(arrows: Arrows) -> list[str]:
    """What is left when all that imports nothing else is taken away again and again."""
    left = {name: set(targets) for name, targets in arrows.items()}
    while free := {name for name, targets in left.items() if not targets & left.keys()}:
        left = {name: targets for name, targets in left.items() if name not in free}
    return sorted(left)


def list_functions(root: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Every function and class of a package."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in root.rglob("*.py"))
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, kinds)]


def count_lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def read_public() -> dict[str, set[str]]:
    """Package of the kit -> its public names."""
    found = {}
    for path in [KIT / "__init__.py", *KIT.glob("*/__init__.py")]:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PUBLIC":
                name = ".".join(("dlproof", *path.parent.relative_to(KIT).parts))
                found[name] = set(ast.literal_eval(node.value))
    return found


@pytest.fixture(params=OPTION_SETS)
def own(request, baked) -> Path:
    """The own package of each option set."""
    (package,) = (baked(request.param) / "src").iterdir()
    return package


def test_own_code_is_small_enough_to_be_read_in_an_afternoon(own):
    lines = {path.relative_to(own).as_posix(): count_lines(path) for path in own.rglob("*.py")}
    assert sum(lines.values()) < OWN_LINES
    assert sum(number > 2 for number in lines.values()) <= OWN_FILES
    assert {name: number for name, number in lines.items() if number > FILE_LINES} == {}
    assert {name: lines[name] for name, most in SHORT.items() if lines[name] >= most} == {}


def test_own_tests_are_small(own):
    tests = own.parents[1] / "tests"
    assert sum(map(count_lines, tests.rglob("*.py"))) <= OWN_TEST_LINES


def test_no_own_file_only_forwards(own):
    for path in own.rglob("*.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        told = [node for node in body if not isinstance(node, ast.Expr)]
        assert not told or not all(isinstance(n, ast.Import | ast.ImportFrom) for n in told), path


def test_own_code_has_no_circles(own):
    arrows = draw_arrows(own)
    assert find_circle(arrows) == []
    assert find_circle(join_rooms(arrows)) == []


def test_the_kit_has_no_circles():
    arrows = draw_arrows(KIT)
    assert find_circle(arrows) == []
    assert find_circle(join_rooms(arrows)) == []


def test_own_code_takes_only_public_names_of_the_kit(own):
    public = read_public()
    for path in own.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                taken = [alias.name for alias in node.names if alias.name.startswith("dlproof")]
                assert set(taken) <= {"dlproof"}, (path, taken)
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dlproof"):
                room = KIT.joinpath(*node.module.split(".")[1:])
                # A stage takes its room's module of the same name: its `evidence`.
                modules = {path.stem} if (room / f"{path.stem}.py").exists() else set()
                taken = {alias.name for alias in node.names}
                assert taken <= public.get(node.module, set()) | modules, (path, taken)


def test_the_kit_imports_no_project_and_holds_no_template_code():
    for name, path in list_modules(KIT).items():
        assert "cookiecutter" not in path.read_text(encoding="utf-8") or name.endswith("template")
        assert "{{" not in path.read_text(encoding="utf-8"), path
        roots = {imported.partition(".")[0] for imported in read_imports(path, name)}
        assert not roots & {"image_classification", "tabular_classification", "toy"}, path


@pytest.mark.parametrize("root", [KIT, PROJECT / "src" / "{{cookiecutter.package_name}}"])
def test_functions_are_short_and_public_ones_documented(root):
    nodes = list_functions(root)
    sizes = sorted(
        node.end_lineno - node.lineno + 1 for node in nodes if not isinstance(node, ast.ClassDef)
    )
    assert statistics.median(sizes) <= MEDIAN
    assert sizes[int(0.95 * len(sizes))] <= MOST
    assert sizes[-1] <= LONGEST
    public = [node for node in nodes if node.name[0] != "_"]
    documented = sum(ast.get_docstring(node) is not None for node in public)
    assert documented / len(public) >= PUBLIC_DOCSTRINGS
