"""Faults of phase 6: the export, its speed, the service, and what CI runs."""

import json
import re
from collections.abc import Callable
from typing import Any

from faults.harness import TABLES, Fault, Workspace

CI, PROBE, TESTS = ".github/workflows/ci.yml", "probe", "reports/tests.json"


def lose_the_export(work: Workspace) -> None:
    work.remove("models/model.onnx")


def cut_the_export(work: Workspace) -> None:
    content = (work.root / "models/model.onnx").read_bytes()
    work.write("models/model.onnx", content[:-100], settled=False)


def leave_dropout_on(work: Workspace) -> None:
    work.edit_report("export", lambda figures: figures.update(largest_difference=0.31))


def lose_the_difference(work: Workspace) -> None:
    work.edit_report("export", lambda figures: figures.update(largest_difference=float("nan")))


def change_a_class(work: Workspace) -> None:
    work.edit_report("export", lambda figures: figures.update(changed_classes=1))


def compare_single_items_only(work: Workspace) -> None:
    work.edit_report("export", lambda figures: figures.update(batches=[1]))


def time_one_call(work: Workspace) -> None:
    work.edit_report("benchmark", lambda figures: figures.update(repeats=1))


def time_without_warm_up(work: Workspace) -> None:
    work.edit_report("benchmark", lambda figures: figures.update(warm_up=0))


def measure_one_batch_size(work: Workspace) -> None:
    def change(figures: dict[str, Any]) -> None:
        figures.update(batches={"1": figures["batches"]["1"]}, best_batch=1)

    work.edit_report("benchmark", change)


def name_the_slowest_batch(work: Workspace) -> None:
    def change(figures: dict[str, Any]) -> None:
        batches = figures["batches"]
        slowest = min(batches, key=lambda size: batches[size]["items_per_second"])
        figures["best_batch"] = int(slowest)

    work.edit_report("benchmark", change)


def predict_nothing(work: Workspace) -> None:
    work.edit_report("predict", lambda figures: figures.update(predicted=0))


def serve_another_version(work: Workspace) -> None:
    work.edit_report(PROBE, lambda figures: figures["served"].update(version="exp-2001-01-01-001"))


def serve_another_file(work: Workspace) -> None:
    work.edit_report(PROBE, lambda figures: figures["served"].update(model_sha256="0" * 64))


def answer_otherwise_than_offline(work: Workspace) -> None:
    work.edit_report(PROBE, lambda figures: figures.update(mismatches=1))


def refuse(**changes: Any):
    def apply(work: Workspace) -> None:
        work.edit_report(PROBE, lambda f: f["refused"]["half a JSON"].update(**changes))

    return apply


def accept_any_size(work: Workspace) -> None:
    work.edit_report(PROBE, lambda figures: figures["refused"]["too much"].update(status=422))


def answer_ready(state: str, status: int | None):
    def apply(work: Workspace) -> None:
        work.edit_report(PROBE, lambda figures: figures["states"][state].update({"/ready": status}))

    return apply


def die_at_once(work: Workspace) -> None:
    gone = {"/live": None, "/ready": None}
    work.edit_report(PROBE, lambda figures: figures["states"].update(draining=gone))


def expect_more_traffic(work: Workspace) -> None:
    work.charter(**{"limits.requests_per_second": 60})


def load(**changes: Any):
    def apply(work: Workspace) -> None:
        work.edit_report(PROBE, lambda figures: figures["load"].update(**changes))

    return apply


def document_another_shape(work: Workspace) -> None:
    work.edit("models/model.json", '"shape": [', '"shape": [\n        3,')


def document_another_preprocessing(work: Workspace) -> None:
    sidecar = work.module("files").read_json("models/model.json")
    sidecar["state"]["data"]["mean"] = [0.5]
    work.write("models/model.json", json.dumps(sidecar))


