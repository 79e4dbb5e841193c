"""`probe`: the real service in a child process, held against offline predictions."""

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
from omegaconf import DictConfig

from ..errors import UserError
from ..monitoring.log import PROBE, PredictionLog, log_path
from ..report import Report
from .runtime import Model, open_validation
from .serve import listen, serve_forever
from .trials import ask_states, read_metrics, send_load, send_nonsense, swap_model

if TYPE_CHECKING:
    from ..project import Project

START_SECONDS = 60
STOP_MARGIN_SECONDS = 10


def run(cfg: DictConfig, project: "Project") -> Report:
    """Sends load, validation items and nonsense through HTTP, and compares every answer.

    Raises:
        UserError: The service does not start, answers otherwise than offline, or does not stop.
    """
    model = Model(cfg.paths.models_dir)
    store, rows = open_validation(cfg.paths.data_dir, model.data_version, cfg.probe.num_items)
    raw = model.data_type.read(store.items.iloc[rows])
    items = [raw[index : index + 1] for index in range(len(rows))]
    states: dict[str, Any] = {}
    with closing(PredictionLog(log_path(cfg.paths.data_dir))) as log:
        with start_service(project, cfg, states) as (client, start_seconds):
            requests = [model.data_type.write_request(item) for item in items]
            load = send_load(client, requests, cfg.probe)
            log.forget_probes()  # of the load, too: the monitor would count its items many times
            answers, seconds = zip(*(send(client, request) for request in requests), strict=True)
            observed = observe(client, model, len(items) + load["answered"])
            observed["refused"] = send_nonsense(client, int(cfg.serve.max_mb * 1e6))
        logged = len(log.newest(model.version, PROBE, len(items)))
    pairs = zip(answers, items, strict=True)
    mismatches = sum(answer != model.predict(item)[0] for answer, item in pairs)
    if mismatches or logged != len(items):
        raise UserError(
            f"of {len(items)} served answers {mismatches} differ from offline predictions and "
            f"{logged} were logged: the service does not do what the exported model does."
        )
    name = model.task.metric
    metrics = model.task.metrics(np.asarray(store.targets[rows]), model.run(store.take(rows)))
    p50, p95 = (np.quantile(seconds, [0.5, 0.95]) * 1000).round(2).tolist()
    figures = {
        "version": model.version,
        "items": len(items),
        "mismatches": mismatches,
        f"validation/{name}": metrics[name],
        "p50_ms": p50,
        "p95_ms": p95,
        "start_seconds": round(start_seconds, 2),
        "states": states,
        "load": load,
        **observed,
        "swapped_model": swap_model(cfg.paths.models_dir),
        "clean_exit": True,
    }
    summary = f"{len(items)} answers equal offline ones, {name} {metrics[name]:.3f}, p95 {p95} ms"
    return Report(stage="probe", figures=figures, summary=summary)


@contextmanager
def start_service(
    project: "Project", cfg: DictConfig, states: dict[str, Any]
) -> Iterator[tuple[httpx.Client, float]]:
    """The service on a free loopback port, ready; stopped by SIGTERM at the end of the block.

    Args:
        project: Whose service it is.
        cfg: The composed config.
        states: Gets what /live and /ready answer while it starts, runs and drains.

    Yields:
        A client of it, and the seconds until it was ready.

    Raises:
        UserError: It is not ready in time, or does not end cleanly.
    """
    listener = listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    child = multiprocessing.get_context("spawn").Process(
        target=serve_forever,
        args=(project, cfg.paths.models_dir, cfg.paths.data_dir, cfg.serve, listener, PROBE),
        daemon=True,
    )
    started = time.perf_counter()
    child.start()
    listener.close()
    try:
        with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
            states["starting"] = ask_states(client)
            wait_until_ready(client, child)
            seconds = time.perf_counter() - started
            states["running"] = ask_states(client)
            yield client, seconds
            child.terminate()
            time.sleep(min(0.2, cfg.serve.notice_seconds / 2))
            states["draining"] = ask_states(client)
        child.join(cfg.serve.notice_seconds + cfg.serve.drain_seconds + STOP_MARGIN_SECONDS)
        if child.exitcode != 0:
            raise UserError(f"the service did not stop cleanly (exit code {child.exitcode}).")
    finally:
        if child.is_alive():
            child.kill()
            child.join()


def wait_until_ready(client: httpx.Client, child: BaseProcess) -> None:
    """Asks /ready until it answers 200.

    Raises:
        UserError: The process ended, or time is over.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.is_alive():
        try:
            if client.get("/ready", timeout=1).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise UserError(f"the service was not ready within {START_SECONDS} s: run `serve` to see why.")


def send(client: httpx.Client, request: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """Sends one item as a client would; its answer less the id, and the seconds it took.

    Raises:
        UserError: The item was refused.
    """
    started = time.perf_counter()
    response = client.post("/predict", **request)
    seconds = time.perf_counter() - started
    if not response.is_success:
        raise UserError(f"the service refused a validation item: {response.text[:300]}")
    (answer,) = response.json()["predictions"]
    return {key: value for key, value in answer.items() if key != "id"}, seconds


def observe(client: httpx.Client, model: Model, answered: int) -> dict[str, Any]:
    """What /version, /metrics and /openapi.json say after so many answered requests.

    Raises:
        UserError: One of them is not as it should be; names it.
    """
    served = client.get("/version").json()
    metrics = read_metrics(client.get("/metrics").text)
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    body = model.data_type.describe_request(model.info["state"]["data"])
    checks = {
        "/version": served["version"] == model.version,
        "/metrics": metrics.get("requests", {}).get("count") == answered,
        "/openapi.json": operation["requestBody"] == body,
    }
    wrong = [path for path, good in checks.items() if not good]
    if wrong:
        raise UserError(f"the service does not answer as it should on {', '.join(wrong)}.")
    documented = {"body": operation["requestBody"], "statuses": sorted(operation["responses"])}
    return {"served": served, "metrics": metrics, "documented": documented}
