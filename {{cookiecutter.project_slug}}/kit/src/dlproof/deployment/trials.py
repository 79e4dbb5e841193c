"""What `probe` puts a service through: early questions, load, nonsense, a swapped model."""

import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
from omegaconf import DictConfig
from prometheus_client.parser import text_string_to_metric_families

from ..errors import UserError
from .runtime import MODEL, SIDECAR, read_sidecar

CLIENTS = 16  # requests under way at once; more than the service ever needs at the rate it is for
NO_IMAGE = ("0.png", b"\x89PNG and no more", "image/png")
NONSENSE: dict[str, dict[str, Any]] = {
    "nothing": {"content": b""},
    "bytes of no kind": {"content": b"\x00 no item", "headers": {"content-type": "text/x"}},
    "half a JSON": {"content": b'{"rows": [', "headers": {"content-type": "application/json"}},
    "JSON of another form": {"json": {"no such field": 1}},
    "JSON of a wrong type": {"json": {"rows": "not a list"}},
    "a row of unknown columns": {"json": {"rows": [{"no such column": 1}]}},
    "a form without items": {"files": {"no such field": NO_IMAGE}},
    "a damaged file": {"files": {"file": NO_IMAGE}},
}


def ask_states(client: httpx.Client) -> dict[str, int | None]:
    """Status of /live and /ready; None where nobody answers within a fifth of a second."""
    states: dict[str, int | None] = {}
    for path in ("/live", "/ready"):
        try:
            states[path] = client.get(path, timeout=0.2).status_code
        except httpx.TransportError:
            states[path] = None
    return states


def send_nonsense(client: httpx.Client, max_bytes: int) -> dict[str, dict[str, Any]]:
    """Sends invalid bodies; kind -> `status`, and the `message` that a client gets."""
    answers = {kind: client.post("/predict", **request) for kind, request in NONSENSE.items()}
    answers["too much"] = client.post("/predict", content=bytes(max_bytes + 1))
    return {
        kind: {"status": answer.status_code, "message": read_message(answer)}
        for kind, answer in answers.items()
    }


def read_message(response: httpx.Response) -> str:
    """The sentence of a refusal; empty if it has none, or only blanks."""
    try:
        return str(response.json()["detail"]).strip()[:200]
    except (ValueError, KeyError, TypeError):
        return ""


def send_load(
    client: httpx.Client, requests: Sequence[dict[str, Any]], settings: DictConfig
) -> dict[str, Any]:
    """Sends requests at a steady rate, whether or not earlier ones are answered.

    Latency counts from when a request was due, so that a stalled service cannot hide behind
    requests that were not sent (Tene 2013, How NOT to Measure Latency).
    """
    count = round(settings.requests_per_second * settings.load_seconds)
    start = time.perf_counter()

    def send_at(number: int, request: dict[str, Any]) -> tuple[bool, float, float]:
        due = start + number / settings.requests_per_second
        time.sleep(max(0.0, due - time.perf_counter()))
        try:
            good = client.post("/predict", **request).is_success
        except httpx.TransportError:
            good = False
        end = time.perf_counter()
        return good, end - due, end

    with ThreadPoolExecutor(CLIENTS) as pool:
        chosen = list(islice(cycle(requests), count))
        answers = list(pool.map(send_at, range(count), chosen))
    good = [seconds for answered, seconds, _ in answers if answered]
    took = max([end for *_, end in answers], default=start) - start
    return {
        "offered_per_second": settings.requests_per_second,
        "answered": len(good),
        "errors": count - len(good),
        # The last request is due one interval before the end of the time.
        "answered_per_second": round(len(good) / (took + 1 / settings.requests_per_second), 1),
        "p95_ms": round(float(np.quantile(good, 0.95)) * 1000, 2) if good else None,
    }


def read_metrics(text: str) -> dict[str, dict[str, Any]]:
    """Scraped name -> `type`, and the `count` of good requests or of predictions behind it."""
    found = {}
    endings = {"counter": "_total", "histogram": "_count"}
    for family in text_string_to_metric_families(text):
        if family.type not in endings:
            continue
        counts = [
            sample.value
            for sample in family.samples
            if sample.name == family.name + endings[family.type]
            and sample.labels.get("path", "/predict") == "/predict"
            and sample.labels.get("status", "200") == "200"
        ]
        found[family.name] = {"type": family.type, "count": sum(counts)}
    return found


def swap_model(models_dir: str | Path) -> str:
    """What loading a model says that is not the one its sidecar describes; empty if it loads."""
    with TemporaryDirectory() as folder:
        shutil.copy(Path(models_dir) / SIDECAR, folder)
        Path(folder, MODEL).write_bytes((Path(models_dir) / MODEL).read_bytes() + b"\0")
        try:
            read_sidecar(Path(folder))
        except UserError as error:
            return str(error).replace(f"{folder}/", "")
    return ""
