"""`serve`: answers predictions over HTTP until it is stopped."""

import math
import os
import socket
import time
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from omegaconf import DictConfig

from ..errors import UserError
from ..monitoring.log import LIVE, PredictionLog, log_path
from .metrics import Metrics
from .reference import load_reference
from .runtime import Model
from .service import Service

if TYPE_CHECKING:
    from ..project import Project


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        UserError: The port is taken, or the host is not one of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise UserError(f"{host}:{port}: {reason}; choose another with serve.port=…") from error
    # Accepted connections inherit it; asyncio does not set it on a socket that it did not make,
    # and without it every answer waits 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def serve_forever(
    project: "Project",
    models_dir: str | Path,
    data_dir: str | Path,
    settings: DictConfig,
    listener: socket.socket,
    source: str = LIVE,
) -> None:
    """Loads and warms the model, then answers on a listening socket until a signal.

    Args:
        project: Whose app it is.
        models_dir: Where the export is.
        data_dir: Where the prediction log is.
        settings: The config's `serve`.
        listener: Bound and listening; closed at the end.
        source: What the prediction log files these predictions under.
    """
    model = Model(models_dir)
    model.warm()
    answers = load_reference(models_dir)["watched"]["prediction"]
    metrics = Metrics(model.version, answers.get("edges", ()))
    with closing(PredictionLog(log_path(data_dir))) as log:
        service = Service(model, log, metrics, int(settings.max_mb * 1e6), source)
        config = uvicorn.Config(
            project.create_app(service),
            log_level="warning",
            timeout_graceful_shutdown=max(1, math.ceil(settings.drain_seconds)),
        )
        host, port = listener.getsockname()[:2]
        print(
            f"serve: {model.version} on http://{host}:{port} (see /docs); Ctrl-C stops it",
            flush=True,
        )
        DrainingServer(config, service, settings.notice_seconds).run(sockets=[listener])
    print("serve: drained and stopped", flush=True)


class DrainingServer(uvicorn.Server):
    """Stops in three steps: /ready fails, the listener closes, running requests finish.

    uvicorn alone closes the listener at once, so that requests still sent by a load balancer
    that has not noticed yet are refused.

    Args:
        config: Of uvicorn; `timeout_graceful_shutdown` is the time running requests get.
        service: Its `ready` goes false at the first signal.
        notice_seconds: How long new requests are still answered after that.
    """

    def __init__(self, config: uvicorn.Config, service: Service, notice_seconds: float) -> None:
        super().__init__(config)
        self.service, self.notice_seconds = service, notice_seconds
        self.stop_at = math.inf

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """First signal: drain. Second: stop now. uvicorn would raise it again at the end."""
        if not self.service.ready:
            self.should_exit = self.force_exit = True
            return
        self.service.ready = False
        self.stop_at = time.monotonic() + self.notice_seconds

    async def on_tick(self, counter: int) -> bool:
        """Called every tenth of a second; true ends the serving."""
        return await super().on_tick(counter) or time.monotonic() >= self.stop_at
