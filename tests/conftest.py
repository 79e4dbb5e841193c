"""What the tests share: the template, its option sets, and projects generated from them."""

import compileall
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import yaml
from cookiecutter.main import cookiecutter
from demo import hurry
from filelock import FileLock
from omegaconf import DictConfig

# Two test processes share two cores: threads that wait for each other take ten times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# What one process imports, another one renders: no cache may come while it does.
sys.dont_write_bytecode = True
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
TEMPLATE = Path(__file__).resolve().parents[1]
PROJECT = TEMPLATE / "{{cookiecutter.project_slug}}"
OPTION_SETS = {
    f"{data_type}-{task}": {"data_type": data_type, "task": task}
    for data_type, task in (
        ("image", "classification"),
        ("tabular", "classification"),
        ("tabular", "regression"),
    )
}
LICENSES = ("MIT", "Apache-2.0", "BSD-3-Clause", "Proprietary")


def write_cookiecutter_config(folder: Path, **answers: str) -> Path:
    """Write a cookiecutter config that keeps replays and clones out of the home folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"replay_dir: {folder / 'replay'}", f"cookiecutters_dir: {folder / 'clones'}"]
    if answers:
        lines += ["default_context:", *(f"  {name}: {value}" for name, value in answers.items())]
    path = folder / "cookiecutter.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


def bake(output_dir: Path, config_file: Path, **answers: object) -> Path:
    """Generate a project in this process, without questions, and return its folder."""
    project = cookiecutter(
        str(TEMPLATE),
        no_input=True,
        extra_context=answers,
        output_dir=str(output_dir),
        config_file=str(config_file),
    )
    return Path(project)


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file below a folder: relative path -> content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def run(
    *command: object, project: Path, kit: Path | None = None, **options
) -> subprocess.CompletedProcess:
    """Run Python with a generated project's package importable, in the project's folder.

    Args:
        command: what follows `python`, such as `-m package train`.
        project: the generated project.
        kit: the kit that it runs on, where that is not its own.
        options: passed on to `subprocess.run`.
    """
    return subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=project,
        env=importing(project, kit),
        text=True,
        capture_output=True,
        **options,
    )


def importing(project: Path, kit: Path | None = None) -> dict[str, str]:
    """The environment in which Python imports a generated project's package, and its kit."""
    sources = os.pathsep.join(map(str, (project / "src", (kit or project / "kit") / "src")))
    return os.environ | {"PYTHONPATH": sources}


