"""`charter`: says what is missing or wrong in project.yaml, line by line, and exits 1 for it."""

import argparse
import sys
from typing import TYPE_CHECKING

from ..errors import UserError
from .charter import PLACEHOLDER, Answer, Answers, read_charter

if TYPE_CHECKING:
    from ..project import Project

CHARTER = "project.yaml"


def run(arguments: list[str], project: "Project") -> None:
    """Prints a line for each answer that is not done.

    Raises:
        UserError: At least one is not.
    """
    parser = argparse.ArgumentParser(prog="charter", description=__doc__)
    parser.parse_args(arguments)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # charters are in any language, terminals not
    answers = Answers(*read_charter(CHARTER))
    lines = review(answers)
    print("\n".join(lines) or f"{CHARTER}: all {len(answers.all())} answers are there and hold.")
    if lines:
        raise UserError(f"{len(lines)} answers of {CHARTER} are missing, wrong or out of date.")


def review(answers: Answers) -> list[str]:
    """`project.yaml:12 success.minimum is to do: …`, in the file's order.

    What the schema refuses beside the answers (an unknown key, an empty list) is told too.
    """
    open_answers = [answer for answer in answers.all() if answer.state != "done"]
    told = {answer.key for answer in open_answers}
    found = [(find_nearest_line(a.key, a, answers), f"{a.key} {say(a)}") for a in open_answers]
    for place, reason in answers.mistakes.items():
        if place.endswith(".signed") or ".signed." in place:
            continue  # told with every answer of the section
        if not any(place == key or place.startswith(f"{key}.") for key in told):
            found.append((find_nearest_line(place, None, answers), f"{place}: {reason}"))
    return [f"{CHARTER}:{line} {text}" for line, text in sorted(found, key=lambda pair: pair[0])]


def say(answer: Answer) -> str:
    """What is the matter with an answer, and the hint that its placeholder gives."""
    if answer.state == "wrong":
        return f"is wrong: {answer.reason}"
    if answer.reason == "is to do" and isinstance(answer.value, str):
        hint = answer.value.strip().removeprefix(PLACEHOLDER).strip()
        return f"is to do: {hint}" if hint else answer.reason
    return answer.reason


def find_nearest_line(key: str, answer: Answer | None, answers: Answers) -> int:
    """The answer's line, or that of what it should stand in; 1 where nothing of it is there."""
    if answer and answer.line:
        return answer.line
    parts = key.split(".")
    places = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((answers.lines[place] for place in places if place in answers.lines), 1)
