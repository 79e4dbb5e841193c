"""Phase 6, deployment: the exported model, its speed and its service."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..files import hash_file, read_json
from ..report import Report
from .evidence import Evidence, NotYetError
from .verdict import Finding

LARGEST_TOLERANCE = 1e-3  # a probability that is further off is another prediction
FEWEST_CALLS = 20  # below, a 95th percentile is one call
SERVED = ("version", "model_sha256", "data_version", "commit")


def find_file(report: Report, ending: str) -> Path:
    """The output of a stage whose name ends so.

    Raises:
        NotYetError: The stage wrote no such file, or it is missing.
    """
    found = [Path(name) for name in report.files if name.endswith(ending)]
    if not found or not found[0].exists():
        raise NotYetError(f"run `{report.stage}`: there is no {ending}")
    return found[0]


def read_sidecar(project: Evidence) -> dict[str, Any]:
    """What the artifact says about itself."""
    sidecar: dict[str, Any] = read_json(find_file(project.report("export"), "model.json"))
    return sidecar


def read_state(project: Evidence) -> dict[str, Any]:
    """The fitted state of the processed data, as it is now."""
    path = Path(project.cfg.paths.data_dir, "processed", "state.json")
    if not path.exists():
        raise NotYetError("run `preprocess`")
    state: dict[str, Any] = read_json(path)
    return state


def model_is_exported(project: Evidence) -> Finding:
    """The ONNX file that `export` wrote exists and is unchanged."""
    report = project.report("export")
    names = [name for name in report.files if name.endswith(".onnx")]
    if not names or not Path(names[0]).exists():
        return Finding(False, f"{names[0] if names else 'an ONNX file'} is missing")
    same = hash_file(names[0]) == report.files[names[0]]
    size, opset = report.figures["megabytes"], report.figures["opset"]
    return Finding(same, f"{names[0]}, {size} MB, opset {opset}{'' if same else ', changed since'}")


def export_predicts_as_the_checkpoint(project: Evidence) -> Finding:
    """PyTorch and ONNX agree on real items, one by one and all at once."""
    figures = project.figures("export")
    difference, changed = figures["largest_difference"], figures["changed_classes"]
    if difference is None:
        return Finding(False, "the export's outputs are not finite")
    bound = min(project.cfg.export.tolerance, LARGEST_TOLERANCE)
    batches = figures["batches"]
    holds = difference <= bound and not changed and min(batches) == 1 < max(batches)
    sizes = " and ".join(map(str, batches))
    return Finding(
        holds,
        f"largest difference {difference:.1e} (bound {bound:g}), {changed} changed classes, "
        f"batches of {sizes}",
    )


def speed_and_memory_are_measured(project: Evidence) -> Finding:
    """Percentiles after a warm-up, over enough calls, and memory, for each batch size."""
    figures = project.figures("benchmark")
    rows = [figures["raw_item"], *figures["batches"].values()]
    ordered = all(0 < row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"] for row in rows)
    memory = all(row["memory_megabytes"] > 0 for row in figures["batches"].values())
    calls, warm_up = figures["repeats"], figures["warm_up"]
    raw = figures["raw_item"]
    preparing = 1 - figures["batches"]["1"]["p50_ms"] / raw["p50_ms"]
    return Finding(
        ordered and memory and calls >= FEWEST_CALLS and warm_up > 0,
        f"one item {raw['p50_ms']}/{raw['p95_ms']}/{raw['p99_ms']} ms (p50/p95/p99, preparing it "
        f"{max(0.0, preparing):.0%}), {figures['memory_megabytes']['peak']} MB at most; "
        f"{calls} calls after {warm_up}",
    )


def best_batch_is_known(project: Evidence) -> Finding:
    """Throughput was measured over batch sizes, the best is named, and `predict` ran offline."""
    figures, predicted = project.figures("benchmark"), project.figures("predict")
    speeds = {int(size): row["items_per_second"] for size, row in figures["batches"].items()}
    best = figures["best_batch"]
    holds = len(speeds) > 1 and best == max(speeds, key=lambda size: speeds[size])
    told = ", ".join(f"{size}: {speed:,.0f}/s" for size, speed in speeds.items())
    return Finding(
        holds and predicted["predicted"] > 0 and predicted["version"] == figures["version"],
        f"{told}; best {best}; {predicted['predicted']} items predicted offline",
    )


def service_answers_with_the_recorded_model(project: Evidence) -> Finding:
    """What answered over HTTP is the artifact as recorded, and answers as offline."""
    figures, exported = project.figures("probe"), project.figures("export")
    served, sidecar = figures["served"], read_sidecar(project)
    other = [name for name in SERVED if served[name] != sidecar[name]]
    version = served["version"]
    if version != exported["version"]:
        return Finding(False, f"{version} is served, {exported['version']} was exported")
    return Finding(
        not other and figures["items"] > 0 and figures["mismatches"] == 0,
        f"{version}: {figures['mismatches']} of {figures['items']} answers differ from offline"
        + (f"; another {', '.join(other)} than recorded" if other else ""),
    )


def nonsense_is_refused(project: Evidence) -> Finding:
    """Malformed, oversized and wrongly typed input gets a 4xx with a sentence."""
    refused = project.figures("probe")["refused"]
    wrong = [
        f"{kind}: {answer['status']}"
        for kind, answer in refused.items()
        if not (400 <= answer["status"] < 500 and answer["message"])
    ]
    holds = not wrong and refused.get("too much", {}).get("status") == 413
    statuses = sorted({answer["status"] for answer in refused.values()})
    told = "; ".join(wrong) or f"statuses {', '.join(map(str, statuses))}, each with a sentence"
    return Finding(holds, f"{len(refused)} kinds of nonsense: {told}")


def ready_only_while_it_can_answer(project: Evidence) -> Finding:
    """Not ready before the model is loaded and while draining; alive while draining."""
    states = project.figures("probe")["states"]
    holds = (
        states["starting"]["/ready"] != 200
        and states["running"] == {"/live": 200, "/ready": 200}
        and states["draining"] == {"/live": 200, "/ready": 503}
    )
    told = (
        f"{name} {answers['/live'] or 'none'}/{answers['/ready'] or 'none'}"
        for name, answers in states.items()
    )
    return Finding(holds, f"/live and /ready: {', '.join(told)}")


def expected_traffic_is_answered_in_time(project: Evidence) -> Finding:
    """The load test offered the charter's traffic: no errors, latency within the limit."""
    load = project.figures("probe")["load"]
    expected = project.answer("limits.requests_per_second")
    limit = project.answer("limits.latency_ms")
    offered = load["offered_per_second"]
    told = (
        f"{load['answered_per_second']} of {offered:g} requests a second, {load['errors']} errors, "
        f"p95 {load['p95_ms']} ms (limits {expected:g} a second, {limit:g} ms)"
    )
    if offered < expected:
        return Finding(False, f"{told}: set probe.requests_per_second={expected:g}")
    # The last answer is late by its latency, which does not mean too low a rate.
    reached = load["answered_per_second"] >= 0.95 * expected
    in_time = load["p95_ms"] is not None and load["p95_ms"] <= limit
    return Finding(reached and in_time and load["errors"] == 0, told)


