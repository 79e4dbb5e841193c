"""Faults that must turn a bullet of the checklist red, by phase; `harness` applies them."""
