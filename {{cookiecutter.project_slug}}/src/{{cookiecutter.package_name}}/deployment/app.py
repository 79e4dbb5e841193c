"""The HTTP service: its routes over one exported model. Run: `serve`."""

from dlproof import Report
from dlproof.deployment import MeasureRequests, Service, listen, note_disconnect, serve_forever
from fastapi import FastAPI, Response
from omegaconf import DictConfig
from starlette.requests import ClientDisconnect

from ..project import PROJECT

# Paths whose requests are measured.
PATHS = frozenset({"/predict", "/live", "/ready", "/version", "/metrics"})


def create_app(service: Service) -> FastAPI:
    """The FastAPI application; its OpenAPI has the data type's description of the body."""
    app = FastAPI(title="Predictions", version=service.model.version)
    body = service.model.data_type.describe_request(service.model.info["state"]["data"])
    app.add_api_route(
        "/predict",
        service.predict,
        methods=["POST"],
        openapi_extra={"requestBody": body},
        responses={
            413: {"description": "The body is too large."},
            422: {"description": "The body does not match the description."},
        },
    )
    app.add_api_route("/live", service.live)
    app.add_api_route("/ready", service.is_ready, responses={503: {"description": "Draining."}})
    app.add_api_route("/version", service.version)
    app.add_api_route("/metrics", service.scrape, response_class=Response)
    app.add_exception_handler(ClientDisconnect, note_disconnect)
    app.add_middleware(MeasureRequests, metrics=service.metrics, paths=PATHS)
    return app


def run(cfg: DictConfig) -> Report:
    """Serves until SIGTERM or Ctrl-C and ends the process; writes no report."""
    listener = listen(cfg.serve.host, cfg.serve.port)
    serve_forever(PROJECT, cfg.paths.models_dir, cfg.paths.data_dir, cfg.serve, listener)
    raise SystemExit(0)