def inputs_are_documented_as_they_are(project: Evidence) -> Finding:
    """The artifact's inputs and the service's OpenAPI describe what the data is."""
    sidecar, state = read_sidecar(project), read_state(project)["data"]
    documented = project.figures("probe")["documented"]
    shapes = {name: shape for name, shape in state["shapes"].items() if 0 not in shape}
    told = {item["name"]: item["shape"] for item in sidecar["inputs"]}
    columns = {*state.get("numeric", ()), *state.get("categories", ())}
    missing = columns - set(property_names(documented["body"]))
    prepared = sidecar["state"]["data"] == state
    holds = told == shapes and not missing and prepared
    shown = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in told.items())
    return Finding(
        bool(holds and documented["body"]["content"]) and "422" in documented["statuses"],
        f"{shown}; {' and '.join(documented['body']['content'])}"
        + (f", {len(columns)} columns" if columns else "")
        + ("" if prepared else "; other preprocessing than the data's")
        + (f"; OpenAPI lacks {', '.join(sorted(missing)[:3])}" if missing else ""),
    )


def property_names(schema: Any) -> Iterator[str]:
    """Every property that a JSON schema names, at any depth."""
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
        for value in schema.values():
            yield from property_names(value)


def artifact_names_its_origin(project: Evidence) -> Finding:
    """Version, content hash, data hash and commit are in the artifact and true; else refused."""
    report, sidecar = project.report("export"), read_sidecar(project)
    model = find_file(report, "model.onnx")
    probe = project.figures("probe")
    told = {
        "content hash": sidecar["model_sha256"] == hash_file(model),
        "sidecar": report.files[find_file(report, "model.json").as_posix()]
        == hash_file(find_file(report, "model.json")),
        "version": sidecar["version"] == project.figures("train")["run"],
        "data version": sidecar["data_version"] == read_state(project)["version"],
        "what /version answers": all(probe["served"][n] == sidecar[n] for n in SERVED),
        "the refusal of a swapped model": bool(probe["swapped_model"]),
    }
    wrong = [name for name, good in told.items() if not good]
    if wrong:
        return Finding(False, f"wrong: {', '.join(wrong)}")
    if sidecar["commit"] is None:
        raise NotYetError("the artifact names no commit: commit the project, then run `export`")
    return Finding(
        True,
        f"{sidecar['version']}, model {sidecar['model_sha256'][:8]}, data "
        f"{sidecar['data_version'][:8]}, commit {sidecar['commit'][:8]}"
        + (" and changes" if sidecar["dirty"] else "")
        + "; a swapped file is refused",
    )
