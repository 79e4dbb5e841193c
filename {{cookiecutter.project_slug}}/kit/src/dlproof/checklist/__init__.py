"""The living checklist: where each bullet lives, and what proves it."""
