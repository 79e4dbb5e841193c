"""What is missing or wrong in project.yaml, a line for each place."""

from collections.abc import Iterator

from .charter import CHARTER, Answers
from .mistakes import SIGNED


def review(answers: Answers) -> list[str]:
    """`project.yaml:12 success.minimum is to do: …`, in the file's order."""
    found = sorted(list_open(answers), key=lambda pair: pair[0])
    return [f"{CHARTER}:{line} {told}" for line, told in found]


def list_open(answers: Answers) -> Iterator[tuple[int, str]]:
    """Line and words of everything that is not done; a signature that nobody gave is one thing."""
    unsigned: dict[str, list[str]] = {}
    for place, mistake in answers.mistakes.items():
        section, _, name = place.rpartition(".")
        if mistake.state == "todo" and section.endswith(f".{SIGNED}"):
            unsigned.setdefault(section, []).append(name)
        else:
            yield answers.find_line(place), f"{place} {mistake.reason}"
    for place, names in unsigned.items():
        yield answers.find_line(place), f"{place} is to do: {', '.join(names)}"
