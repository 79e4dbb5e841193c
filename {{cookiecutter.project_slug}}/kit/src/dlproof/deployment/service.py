"""The HTTP service: /predict, /live, /ready, /version and /metrics over one exported model."""

import logging
import uuid
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool

from ..errors import UserError
from ..monitoring.log import LIVE, Entry, PredictionLog
from ..types import Arrays
from .metrics import Metrics
from .runtime import Model, note_unknown

logger = logging.getLogger(__name__)


class Service:
    """A loaded model, and what becomes of each prediction: answered, counted, logged.

    Attributes:
        ready: Whether new requests should come here; false from the signal to stop onwards.

    Args:
        model: Loaded and warm.
        log: Where predictions are kept.
        metrics: What Prometheus scrapes.
        max_bytes: Larger bodies are refused.
        source: What the log files the predictions under.
    """

    def __init__(
        self,
        model: Model,
        log: PredictionLog,
        metrics: Metrics,
        max_bytes: int,
        source: str = LIVE,
    ) -> None:
        self.model, self.log, self.metrics = model, log, metrics
        self.max_bytes, self.source = max_bytes, source
        self.ready = True

    async def predict(self, request: Request) -> JSONResponse:
        """One prediction, with an id, for each item; `version` says which model answers."""
        try:
            items = await self.receive(await read_limited(request, self.max_bytes))
            predictions = await run_in_threadpool(self.answer, *items)
        except UserError as error:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
        return JSONResponse({"version": self.model.version, "predictions": predictions})

    async def receive(self, request: Request) -> tuple[Arrays, list[list[str]]]:
        """Encoded items of a body of acceptable size, and each one's inputs of unknown value.

        Raises:
            UserError: Whatever is wrong with the body, also what its reader did not foresee.
        """
        try:
            raw = await self.model.data_type.receive(request, self.model.info["state"]["data"])
            if not len(raw):
                raise UserError("the body holds no items: send at least one.")
            return await run_in_threadpool(self.read, raw)
        except UserError:
            raise
        except Exception as error:
            # Bytes from outside must never look like a fault of the service; the log tells.
            logger.exception("a body was refused because of an unexpected error")
            raise UserError("the body cannot be read: see /docs for its form.") from error

    def read(self, raw: Any) -> tuple[Arrays, list[list[str]]]:
        """Raw items as arrays, and the names of each one's inputs that training had not met."""
        return self.model.encode(raw), [list(found) for found in self.model.find_unknown(raw)]

    def answer(self, arrays: Arrays, unknown: list[list[str]]) -> list[dict[str, Any]]:
        """Predicts encoded items; each prediction gets an id and is logged and counted."""
        described = note_unknown(self.model.describe_predictions(self.model.run(arrays)), unknown)
        ids = [uuid.uuid4().hex for _ in described]
        self.keep(ids, described, arrays)
        self.metrics.count(described)
        return [{"id": name, **item} for name, item in zip(ids, described, strict=True)]

    def keep(self, ids: Sequence[str], described: list[dict[str, Any]], arrays: Arrays) -> None:
        """Logs predictions; a log that fails is counted, and does not fail the answer."""
        summary = self.model.summarise(arrays)
        inputs = [
            # NaN, which differs from itself, is not JSON.
            {
                key: value if value == value else None
                for key, value in zip(summary, row, strict=True)
            }
            for row in zip(*(values.tolist() for values in summary.values()), strict=True)
        ]
        entries = [Entry(*entry) for entry in zip(ids, described, inputs, strict=True)]
        try:
            self.log.add(entries, self.model.version, self.source)
        except Exception:
            logger.exception("%d predictions were answered but not logged", len(entries))
            self.metrics.log_failures.inc(len(entries))

    async def live(self) -> dict[str, bool]:
        """The process answers: restart it when this fails."""
        return {"live": True}

    async def is_ready(self) -> JSONResponse:
        """The model is loaded and the service is not draining: send requests here."""
        status = HTTPStatus.OK if self.ready else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse({"ready": self.ready}, status)

    async def version(self) -> dict[str, Any]:
        """Which model answers, from which data and code."""
        names = ("version", "data_version", "model_sha256", "commit", "dirty", "created")
        return {name: self.model.info[name] for name in names}

    async def scrape(self) -> Response:
        """Metrics for Prometheus."""
        return Response(generate_latest(self.metrics.registry), media_type=CONTENT_TYPE_LATEST)


async def read_limited(request: Request, max_bytes: int) -> Request:
    """The same request with its whole body in memory.

    Raises:
        HTTPException: Status 413 as soon as the body is known to be too large.
    """
    announced = request.headers.get("content-length", "")
    size = int(announced) if announced.isdecimal() else 0
    body, stream = bytearray(), request.stream()
    while size <= max_bytes and (chunk := await anext(stream, None)) is not None:
        body += chunk
        size = max(size, len(body))
    if size > max_bytes:
        limit = f"the body is over {max_bytes / 1e6:g} MB (serve.max_mb): send fewer items."
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, limit)

    async def replay() -> dict[str, Any]:
        """The whole body as one message."""
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return Request(request.scope, replay)


async def note_disconnect(request: Request, error: Exception) -> Response:
    """Nobody reads this answer: the client went away in the middle of its body."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)
