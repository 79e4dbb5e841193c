"""`charter`: says what is missing or wrong in project.yaml, line by line, and exits 1 for it."""

import argparse
import sys
from typing import TYPE_CHECKING

from ..charter.charter import CHARTER
from ..charter.review import review
from ..errors import UserError
from .bullets import load_checklist
from .evidence import Evidence
from .waivers import list_refused

if TYPE_CHECKING:
    from ..project import Project


def run(arguments: list[str], project: "Project") -> None:
    """Prints a line for each answer that is not done, and for each waiver that has no effect.

    Raises:
        UserError: There is at least one.
    """
    argparse.ArgumentParser(prog="charter", description=__doc__).parse_args(arguments)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # charters are in any language, terminals not
    evidence = Evidence(project)
    answers = evidence.charter
    lines = [*review(answers), *list_refused(load_checklist(), evidence)]
    print("\n".join(lines) or f"{CHARTER}: all {len(answers.all())} answers are given and valid.")
    if lines:
        raise UserError(f"{len(lines)} answers of {CHARTER} are missing, wrong or out of date.")
