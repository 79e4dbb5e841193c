"""Checks of the ML Test Score's data section that no bullet of the checklist makes."""

import tomllib
from pathlib import Path

from .coverage import COVERAGE, hash_covered, read_coverage
from .evidence import Evidence, NotYetError, StaleError
from .tested import check_tests, read_tests
from .verdict import Finding

SURE_HARM, SURE_USE = 3.0, 2.0  # standard errors; harm is looked for in every input at once
LARGEST_SHARE = 0.2  # of an answer's time that one input may take
GUIDE, SECTION = Path("docs/recipes.md"), "### A feature"


def every_feature_is_of_use(project: Evidence) -> Finding:
    """No input makes the best classical model worse, and no column is constant.

    Inputs that stand in for each other are each of no measurable use alone: they are told, not
    refused.
    """
    uses = project.figures("baselines")["uses"]
    constant = project.figures("explore").get("constant_columns", [])
    harmful = [name for name, use in uses.items() if use["loss"] < -SURE_HARM * use["error"]]
    idle = [name for name, use in uses.items() if use["loss"] <= SURE_USE * use["error"]]
    best = max(uses, key=lambda name: uses[name]["loss"])
    told = f"{len(uses)} inputs, most useful {best} (loss +{uses[best]['loss']:.3g} without it)"
    if idle:
        told += f"; {len(idle)} of no measurable use alone: {', '.join(idle[:3])} …"
    if harmful or constant:
        told = f"harmful: {', '.join(harmful) or 'none'}; constant: {', '.join(constant) or 'none'}"
    return Finding(not harmful and not constant and len(idle) < len(uses), told)


def no_feature_costs_too_much(project: Evidence) -> Finding:
    """Reading and encoding the dearest input takes little of the time that an answer may take."""
    costs = project.figures("preprocess")["cost_ms"]
    limit = project.answer("limits.latency_ms")
    dearest = max(costs, key=lambda name: costs[name])
    share = costs[dearest] / max(sum(costs.values()), 1e-12)
    told = f"slowest of {len(costs)}: {dearest}, {costs[dearest]:.3g} ms per item"
    told += f" ({share:.0%} of preparing it); an answer may take {limit:g} ms"
    return Finding(costs[dearest] <= LARGEST_SHARE * limit, told)


def features_are_added_quickly(project: Evidence) -> Finding:
    """How to add a feature is documented, and tests do it by configuration only."""
    tests = read_tests(project)
    found = check_tests(
        tests,
        lambda test: "new_feature" in test["marks"] and "preprocess" in test["stages"],
        "add a feature by configuration alone",
    )
    written = GUIDE.exists() and SECTION in GUIDE.read_text(encoding="utf-8")
    told = f"{found.figure}; {GUIDE} {'says how' if written else 'does not say how'}"
    return Finding(found.holds and written, told)


def feature_code_is_tested(project: Evidence) -> Finding:
    """Tests reach as much of the data package as pyproject.toml asks for."""
    path = Path(project.cfg.paths.reports_dir, COVERAGE)
    if not path.exists():
        raise NotYetError("run `coverage`")
    measured = read_coverage(path)
    if measured["covers"] != hash_covered(project.project):
        raise StaleError("the data package or its tests changed: run `coverage`")
    settings = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    floor = settings["tool"]["coverage"]["report"]["fail_under"]
    told = (
        f"{measured['percent']:.1f} % of the data package is covered by tests, {floor} % required"
    )
    return Finding(measured["percent"] >= floor, told)
