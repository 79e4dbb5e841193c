"""Says from a run's log what went wrong and what to try. Run: `diagnose`, `diagnose.run=<id>`."""

from typing import TYPE_CHECKING

from omegaconf import DictConfig

from ..report import Report
from .decision_tree import find_diseases
from .runs import read_run

if TYPE_CHECKING:
    from ..project import Project


def run(cfg: DictConfig, project: "Project") -> Report:
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
