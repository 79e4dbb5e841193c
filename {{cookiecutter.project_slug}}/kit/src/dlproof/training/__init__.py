"""Phase 4, training: runs, records, resuming, the finders, the search and the diagnosis."""

from typing import Any

from ..public import find_public

# Public name -> the module here that has it; imported when it is first asked for.
PUBLIC = {
    "build_optimizer": "module",
    "build_schedule": "module",
    "build_trainer": "trainer",
    "count_steps": "limits",
    "MeanLoss": "module",
    "open_run": "run",
    "refuse_less_than_one": "checkpoints",
    "SafeModule": "module",
    "ShardedClipping": "module",
}


def __getattr__(name: str) -> Any:
    """A public name (PEP 562)."""
    return find_public(__name__, PUBLIC, name)
