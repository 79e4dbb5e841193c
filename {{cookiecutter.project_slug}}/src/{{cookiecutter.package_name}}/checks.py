"""Checks of this project's own: a function `(Evidence) -> Finding` for each bullet `OWN-…`.

docs/recipes.md, "A check", has one; checklist.yaml names it as `check: checks.<function>`.
"""
