"""What a project is built on: stages, checks and machinery from raw data to a monitored service."""

from typing import Any

from .public import find_public

# Public name -> the module here that has it; imported when it is first asked for.
PUBLIC = {
    "Arrays": "types",
    "atomic": "files",
    "Augmentation": "types",
    "build": "config",
    "Config": "schema.config",
    "DataType": "types",
    "Evidence": "checklist.evidence",
    "find_class": "config",
    "Finding": "checklist.verdict",
    "hash_if_readable": "files",
    "KEYS": "types",
    "NotApplicableError": "checklist.evidence",
    "NotYetError": "checklist.evidence",
    "over": "parallel",
    "Positive": "schema.strict",
    "Project": "project",
    "read_table": "files",
    "Report": "report",
    "Share": "schema.strict",
    "Stage": "stages",
    "State": "types",
    "Strict": "schema.strict",
    "Task": "task",
    "to_plain": "config",
    "TRAINING": "stages",
    "UserError": "errors",
    "write_json": "files",
    "write_table": "files",
}


def __getattr__(name: str) -> Any:
    """A public name (PEP 562)."""
    return find_public(__name__, PUBLIC, name)
