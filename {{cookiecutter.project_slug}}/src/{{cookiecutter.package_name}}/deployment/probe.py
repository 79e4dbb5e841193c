"""`serve serve.probe=true`: the real service in a child process, against offline predictions."""

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.process import BaseProcess
from typing import Any

import httpx
import numpy as np
from omegaconf import DictConfig

from ..errors import UserError
from ..monitoring.log import PROBE, PredictionLog, log_path
from ..report import Report
from .runtime import Model, open_validation
from .serve import listen, serve_forever

ANSWERED = 'requests_total{path="/predict",status="200"}'
START_SECONDS = 60
STOP_MARGIN_SECONDS = 10


def run(cfg: DictConfig) -> Report:
    """Sends validation items through HTTP and compares every answer.

    Raises:
        UserError: The service does not start, answers otherwise than offline, or does not stop.
    """
    model = Model(cfg.paths.models_dir)
    store, rows = open_validation(cfg.paths.data_dir, model.data_version, cfg.serve.probe_items)
    raw = model.data_type.read(store.items.iloc[rows])
    items = [raw[index : index + 1] for index in range(len(rows))]
    with closing(PredictionLog(log_path(cfg.paths.data_dir))) as log:
        log.forget_probes()
        with start_service(cfg) as (client, start_seconds):
            answers, seconds = zip(*(send(client, model, item) for item in items), strict=True)
            check_other_paths(client, model, len(items))
        logged = len(log.newest(model.version, PROBE, len(items)))
    pairs = zip(answers, items, strict=True)
    mismatches = sum(answer != model.predict(item)[0] for answer, item in pairs)
    if mismatches or logged != len(items):
        raise UserError(
            f"of {len(items)} served answers {mismatches} differ from offline predictions and "
            f"{logged} were logged: the service does not do what the export does."
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
        "clean_exit": True,
    }
    summary = f"{len(items)} answers equal offline ones, {name} {metrics[name]:.3f}, p95 {p95} ms"
    return Report(stage="serve", figures=figures, summary=summary)


@contextmanager
def start_service(cfg: DictConfig) -> Iterator[tuple[httpx.Client, float]]:
    """The service on a free loopback port, ready; stopped by SIGTERM at the end of the block.

    Yields:
        A client of it, and the seconds until it was ready.

    Raises:
        UserError: It is not ready in time, or does not end cleanly.
    """
    listener = listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    child = multiprocessing.get_context("spawn").Process(
        target=serve_forever,
        args=(cfg.paths.models_dir, cfg.paths.data_dir, cfg.serve, listener, PROBE),
        daemon=True,
    )
    started = time.perf_counter()
    child.start()
    listener.close()
    try:
        with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
            wait_until_ready(client, child)
            yield client, time.perf_counter() - started
        child.terminate()
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


def send(client: httpx.Client, model: Model, item: Any) -> tuple[dict[str, Any], float]:
    """Sends one item as a client would; its answer less the id, and the seconds it took.

    Raises:
        UserError: The item was refused.
    """
    request = model.data_type.write_request(item)
    started = time.perf_counter()
    response = client.post("/predict", **request)
    seconds = time.perf_counter() - started
    if not response.is_success:
        raise UserError(f"the service refused a validation item: {response.text[:300]}")
    (answer,) = response.json()["predictions"]
    return {key: value for key, value in answer.items() if key != "id"}, seconds


def check_other_paths(client: httpx.Client, model: Model, num_items: int) -> None:
    """Health, version, metrics, and a refusal of garbage.

    Raises:
        UserError: One of them is not as it should be; names it.
    """
    metrics = client.get("/metrics").text
    garbage = client.post("/predict", content=b"\x00 no item", headers={"content-type": "text/x"})
    checks = {
        "/live": client.get("/live").is_success,
        "/ready": client.get("/ready").is_success,
        "/version": client.get("/version").json()["version"] == model.version,
        "/metrics": f"{ANSWERED} {num_items}.0" in metrics,
        "/predict of garbage": garbage.status_code == httpx.codes.UNPROCESSABLE_ENTITY,
    }
    wrong = [path for path, good in checks.items() if not good]
    if wrong:
        raise UserError(f"the service does not answer as it should on {', '.join(wrong)}.")
