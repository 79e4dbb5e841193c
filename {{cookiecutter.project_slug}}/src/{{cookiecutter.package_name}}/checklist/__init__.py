"""The living checklist: every bullet with the file where it lives and the check that proves it."""