def leave_a_column_out(work: Workspace) -> None:
    def change(figures: dict[str, Any]) -> None:
        (content,) = figures["documented"]["body"]["content"].values()
        content["schema"]["properties"]["rows"]["items"]["properties"].popitem()

    work.edit_report(PROBE, change)


def load_whatever_lies_there(work: Workspace) -> None:
    work.edit_report(PROBE, lambda figures: figures.update(swapped_model=""))


def name_another_data_version(work: Workspace) -> None:
    state = work.module("files").read_json("data/processed/state.json")
    work.write("data/processed/state.json", json.dumps(state | {"version": "0" * 64}))


def remove_the_test_step(work: Workspace) -> None:
    work.edit(CI, "      - run: make test\n", "")


def let_tests_fail(work: Workspace) -> None:
    work.edit(CI, "run: make test", "run: make test\n        continue-on-error: true")


def test_a_part_only(work: Workspace) -> None:
    work.edit("Makefile", "-m pytest -n 2", "-m pytest -n 2 -m unit")


def drop_the_pull_requests(work: Workspace) -> None:
    work.edit(CI, "  pull_request:\n", "")


def rerun(**changes: Any):
    """Another outcome of the tests of one kind, as `stages`, `answers` or `ran` tell it."""

    def apply_to(kind: Callable[[dict[str, Any]], object]):
        def apply(work: Workspace) -> None:
            record = work.module("files").read_json(TESTS)
            for test in filter(kind, record["tests"].values()):
                test.update(changes)
            work.module("files").write_json(TESTS, record)

        return apply

    return apply_to


def trains(test: dict[str, Any]) -> bool:
    return "train" in test["stages"]


def answers(test: dict[str, Any]) -> bool:
    return test["answers"]


def is_unit(test: dict[str, Any]) -> bool:
    return bool(test["ran"]) and not test["stages"]


def empty_the_tests(work: Workspace) -> None:
    """Bodies that do nothing under names and marks that promise much."""
    for path in sorted((work.root / "tests").rglob("test_*.py")):
        text = re.sub(r"(?m)^(def test_\w+\(.*\):)$", r"\1\n    return", path.read_text("utf-8"))
        work.write(path.relative_to(work.root).as_posix(), text)


def add_a_test(work: Workspace) -> None:
    work.write("tests/test_more.py", "def test_more():\n    assert 1\n")


def forget_the_tests(work: Workspace) -> None:
    work.remove(TESTS)


def run_some_tests(work: Workspace) -> None:
    record = work.module("files").read_json(TESTS)
    work.module("files").write_json(TESTS, record | {"whole": False})


def leave_a_phase_untested(work: Workspace) -> None:
    record = work.module("files").read_json(TESTS)
    for test in record["tests"].values():
        test["calls"] = [name for name in test["calls"] if not name.startswith("monitoring.")]
    work.module("files").write_json(TESTS, record)


def let_make_swallow_failures(work: Workspace) -> None:
    work.edit("Makefile", "\t$(PYTHON) -m pytest -n 2\n", "\t-$(PYTHON) -m pytest -n 2\n")


def swallow_failures_in_the_step(work: Workspace) -> None:
    work.edit(CI, "run: make test", "run: make test || true")


def only_install_the_tools(work: Workspace) -> None:
    work.edit(CI, "      - run: make lint\n", "      - run: pip install ruff mypy\n")


def check_documents_alone(work: Workspace) -> None:
    work.edit(CI, "  pull_request:\n", "  pull_request: {paths: [docs/**]}\n")


