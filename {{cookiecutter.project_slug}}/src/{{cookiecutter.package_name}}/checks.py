"""This project's own checks: a function `(Evidence) -> Finding` for each bullet `OWN-…`.

docs/recipes.md, "A check", shows one; checklist.yaml names it as `check: checks.<function>`.
"""
