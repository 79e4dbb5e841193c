"""Phase 6, deployment: what the tests did when they last ran, and what CI runs."""

import tomllib
from dataclasses import replace
from pathlib import Path

from ..ci.duties import DUTIES, find_duty
from ..ci.follow import follow
from ..ci.script import PUSH, REQUEST, UnreadableError
from ..ci.shell import read_shell
from ..ci.workflows import list_scripts
from ..files import hash_file
from ..stages import PHASES
from ..testing.record import Test
from .evidence import Evidence, NotYetError, StaleError
from .tested import check_tests, proves, read_tests
from .verdict import Finding, Proof

DATA, TRAINING = 2, 4  # phases
VALIDATION = "validation"  # the mark of tests that try the trained model
WORDS = {PUSH: "push", REQUEST: "merge request"}


def ci_runs_everything(project: Evidence) -> Finding:
    """CI runs style, types, all tests and a whole pipeline on every push and merge request.

    That it would is all that its files show; that what it runs passes, the last run of the tests.
    """
    damage: set[str] = set()
    done = {event: find_duties(project, event, damage) for event in WORDS}
    files = dict.fromkeys(path for duties in done.values() for path in duties.values())
    missing = [
        f"{duty} on every {WORDS[event]}"
        for event, duties in done.items()
        for duty in DUTIES
        if duty not in duties
    ]
    told = f"{', '.join(files)}: {', '.join(DUTIES)} on every push and merge request"
    if missing:
        told = f"{', '.join(files)} lacks {', '.join(missing)}"
    if not files:
        told = "no CI file runs anything that counts"
    told = "; ".join([told, *sorted(damage)])
    return Finding(not missing, told, proof=prove_by_tests(project))


def find_duties(project: Evidence, event: str, damage: set[str]) -> dict[str, str]:
    """Duty -> the file of CI that does it at an event; make, nox, tox and scripts are followed.

    Args:
        project: As checks see it.
        event: A push, or a request to merge.
        damage: Takes a sentence for each file on the way that cannot be read.
    """
    about = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    commands = {project.project.package, *about.get("project", {}).get("scripts", {})}
    found: dict[str, str] = {}
    for script in list_scripts():
        damage |= {script.damage} - {""}
        if event not in script.triggers:
            continue
        for words in read_shell(script.text, pipefail=script.pipefail):
            try:
                for command in follow(words):
                    if duty := find_duty(command, commands):
                        found.setdefault(duty, script.path)
            except UnreadableError as error:
                damage.add(str(error))
    return found


def prove_by_tests(project: Evidence) -> Proof:
    """What a look at CI's files shows: verified where all tests passed on this very code."""
    try:
        tests = read_tests(project)
    except (NotYetError, StaleError):
        return "present"
    return "present" if any(t["outcome"] == "failed" for t in tests.values()) else "verified"


def pipeline_is_tested(project: Evidence) -> Finding:
    """Tests run stages one after another, from the data to a trained model."""
    phases = {name: stage.phase for name, stage in project.project.stages.items()}

    def trains(test: Test) -> bool:
        """Whether a test goes from a stage of the data to one of training."""
        return {DATA, TRAINING} <= {phases.get(name) for name in test["stages"]}

    return check_tests(read_tests(project), trains, "go from raw data to a trained model")


def service_is_tested(project: Evidence) -> Finding:
    """Tests ask the served model, from a request to its answer."""
    return check_tests(
        read_tests(project), lambda test: test["answers"], "got the service's answer"
    )


def model_is_validated(project: Evidence) -> Finding:
    """Tests marked `validation` tried the exported model as it is now."""
    project.figures("export")
    tests = read_tests(project)
    kind = {name: test for name, test in tests.items() if VALIDATION in test["marks"]}
    tried = {test["model"] for test in kind.values()} - {""}
    if kind and not tried and all(test["outcome"] == "skipped" for test in kind.values()):
        raise NotYetError(f"{len(kind)} tests had no model to try: run `make test`")
    model = Path(project.cfg.paths.models_dir, "model.onnx")
    if tried and tried != {hash_file(model)}:
        raise StaleError("the tests tried another model: run `make test`")
    found = check_tests(tests, lambda test: VALIDATION in test["marks"], "tried the trained model")
    return replace(found, holds=found.holds and bool(tried))


def units_are_tested(project: Evidence) -> Finding:
    """Every test passed, some need no stage, and some call each phase's code themselves."""
    tests = read_tests(project)
    proofs = [test for test in tests.values() if proves(test)]
    units = sum(not test["stages"] for test in proofs)
    counts = {title.lower(): 0 for title in PHASES.values()}
    for test in proofs:
        for room in {module.partition(".")[0] for module in test["calls"]} & counts.keys():
            counts[room] += 1
    untested = [room for room, number in counts.items() if not number]
    found = check_tests(tests, lambda test: True, "call own code")
    told = (
        f"{found.figure}, {units} without a stage; by phase {', '.join(map(str, counts.values()))}"
    )
    told += f"; none for {', '.join(untested)}" if untested else ""
    return Finding(found.holds and units > 0 and not untested, told)
