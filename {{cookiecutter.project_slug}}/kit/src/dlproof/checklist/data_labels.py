"""Checks of phase 2 on the labels: what a model and a person think of them."""

from .evidence import Evidence, NotApplicableError
from .tables import are_classes
from .verdict import Finding

LEAST_RECALL = 0.5  # of labels made wrong on trial; a detector that misses more proves nothing


def labels_are_checked(project: Evidence) -> Finding:
    """Wrong labels would be found in this data, and a person has signed the sheet of random ones.

    Where items can be seen, all that are asked for must be checked; elsewhere a person may say
    why nobody can tell.
    """
    report = project.report("labels")
    figures = report.figures
    found = f"{figures['planted_recall']:.0%} of {figures['planted']} labels made wrong on purpose"
    if figures["planted_recall"] < LEAST_RECALL:
        if not are_classes(project):
            reason = f"finds {found}, R2 {figures['agreement']:.2f}"
            raise NotApplicableError(f"a wrong number is lost in the noise: a model {reason}")
        return Finding(False, f"finds only {found}")
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
