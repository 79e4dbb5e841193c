"""Phase 3, the model: checkpoints, pretrained weights, sizes and families."""

from typing import Any

from ..public import find_public

# Public name -> the module here that has it; imported when it is first asked for.
PUBLIC = {
    "find_published": "weights",
    "find_weights": "weights",
    "load_network": "checkpoint",
    "materialise": "lazy",
    "probe_backbone": "linear_probe",
}


def __getattr__(name: str) -> Any:
    """A public name (PEP 562)."""
    return find_public(__name__, PUBLIC, name)