def pytest_configure(config: pytest.Config) -> None:
    """Compiles the kit once, before other processes start: hundreds of them import it."""
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(PROJECT / "kit" / "src", quiet=1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes comes first: at the end no process waits for another one's."""
    items.sort(key=lambda item: "passes_its_own_tests" not in item.name)


@pytest.fixture(scope="session", autouse=True)
def composed_once() -> Iterator[None]:
    """Equal configs with equal overrides are composed once a process, not a thousand times."""
    from dlproof import config

    compose, known = config.compose_root, {}

    def compose_once(overrides: Sequence[str] = ()) -> DictConfig:
        files = sorted(Path("configs").rglob("*.yaml"))
        content = [(path.as_posix(), path.read_bytes()) for path in files]
        key = (Path("configs").resolve(), tuple(overrides), tuple(content))
        if key not in known:
            known[key] = compose(overrides)
        return known[key].copy()

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(config, "compose_root", compose_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def tidy_hooks(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Cookiecutter leaves every rendered hook behind: let that be in pytest's own folder."""
    tempfile.tempdir = str(tmp_path_factory.mktemp("hooks"))


@pytest.fixture(scope="session")
def cookiecutter_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cookiecutter_config(tmp_path_factory.mktemp("cookiecutter"))


@pytest.fixture(scope="session")
def baked(
    tmp_path_factory: pytest.TempPathFactory, cookiecutter_config: Path
) -> Callable[..., Path]:
    """`baked("image-classification")`: a project that tests read and leave as it is."""
    projects: dict[str, Path] = {}

    def get(option_set: str, license_name: str = "MIT") -> Path:
        key = f"{option_set}-{license_name}"
        if key not in projects:
            answers = OPTION_SETS[option_set] | {"license": license_name}
            projects[key] = bake(tmp_path_factory.mktemp(key), cookiecutter_config, **answers)
        return projects[key]

    return get


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """The template as a fresh clone has it: no environment, nothing generated."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=TEMPLATE,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    folder = tmp_path / "dl-template"
    for name in filter(None, listed.split("\0")):
        if (TEMPLATE / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TEMPLATE / name, folder / name)
    yield folder
    shutil.rmtree(tmp_path)  # an environment with PyTorch is large


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all test processes share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def finished(shared_folder: Path, cookiecutter_config: Path) -> Callable[[str], Path]:
    """`finished("image-classification")`: a project after its pipeline, run once for all.

    `pipeline.log` beside it holds what the pipeline printed; `tests.log`, of the images, how its
    own tests ended.
    """

    def get(option_set: str) -> Path:
        folder = shared_folder / "finished" / option_set
        with FileLock(f"{shared_folder / option_set}.lock"):
            if not (folder / "pipeline.log").exists():
                package = option_set.replace("-", "_")
                answers = OPTION_SETS[option_set] | {"package_name": package}
                project = bake(folder, cookiecutter_config, **answers)
                (folder / "pipeline.log").write_text(run_first_pipeline(project, package))
        (project,) = (path for path in folder.iterdir() if path.is_dir())
        return project

    return get


def run_first_pipeline(project: Path, package: str) -> str:
    """Git, DVC, the demo's charter, then every stage, as `make demo` does."""
    charter = yaml.safe_load((TEMPLATE / "tools" / "demo_charter.yaml").read_text())
    if package != "image_classification":
        charter = adapt_charter(charter, package)
    (project / "project.yaml").write_text(yaml.safe_dump(charter, allow_unicode=True))
    hurry(project)
    author = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    for command in (
        ["git", "init", "-q"],
        [sys.executable, "-m", "dvc", "init", "-q"],
        ["git", "add", "-A"],
        ["git", *author, "commit", "-qm", "Start"],
    ):
        subprocess.run(command, cwd=project, check=True)
    done = run("-m", package, "pipeline", project=project)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    if package == "image_classification":  # whose faults ask for it
        ablated = run("-m", package, "ablate", project=project)
        assert ablated.returncode == 0, ablated.stdout[-4000:] + ablated.stderr[-4000:]
        tested = run("-m", "pytest", "-q", "-p", "no:cacheprovider", project=project)
        told = f"{tested.returncode}\n{tested.stdout[-8000:]}"
        (project.parent / "tests.log").write_text(told)
    return done.stdout


def adapt_charter(charter: dict, package: str) -> dict:
    """The demo's charter with the answers that another task needs."""
    charter["data"]["groups"] = {}
    charter["data"]["label_check"] = {
        "sheet": "e2c13059caff" if package.endswith("regression") else "fcbcf0defe46",
        "checked": 0,
        "wrong": 0,
        "how": "Nobody can tell the label from a row's measurements; the clinic's word stands",
    }
    if package.endswith("regression"):
        charter["problem"] |= {"task": "regression", "classes": []}
        charter["success"] |= {"metric": "mae", "minimum": 60.0, "costs": []}
    else:
        charter["problem"] |= {"classes": ["benign", "malignant"]}
        charter["success"] |= {"minimum": 0.8, "costs": [[0, 1], [10, 0]]}
    return charter


@pytest.fixture(scope="session")
def fault_table(shared_folder: Path) -> Callable[..., None]:
    """Adds a row to the table of faults that ends in `build/faults.md`."""

    def add(bullet: str, fault: str, before: str, after: str) -> None:
        row = {"bullet": bullet, "fault": fault, "before": before, "after": after}
        with (shared_folder / "faults.jsonl").open("a") as stream:
            stream.write(json.dumps(row) + "\n")

    return add


@pytest.fixture(scope="session")
def update_table(shared_folder: Path) -> Callable[..., None]:
    """Adds a cell to the matrix of updates that ends in `build/updates.md`."""

    def add(kind: str, route: str, outcome: str, lines: int, lost: int) -> None:
        row = {"kind": kind, "route": route, "told": f"{outcome}; {lost} of {lines} lost"}
        with (shared_folder / "updates.jsonl").open("a") as stream:
            stream.write(json.dumps(row) + "\n")

    return add


def write_updates(rows: Path) -> None:
    """Writes the matrix: kinds of files x versions from and to."""
    cells: dict[str, dict[str, str]] = {}
    for row in map(json.loads, rows.read_text().splitlines()):
        cells.setdefault(row["kind"], {})[row["route"]] = row["told"]
    routes = sorted({route for told in cells.values() for route in told})
    heads = [" to ".join(f"v{number}" for number in route) for route in routes]
    lines = [f"| the user's | {' | '.join(heads)} |", "| --- |" + " --- |" * len(routes)]
    for kind, told in cells.items():
        lines.append(f"| {kind} | {' | '.join(told.get(route, '') for route in routes)} |")
    (TEMPLATE / "build").mkdir(exist_ok=True)
    (TEMPLATE / "build" / "updates.md").write_text("\n".join(lines) + "\n")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the tables of faults and of updates once all processes are done."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    if (rows := session.config._tmp_path_factory.getbasetemp() / "updates.jsonl").exists():
        write_updates(rows)
    rows = session.config._tmp_path_factory.getbasetemp() / "faults.jsonl"
    if rows.exists():
        lines = ["| bullet | fault | before | after |", "| --- | --- | --- | --- |"]
        for row in sorted(
            map(json.loads, rows.read_text().splitlines()), key=lambda r: r["bullet"]
        ):
            lines.append(f"| {row['bullet']} | {row['fault']} | {row['before']} | {row['after']} |")
        (TEMPLATE / "build").mkdir(exist_ok=True)
        (TEMPLATE / "build" / "faults.md").write_text("\n".join(lines) + "\n")
