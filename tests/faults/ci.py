"""Faults of phase 6 in what CI runs."""

from faults.harness import Fault, Workspace

CI = ".github/workflows/ci.yml"


def remove_the_test_step(work: Workspace) -> None:
    work.edit(CI, "      - run: make test\n", "")


def let_tests_fail(work: Workspace) -> None:
    work.edit(CI, "run: make test", "run: make test\n        continue-on-error: true")


def test_a_part_only(work: Workspace) -> None:
    work.edit("Makefile", "-m pytest -n 2", "-m pytest -n 2 -m unit")


def drop_the_pull_requests(work: Workspace) -> None:
    work.edit(CI, "  pull_request:\n", "")


def let_make_swallow_failures(work: Workspace) -> None:
    work.edit("Makefile", "\t$(PYTHON) -m pytest -n 2\n", "\t-$(PYTHON) -m pytest -n 2\n")


def swallow_failures_in_the_step(work: Workspace) -> None:
    work.edit(CI, "run: make test", "run: make test || true")


def only_install_the_tools(work: Workspace) -> None:
    work.edit(CI, "      - run: make lint\n", "      - run: pip install ruff mypy\n")


def check_documents_alone(work: Workspace) -> None:
    work.edit(CI, "  pull_request:\n", "  pull_request: {paths: [docs/**]}\n")


FAULTS = [
    Fault("ML-27", "tests step removed", remove_the_test_step),
    Fault("ML-27", "tests may fail", let_tests_fail),
    Fault("ML-27", "only some tests run", test_a_part_only),
    Fault("ML-27", "pull requests are not checked", drop_the_pull_requests),
    Fault("ML-27", "make may fail", let_make_swallow_failures),
    Fault("ML-27", "the step swallows failures", swallow_failures_in_the_step),
    Fault("ML-27", "tools that are installed and not run", only_install_the_tools),
    Fault("ML-27", "documents alone are checked", check_documents_alone),
]
