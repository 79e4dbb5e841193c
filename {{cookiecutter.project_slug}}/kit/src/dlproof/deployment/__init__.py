"""Phase 6, deployment: ONNX, runtime, service, probe and offline prediction."""

from typing import Any

from ..public import find_public

# Public name -> the module here that has it; imported when it is first asked for.
PUBLIC = {
    "build_reference": "reference",
    "listen": "serve",
    "load_reference": "reference",
    "MeasureRequests": "metrics",
    "Metrics": "metrics",
    "MODEL": "runtime",
    "Model": "runtime",
    "note_disconnect": "service",
    "open_validation": "runtime",
    "REFERENCE": "runtime",
    "serve_forever": "serve",
    "Service": "service",
    "SIDECAR": "runtime",
}


def __getattr__(name: str) -> Any:
    """A public name (PEP 562)."""
    return find_public(__name__, PUBLIC, name)
