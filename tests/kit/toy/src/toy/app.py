"""`serve`: the routes."""

from dlproof.deployment import MeasureRequests, listen, note_disconnect, serve_forever
from fastapi import FastAPI, Response
from starlette.requests import ClientDisconnect

from .project import PROJECT

PATHS = frozenset({"/predict", "/live", "/ready", "/version", "/metrics"})


def create_app(service):
    """The application."""
    app = FastAPI(version=service.model.version)
    body = service.model.data_type.describe_request(service.model.info["state"]["data"])
    extra = {"openapi_extra": {"requestBody": body}}
    app.add_api_route("/predict", service.predict, methods=["POST"], **extra)
    app.add_api_route("/live", service.live)
    app.add_api_route("/ready", service.is_ready)
    app.add_api_route("/version", service.version)
    app.add_api_route("/metrics", service.scrape, response_class=Response)
    app.add_exception_handler(ClientDisconnect, note_disconnect)
    app.add_middleware(MeasureRequests, metrics=service.metrics, paths=PATHS)
    return app


def run(cfg):
    """Serves until a signal."""
    listener = listen(cfg.serve.host, cfg.serve.port)
    serve_forever(PROJECT, cfg.paths.models_dir, cfg.paths.data_dir, cfg.serve, listener)
    raise SystemExit(0)
