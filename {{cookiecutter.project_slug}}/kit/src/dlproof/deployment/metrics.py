"""What Prometheus scrapes from the service: requests, latency, predictions, confidence."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..monitoring.log import answer_of

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
CONFIDENCE = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)


class Metrics:
    """Counters and histograms of one service.

    Args:
        version: Of the model.
        edges: Bounds of the histogram of predicted numbers; empty for classes.
    """

    def __init__(self, version: str, edges: Sequence[float] = ()) -> None:
        self.registry = CollectorRegistry()
        kept: dict[str, Any] = {"registry": self.registry}
        ProcessCollector(**kept)
        Info("model", "The model that answers.", **kept).info({"version": version})
        by_status, by_path = ["path", "status"], ["path"]
        self.requests = Counter("requests", "By status: from 400 errors.", by_status, **kept)
        self.latency = Histogram("request_seconds", "Latency.", by_path, buckets=SECONDS, **kept)
        self.log_failures = Counter("prediction_log_failures", "Answered but not logged.", **kept)
        self.unknown = Counter(
            "unknown_values", "Inputs with values that training had not seen.", ["input"], **kept
        )
        self.classes = Counter("predictions", "Predicted classes.", ["prediction"], **kept)
        self.confidence = Histogram(
            "prediction_confidence", "Probability of the answer.", buckets=CONFIDENCE, **kept
        )
        self.values = Histogram(
            "prediction_value", "Predicted numbers.", buckets=edges or (0.0,), **kept
        )

    def count(self, predictions: Iterable[dict[str, Any]]) -> None:
        """Counts answered predictions."""
        for described in predictions:
            answer, confidence = answer_of(described)
            for name in described.get("unknown", ()):
                self.unknown.labels(name).inc()
            if isinstance(answer, str):
                self.classes.labels(answer).inc()
            else:
                self.values.observe(answer)
            if confidence is not None:
                self.confidence.observe(confidence)


class MeasureRequests:
    """Times every request and counts it by status; paths that do not exist count as one."""

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: frozenset[str]) -> None:
        self.app, self.metrics, self.paths = app, metrics, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on and watches its answer."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        path = scope["path"] if scope["path"] in self.paths else "other"
        status = 500  # what the server makes of an exception
        started = time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            self.metrics.requests.labels(path, status).inc()
            self.metrics.latency.labels(path).observe(time.perf_counter() - started)
