"""Phase 7, monitoring: the prediction log, drift, and what a window shows."""

from typing import Any

from ..public import find_public

# Public name -> the module here that has it; imported when it is first asked for.
PUBLIC = {
    "describe_distribution": "drift",
    "Distribution": "drift",
    "measure_drift": "drift",
    "PredictionLog": "log",
}


def __getattr__(name: str) -> Any:
    """A public name (PEP 562)."""
    return find_public(__name__, PUBLIC, name)
