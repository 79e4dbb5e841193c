"""Checks of phase 2 on the labels: what a model and a person think of them."""

from math import comb

from .evidence import Evidence, NotApplicableError
from .tables import are_classes
from .verdict import Finding

LEAST_RECALL = 0.5  # of labels made wrong on trial; a detector that misses more proves nothing
CHANCE = 0.05  # of finding so few, where half of all would be found: less is no chance


def measure_chance(hits: int, planted: int) -> float:
    """Probability of so few hits, or fewer, where each is found with the least recall."""
    return sum(
        comb(planted, count) * LEAST_RECALL**count * (1 - LEAST_RECALL) ** (planted - count)
        for count in range(hits + 1)
    )


def labels_are_checked(project: Evidence) -> Finding:
    """Wrong labels would be found in this data, and a person has signed the sheet of random ones.

    Where items can be seen, all that are asked for must be checked; elsewhere a person may say
    why nobody can tell. Of items so few that the trial says nothing, the person's word decides.
    """
    report = project.report("labels")
    figures = report.figures
    found = f"{figures['planted_recall']:.0%} of {figures['planted']} labels made wrong on purpose"
    if figures["planted_recall"] < LEAST_RECALL:
        if not are_classes(project):
            reason = f"finds {found}, R2 {figures['agreement']:.2f}"
            raise NotApplicableError(f"a wrong number is lost in the noise: a model {reason}")
        hits = round(figures["planted_recall"] * figures["planted"])
        if measure_chance(hits, figures["planted"]) < CHANCE:
            return Finding(False, f"finds only {found}")
        found += ", too few to judge by"
    signed = project.answer("data.label_check")
    told = f"{figures['suspects']['count']} suspects; finds {found}"
    if signed["sheet"] != figures["sheet"]:
        return Finding(
            False, f"{told}; the signed sheet is {signed['sheet']}, not {figures['sheet']}"
        )
    picture = next((name for name in report.pictures if name.endswith(".png")), "")
    if not signed["checked"] and not picture:
        return Finding(True, f"{told}; none checked: {signed['how']}", proof="attested")
    wanted = min(project.cfg.labels.spot_check, figures["items"])
    told += f"; {signed['wrong']} of {signed['checked']} random ones wrong"
    holds = signed["checked"] >= max(wanted, signed["wrong"])
    return Finding(holds, f"{told} ({wanted} asked for)", picture, proof="attested")