ORIGIN = ("DL-37.4",)
FAULTS = [
    Fault("DL-34.1", "the ONNX file is gone", lose_the_export, becomes="stale"),
    Fault("DL-34.1", "the ONNX file is cut short", cut_the_export, becomes="stale"),
    Fault("DL-34.2", "a layer left in train mode", leave_dropout_on),
    Fault("DL-34.2", "a difference that is no number", lose_the_difference),
    Fault("DL-34.2", "another class for one item", change_a_class),
    Fault("DL-34.2", "batches are not compared", compare_single_items_only),
    Fault("DL-34.3", "one sample", time_one_call),
    Fault("DL-34.3", "no warm-up", time_without_warm_up),
    Fault("DL-35.3", "one batch size", measure_one_batch_size),
    Fault("DL-35.3", "the slowest batch is named best", name_the_slowest_batch),
    Fault("DL-35.3", "nothing was predicted offline", predict_nothing),
    Fault("DL-36.1", "another version is served", serve_another_version, also=ORIGIN),
    Fault("DL-36.1", "another file is served", serve_another_file, also=ORIGIN),
    Fault("DL-36.1", "one answer differs", answer_otherwise_than_offline),
    Fault("DL-36.2", "a 500", refuse(status=500)),
    Fault("DL-36.2", "nonsense is answered", refuse(status=200)),
    Fault("DL-36.2", "a refusal without a word", refuse(message="")),
    Fault("DL-36.2", "no limit of size", accept_any_size),
    Fault("DL-36.3", "ready before the model is loaded", answer_ready("starting", 200)),
    Fault("DL-36.3", "ready while draining", answer_ready("draining", 200)),
    Fault("DL-36.3", "no time to drain", die_at_once),
    Fault("DL-36.4", "more traffic expected than tried", expect_more_traffic, also=("ML-10",)),
    Fault("DL-36.4", "rate not reached", load(answered_per_second=0.1), also=("ML-10",)),
    Fault("DL-36.4", "too slow under load", load(p95_ms=90_000.0), also=("ML-10",)),
    Fault("DL-36.4", "an error under load", load(errors=1), also=("ML-10",)),
    Fault("DL-37.2", "another shape in the sidecar", document_another_shape, also=ORIGIN),
    Fault("DL-37.2", "another preprocessing", document_another_preprocessing, also=ORIGIN),
    Fault("DL-37.2", "a column missing in OpenAPI", leave_a_column_out, option_set=TABLES),
    Fault("DL-37.4", "a swapped file loads", load_whatever_lies_there),
    Fault(
        "DL-37.4", "another data version", name_another_data_version, also=("DL-14.1", "DL-14.2")
    ),
    Fault("DL-37.4", "another content", cut_the_export, becomes="stale"),
    Fault("ML-27", "tests step removed", remove_the_test_step),
    Fault("ML-27", "tests may fail", let_tests_fail),
    Fault("ML-27", "only some tests run", test_a_part_only),
    Fault("ML-27", "pull requests are not checked", drop_the_pull_requests),
    Fault("ML-27", "make may fail", let_make_swallow_failures),
    Fault("ML-27", "the step swallows failures", swallow_failures_in_the_step),
    Fault("ML-27", "tools that are installed and not run", only_install_the_tools),
    Fault("ML-27", "documents alone are checked", check_documents_alone),
    Fault("ML-28", "no test goes from data to training", rerun(stages=["train"])(trains)),
    Fault("ML-28", "they are skipped", rerun(outcome="skipped")(trains), also=("ML-30", "ML-31")),
    Fault("ML-28", "one of them failed", rerun(outcome="failed")(trains), also=("ML-30", "ML-31")),
    Fault("ML-28", "they assert nothing", rerun(asserts=False)(trains), also=("ML-30", "ML-31")),
    Fault("ML-28", "bodies that do nothing, not run again", empty_the_tests, becomes="stale"),
    Fault("ML-28", "never run", forget_the_tests, becomes="to do"),
    Fault("ML-30", "no test asks the service", rerun(answers=False)(answers)),
    Fault("ML-30", "nobody awaited them", rerun(outcome="skipped")(answers)),
    Fault("ML-30", "a test that never ran", add_a_test, becomes="stale"),
    Fault("ML-31", "no test without a stage", rerun(stages=["ingest"])(is_unit)),
    Fault("ML-31", "a phase without tests", leave_a_phase_untested),
    Fault("ML-31", "some tests ran", run_some_tests, becomes="to do"),
]
