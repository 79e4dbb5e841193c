"""The charter's costs of wrong answers, as a matrix in the order of a model's classes."""

from pathlib import Path

import numpy as np

from ..errors import UserError
from .charter import CHARTER, Answers, read_charter, select

COSTS, CLASSES = "success.costs", "problem.classes"


def read_costs(classes: list[str]) -> np.ndarray | None:
    """(classes, classes), a row a true class and a column an answer; None where it is to do.

    The charter has them in the order of its own list of classes.

    Raises:
        UserError: They do not suit the classes, or the charter does not say which row is whose.
    """
    if not Path(CHARTER).exists():
        return None
    answers = Answers(*read_charter())
    (_, costs), (_, named) = select(answers.content, COSTS), select(answers.content, CLASSES)
    told = answers.find_worst(COSTS)  # whether they are signed is not asked here
    if not costs or (told and told[1].state == "todo"):
        return None
    if told:
        place, mistake = told
        raise UserError(f"{CHARTER}:{answers.find_line(place)} {place} {mistake.reason}.")
    order = [str(name) for name in named] if isinstance(named, list) else []
    if sorted(order) != sorted(classes):
        raise UserError(
            f"{CHARTER}:{answers.find_line(CLASSES)} {CLASSES} must list the {len(classes)} "
            f"classes of the data, in the order of the rows of {COSTS}."
        )
    if any(len(row) != len(classes) for row in [costs, *costs]):
        raise UserError(
            f"{CHARTER}:{answers.find_line(COSTS)} {COSTS} must have {len(classes)} rows of "
            f"{len(classes)} numbers, as there are classes: it has {len(costs)} rows."
        )
    places = [order.index(name) for name in classes]
    return np.array(costs, np.float64)[np.ix_(places, places)]
