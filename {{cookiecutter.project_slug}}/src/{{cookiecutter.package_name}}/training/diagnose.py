"""Says from a run's log what went wrong and what to try. Run: `diagnose`, `diagnose.run=<id>`."""

from omegaconf import DictConfig

from ..report import Report
from .decision_tree import find_diseases
from .runs import read_run


def run(cfg: DictConfig) -> Report:
    """Asks every question of one run, the latest by default.

    Raises:
        UserError: There is no such run, or it logged no epoch.
    """
    diagnosed = read_run(cfg)
    found = find_diseases(diagnosed)
    for branch, figures in found:
        print(f"{branch.disease}: {figures}\n  try: {branch.remedy}")
    told = ", ".join(branch.disease for branch, _ in found) or "nothing wrong"
    return Report(
        stage="diagnose",
        figures={
            "run": diagnosed.name,
            "diseases": [
                {"disease": branch.disease, "figures": figures, "try": branch.remedy}
                for branch, figures in found
            ],
        },
        summary=f"{diagnosed.name}: {told}",
    )
